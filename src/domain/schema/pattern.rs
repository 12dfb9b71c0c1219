//! Regular expressions: which engine runs them, and what they may cost.
//!
//! The engine is linear in the text: `^(a+)+$` is harmless. What it spends on a byte depends on the compiled size when
//! the lazy automaton overflows its cache; measured, the worst patterns take a third of a nanosecond a byte for each
//! KiB of it, and ordinary ones two nanoseconds a byte.

use jsonschema::{PatternOptions, Regex};
use serde_json::json;

/// Bytes of the text of one pattern.
const MAX_BYTES: usize = 1024;

/// Compiled sizes that are told apart, in KiB. The largest admits `^.{1,255}$`, which is big because `.` means any
/// Unicode character.
const SIZES: [usize; 3] = [8, 64, 512];

/// What one pattern costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Worst case for a byte of text, in nanoseconds.
    pub(super) per_byte: u64,
    /// The most memory that the compiled pattern takes, in KiB.
    pub(super) size: usize,
}

/// The linear engine, for patterns that [`cost`] has let through.
pub(super) fn engine() -> PatternOptions<Regex> {
    sized(SIZES[SIZES.len() - 1])
}

fn sized(kib: usize) -> PatternOptions<Regex> {
    PatternOptions::regex().size_limit(kib * 1024).dfa_size_limit(256 * 1024)
}

/// Compiles a pattern to see what it costs; the error says why it is refused.
pub(super) fn cost(pattern: &str) -> Result<Cost, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes."));
    }
    let schema = json!({ "pattern": pattern });
    let fits = |kib: usize| jsonschema::options().offline().with_pattern_options(sized(kib)).build(&schema).is_ok();
    match SIZES.into_iter().find(|kib| fits(*kib)) {
        Some(size) => Ok(Cost { per_byte: 2 + size as u64 / 3, size }),
        None => Err("is not a regular expression that can be run in linear time: it has a syntax error, uses \
                     look-around or back-references, or repeats too much."
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_follow_the_compiled_size() {
        assert_eq!(cost("^(a+)+$"), Ok(Cost { per_byte: 4, size: 8 }));
        assert_eq!(cost(r"^\p{L}+$"), Ok(Cost { per_byte: 23, size: 64 }));
        assert_eq!(cost("^.{1,255}$"), Ok(Cost { per_byte: 172, size: 512 }));
    }

    #[test]
    fn what_is_not_linear_or_too_large_is_refused() {
        for pattern in ["(?=a)b", r"(a)\1", "(", "(((a{1000}){1000}){1000})", r"\p{L}{1000}"] {
            assert!(cost(pattern).is_err(), "{pattern}");
        }
        assert_eq!(cost(&"a".repeat(1025)), Err("is longer than 1024 bytes.".to_owned()));
    }
}

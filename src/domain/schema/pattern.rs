//! Regular expressions: which engine runs them, and what they may cost.
//!
//! The engine takes time linear in the text, so `^(a+)+$` is harmless; but what it takes for one byte depends on the
//! pattern. It makes a deterministic automaton as it goes, two nanoseconds a byte, and when that grows too large it
//! falls back to following all states at once: `[ab]*a[ab]{4500}c` takes 0.14 ms for each byte of a random text, 37
//! seconds for one parameter. So the automaton is made here, in advance, and in both directions, because the engine
//! begins at the end when only that is anchored: a pattern for which this works can be run on any text, the others are
//! charged for all of their states.

use std::collections::HashMap;

use jsonschema::{FancyRegex, PatternOptions, Regex};
use jsonschema_regex::to_rust_regex;
use regex_automata::{
    dfa::{StartKind, dense},
    nfa::thompson::{Compiler, Config, NFA, WhichCaptures},
};

use super::Semantics;

/// Bytes of the text of one pattern.
const MAX_BYTES: usize = 1024;

/// Bytes of a compiled pattern. Admits `^.{1,255}$`, which is large because `.` is any Unicode character.
const MAX_SIZE: usize = 512 * 1024;

/// Bytes of a deterministic automaton, well within what the engine's cache holds.
const MAX_AUTOMATON: usize = 256 * 1024;

/// Bytes of the engine's cache of that automaton, for each pattern.
const CACHE: usize = 2 * 1024 * 1024;

/// Different patterns of one schema; how many of them may be costly, because each of these fills its cache; and their
/// states together. A schema at the limits takes some 200 ms to look at.
const MAX_PATTERNS: usize = 64;
const MAX_HEAVY: usize = 8;
const MAX_STATES: usize = 12_000;

/// Nanoseconds for a byte that make a pattern costly.
const HEAVY: u64 = 2_000;

/// Nanoseconds for a byte of text: with an automaton, and for each state without one.
const WITH_AUTOMATON: u64 = 4;
const FOR_EACH_STATE: u64 = 40;

/// Steps back that one search of the other engine may take: about half a millisecond.
const STEPS_BACK: usize = 10_000;

/// Nanoseconds for a byte of a pattern that only that engine can run. It may be cut short sooner or later than this says,
/// by a factor of three at most.
const BACKTRACKING: u64 = 10_000;

/// The engine that knows look-around and back-references, for the services of an old API whose patterns have them. It
/// gives what it can to the linear one; beyond [`STEPS_BACK`] a text counts as no match.
pub(super) fn backtracking_engine() -> PatternOptions<FancyRegex> {
    PatternOptions::fancy_regex().backtrack_limit(STEPS_BACK).size_limit(2 * MAX_SIZE).dfa_size_limit(CACHE)
}

/// The engine, for patterns that [`Patterns`] has let through. Its own count differs a little from ours.
pub(super) fn engine() -> PatternOptions<Regex> {
    PatternOptions::regex().size_limit(2 * MAX_SIZE).dfa_size_limit(CACHE)
}

/// The patterns of one schema.
#[derive(Default)]
pub(super) struct Patterns {
    /// Whether patterns that cannot be run in linear time are run all the same.
    backtracks: bool,
    known: HashMap<String, u64>,
    heavy: usize,
    states: usize,
}

impl Patterns {
    /// None seen yet.
    pub(super) fn of(semantics: Semantics) -> Self {
        Self { backtracks: semantics == Semantics::Draft4Legacy, ..Self::default() }
    }

    /// What the pattern takes for a byte of text in the worst case, in nanoseconds; the error says why it is refused.
    /// Once the limits are exceeded nothing more is looked at.
    pub(super) fn per_byte(&mut self, pattern: &str) -> Result<u64, String> {
        if let Some(per_byte) = self.known.get(pattern) {
            return Ok(*per_byte);
        }
        if self.heavy > MAX_HEAVY || self.states > MAX_STATES {
            return Ok(0);
        }
        if self.known.len() == MAX_PATTERNS {
            return Err(format!("is one too many: a schema may have {MAX_PATTERNS} different ones."));
        }
        let cost = match cost(pattern) {
            Err(_) if self.backtracks && pattern.len() <= MAX_BYTES => Cost { per_byte: BACKTRACKING, states: 0 },
            cost => cost?,
        };
        self.heavy += usize::from(cost.per_byte > HEAVY);
        if self.heavy > MAX_HEAVY {
            return Err(format!("is costly to match, and a schema may have {MAX_HEAVY} of that kind. Repeat less."));
        }
        self.states += cost.states;
        if self.states > MAX_STATES {
            return Err(format!("makes all patterns of this schema too large: {MAX_STATES} states are allowed."));
        }
        self.known.insert(pattern.to_owned(), cost.per_byte);
        Ok(cost.per_byte)
    }
}

#[derive(Debug)]
struct Cost {
    per_byte: u64,
    states: usize,
}

fn cost(pattern: &str) -> Result<Cost, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes."));
    }
    let automata = automata(pattern).ok_or_else(|| {
        "is not one that can be run in linear time: it has a syntax error, uses look-around or back-references, or \
         repeats too much."
            .to_owned()
    })?;
    let states = |automaton: &NFA| automaton.states().len();
    let per_byte = if automata.iter().all(is_deterministic) {
        WITH_AUTOMATON
    } else {
        FOR_EACH_STATE * automata.iter().map(states).max().unwrap_or(0) as u64
    };
    Ok(Cost { per_byte, states: automata.iter().map(states).sum() })
}

/// The pattern, translated as the validator does it, for each direction in which it may be run.
fn automata(pattern: &str) -> Option<Vec<NFA>> {
    let translated = to_rust_regex(pattern).ok()?;
    let config = Config::new().nfa_size_limit(Some(MAX_SIZE)).which_captures(WhichCaptures::None);
    let compile = |reverse| Compiler::new().configure(config.clone().reverse(reverse)).build(&translated).ok();
    let forward = compile(false)?;
    if forward.is_always_start_anchored() {
        return Some(vec![forward]);
    }
    Some(vec![forward, compile(true)?])
}

fn is_deterministic(automaton: &NFA) -> bool {
    let config = dense::Config::new()
        .accelerate(false)
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_AUTOMATON))
        .determinize_size_limit(Some(MAX_AUTOMATON));
    dense::Builder::new().configure(config).build_from_nfa(automaton).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_patterns_have_an_automaton() {
        for pattern in [
            "^(a+)+$",
            r"^\p{L}+$",
            "^.{1,255}$",
            "^[a-z0-9_-]{1,64}$",
            r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
            r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
            r"^\s*\S[\s\S]*$",
            r"^[\p{L}\p{N} _-]+$",
        ] {
            let cost = cost(pattern).expect("a pattern");
            assert_eq!(cost.per_byte, WITH_AUTOMATON, "{pattern}: {cost:?}");
        }
    }

    #[test]
    fn patterns_without_one_are_charged_for_their_states() {
        // The second has a small automaton forwards, and an exponential one backwards, which the engine uses for it.
        for pattern in ["[ab]*a[ab]{500}c", "[ab]{500}a[ab]*$"] {
            let cost = cost(pattern).expect("a pattern");
            assert!(cost.per_byte > 40 * 500, "{pattern}: {cost:?}");
        }
        // Boundaries of Unicode words cannot be part of an automaton.
        let word = cost(r"\bword\b").expect("a pattern");
        assert!(WITH_AUTOMATON < word.per_byte && word.per_byte < HEAVY, "{word:?}");
    }

    #[test]
    fn what_is_not_linear_or_too_large_is_refused() {
        for pattern in ["(?=a)b", r"(a)\1", "(", "(((a{1000}){1000}){1000})", r"\p{L}{1000}"] {
            assert!(cost(pattern).is_err(), "{pattern}");
        }
        assert_eq!(cost(&"a".repeat(1025)).err().as_deref(), Some("is longer than 1024 bytes."));
    }
}

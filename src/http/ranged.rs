//! Which part of something a client wants: one range, or all of it, or nothing new (RFC 9110, 13 and 14).

use std::ops::Range;

use axum::http::header::{HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, Method};

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes, of which there is at least one.
    Part(Range<u64>),
    /// 416: the range begins after the end.
    Nothing,
    /// 304: the client has it.
    Known,
}

/// Reads the conditions of a request. `tag` is the entity tag with its quotes. A range that is not understood, or several
/// of them, mean everything, as the standard allows.
pub(super) fn wanted(method: &Method, headers: &HeaderMap, size: u64, tag: &str) -> Wanted {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // Of a list of tags those with `W/` count here, too: whether bytes may be skipped is another question.
    let known = text(IF_NONE_MATCH).is_some_and(|tags| {
        tags.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == "*" || known == tag)
    });
    if known {
        return Wanted::Known;
    }
    let same = text(IF_RANGE).is_none_or(|known| known.trim() == tag);
    match text(RANGE) {
        Some(range) if same && *method == Method::GET => part(range, size),
        _ => Wanted::Whole,
    }
}

fn part(range: &str, size: u64) -> Wanted {
    let Some((unit, range)) = range.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let range = match (position(first), position(last)) {
        (Some(Position::At(first)), Some(Position::At(last))) if first <= last => {
            first..last.saturating_add(1).min(size)
        }
        (Some(Position::At(first)), Some(Position::Open)) => first..size,
        (Some(Position::Open), Some(Position::At(count))) => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

enum Position {
    Open,
    At(u64),
}

fn position(text: &str) -> Option<Position> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Position::Open);
    }
    // Digits only: `+1` is a number to Rust and none to the standard. One that does not fit is beyond every end.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Position::At(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(headers: &[(&'static str, &str)]) -> Wanted {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header value"));
        }
        wanted(&Method::GET, &map, 10, "\"t\"")
    }

    #[test]
    fn one_range_is_given() {
        for (range, part) in [
            ("bytes=0-3", 0..4),
            ("bytes=4-", 4..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("bytes=9-9", 9..10),
            ("bytes=5-99999999999999999999999", 5..10),
            ("Bytes = 0-0", 0..1),
        ] {
            assert_eq!(ask(&[("range", range)]), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn what_is_no_single_range_means_everything() {
        for range in ["bytes=0-1,3-4", "lines=0-1", "bytes=3-1", "bytes=-", "bytes=a-b", "bytes=+1-2", "bytes", ""] {
            assert_eq!(ask(&[("range", range)]), Wanted::Whole, "{range}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_refused() {
        for range in ["bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(ask(&[("range", range)]), Wanted::Nothing, "{range}");
        }
    }

    #[test]
    fn conditions_come_first() {
        assert_eq!(ask(&[("if-none-match", "\"x\", W/\"t\"")]), Wanted::Known);
        assert_eq!(ask(&[("if-none-match", "*"), ("range", "bytes=0-1")]), Wanted::Known);
        assert_eq!(ask(&[("range", "bytes=0-1"), ("if-range", "\"t\"")]), Wanted::Part(0..2));
        assert_eq!(ask(&[("range", "bytes=0-1"), ("if-range", "\"other\"")]), Wanted::Whole);
        assert_eq!(ask(&[("range", "bytes=0-1"), ("if-range", "W/\"t\"")]), Wanted::Whole, "weak is not enough");
    }
}

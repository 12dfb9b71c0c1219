//! Whole numbers of more than 64 bits. The library that reads JSON makes the nearest fraction of one, and the value does
//! not tell any more that it was another number: so it is sought in the text.

/// Digits that any 64 bits can hold.
const SHORT: usize = 18;

/// The member of the outermost object in which the first one stands. The text must be JSON.
pub(super) fn first_in(json: &[u8]) -> Option<String> {
    let (mut depth, mut key, mut text) = (0_usize, &b""[..], None);
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_text(json, at + 1);
                text = Some(&json[at + 1..end]);
                at = end;
            }
            b':' if depth == 1 => key = text.take().unwrap_or_default(),
            b'-' | b'0'..=b'9' => {
                let end =
                    json[at..].iter().position(|byte| !is_of_number(*byte)).map_or(json.len(), |length| at + length);
                if is_long(&json[at..end]) {
                    return Some(String::from_utf8_lossy(key).into_owned());
                }
                at = end;
                continue;
            }
            _ => (),
        }
        at += 1;
    }
    None
}

/// Where the quotation mark stands that ends a text.
fn end_of_text(json: &[u8], mut at: usize) -> usize {
    while at < json.len() && json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    at.min(json.len())
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_long(number: &[u8]) -> bool {
    number.len() > SHORT
        && number.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'))
        && std::str::from_utf8(number).is_ok_and(|text| text.parse::<i64>().is_err() && text.parse::<u64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_count_that_64_bits_cannot_hold() {
        for fine in [
            "{}",
            r#"{"a": 18446744073709551615, "b": [-9223372036854775808, 1e300, 18446744073709551616.0]}"#,
            r#"{"a": "99999999999999999999", "99999999999999999999": 1, "b\"": "\"99999999999999999999"}"#,
        ] {
            assert_eq!(first_in(fine.as_bytes()), None, "{fine}");
        }
        for (long, key) in [
            (r#"{"a": {"x": "y"}, "parameters": {"n": [1, 18446744073709551616]}}"#, "parameters"),
            (r#"{"results":{"a":"}\\"},"b":{"c":-9223372036854775809}}"#, "b"),
            ("[99999999999999999999]", ""),
        ] {
            assert_eq!(first_in(long.as_bytes()).as_deref(), Some(key), "{long}");
        }
    }
}

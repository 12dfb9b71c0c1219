//! Patterns as Python means them, in the words of those that the validator knows.
//!
//! `\w`, `\d` and `\s` are classes of all of Unicode there, and of ASCII where JSON Schema takes patterns from; `\A` and
//! `\Z` are the ends of the text.

/// The same pattern for the validator. Where that makes it too large, the classes may be those of ASCII.
pub(super) fn translated(pattern: &str, unicode: bool) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next();
                match escaped.and_then(|escaped| class(escaped, in_class, unicode)) {
                    Some(class) => text.push_str(class),
                    None => text.extend(std::iter::once(c).chain(escaped)),
                }
                continue;
            }
            '[' if !in_class => {
                in_class = true;
                text.push(c);
                // What stands first in a class is part of it.
                text.extend(chars.next_if_eq(&'^'));
                if chars.next_if_eq(&']').is_some() {
                    text.push_str("\\]");
                }
                continue;
            }
            ']' => in_class = false,
            _ => (),
        }
        text.push(c);
    }
    text
}

/// What stands for an escaped letter.
const fn class(escaped: char, in_class: bool, unicode: bool) -> Option<&'static str> {
    Some(match (escaped, in_class) {
        ('A', false) => "^",
        ('Z', false) => "$",
        _ if !unicode => return None,
        ('d', _) => r"\p{Nd}",
        ('D', _) => r"\P{Nd}",
        ('w', false) => r"[_\p{L}\p{N}]",
        ('w', true) => r"_\p{L}\p{N}",
        ('W', false) => r"[^_\p{L}\p{N}]",
        ('s', false) => r"[\p{White_Space}\x1c-\x1f]",
        ('s', true) => r"\p{White_Space}\x1c-\x1f",
        ('S', false) => r"[^\p{White_Space}\x1c-\x1f]",
        ('S', true) => r"\P{White_Space}",
        // The others mean the same or, inside a class, cannot be said otherwise.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_of_all_of_unicode() {
        for (pattern, expected) in [
            (r"^\w+\Z", r"^[_\p{L}\p{N}]+$"),
            (r"\A[\w.]\d", r"^[_\p{L}\p{N}.]\p{Nd}"),
            (r"\\w[\\d]", r"\\w[\\d]"),
            (r"[]\s]\w", r"[\]\p{White_Space}\x1c-\x1f][_\p{L}\p{N}]"),
            (r"[^]]\", r"[^\]]\"),
        ] {
            assert_eq!(translated(pattern, true), expected, "{pattern}");
        }
        assert_eq!(translated(r"\A\w\Z", false), r"^\w$");
    }
}

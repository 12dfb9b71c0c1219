//! What the head of a form's part says of it.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_DISPOSITION;

use crate::infra::escape::unescaped;

/// What a part is called, and its file's name if it is a file. The library that reads forms gives neither when a name is
/// not UTF-8, and does not know `filename*`; the old servers' framework read both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Option<String>,
    pub(super) file_name: Option<String>,
}

impl Disposition {
    /// Of a part with this head.
    pub(super) fn of(head: &HeaderMap) -> Self {
        head.get(CONTENT_DISPOSITION).map(|value| Self::read(value.as_bytes())).unwrap_or_default()
    }

    fn read(value: &[u8]) -> Self {
        let mut found = Self::default();
        let mut extended = None;
        let mut rest = after_word(value);
        while let Some((name, value, after)) = parameter(rest) {
            rest = after;
            match name.to_ascii_lowercase().as_slice() {
                b"name" => found.name = found.name.or_else(|| Some(lossy(&value))),
                b"filename" => found.file_name = found.file_name.or_else(|| Some(lossy(&value))),
                b"filename*" => extended = extended.or_else(|| decoded(&value)),
                _ => (),
            }
        }
        // RFC 6266: who sends both means the plain one for those who do not know the other.
        found.file_name = extended.or(found.file_name);
        found
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `charset'language'text` of RFC 5987. Of a charset that is not one of the two that it names nothing is known.
fn decoded(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, text) = (parts.next()?, parts.nth(1)?);
    let bytes = unescaped(text);
    match charset.to_ascii_lowercase().as_slice() {
        b"utf-8" => Some(lossy(&bytes)),
        b"iso-8859-1" => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => None,
    }
}

/// What follows the word that a value begins with.
fn after_word(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    &value[end..]
}

/// The next `; name=value`, and what is left after it.
fn parameter(rest: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let rest = rest.trim_ascii_start().strip_prefix(b";")?;
    let end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
    let (name, rest) = (rest[..end].trim_ascii(), &rest[end..]);
    let Some(rest) = rest.strip_prefix(b"=") else { return Some((name, Vec::new(), rest)) };
    let rest = rest.trim_ascii_start();
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
        return Some((name, rest[..end].trim_ascii().to_vec(), &rest[end..]));
    };
    let (value, rest) = unquoted(quoted);
    Some((name, value, after_word(rest)))
}

/// A text up to its closing quotation mark. Only a quotation mark needs a backslash in front of it: browsers write one
/// for nothing else, and names of other systems hold backslashes.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let (mut value, mut rest) = (Vec::new(), text);
    loop {
        rest = match rest {
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                after
            }
            [b'"', after @ ..] => return (value, after),
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
            [] => return (value, rest),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> (Option<String>, Option<String>) {
        let Disposition { name, file_name } = Disposition::read(value);
        (name, file_name)
    }

    #[test]
    fn names_are_read_however_they_are_written() {
        let both = |name: &str, file: &str| (Some(name.to_owned()), Some(file.to_owned()));
        assert_eq!(read(b"form-data; name=\"file\"; filename=\"a b.mp3\""), both("file", "a b.mp3"));
        assert_eq!(read(b"form-data;NAME=file ;FileName=a.mp3"), both("file", "a.mp3"));
        assert_eq!(read("form-data; name=\"f\"; filename=\"\u{fc}.mp3\"".as_bytes()), both("f", "\u{fc}.mp3"));
        assert_eq!(read(b"form-data; name=\"f\"; filename=\"\xfc.mp3\""), both("f", "\u{fffd}.mp3"));
        assert_eq!(read(b"form-data; name=f; filename*=UTF-8''%C3%BC.mp3"), both("f", "\u{fc}.mp3"));
        assert_eq!(read(b"form-data; name=f; filename*=iso-8859-1'en'%FC"), both("f", "\u{fc}"));
        assert_eq!(read(b"form-data; filename=\"plain\"; filename*=utf-8''best; name=f"), both("f", "best"));
        assert_eq!(read(b"form-data; name=f; filename=\"x\"; filename*=klingon''y"), both("f", "x"));
        assert_eq!(read(b"form-data; name=f; filename=\"a \\\" b; name=c\""), both("f", "a \" b; name=c"));
        assert_eq!(read(b"form-data; name=f; filename=\"C:\\music\\a.mp3\""), both("f", "C:\\music\\a.mp3"));
        assert_eq!(read(b"form-data; name=f; filename=\"\""), both("f", ""));
    }

    #[test]
    fn what_is_not_there_is_not_made_up() {
        assert_eq!(read(b""), (None, None));
        assert_eq!(read(b"form-data; name=\"f"), (Some("f".to_owned()), None));
        assert_eq!(read(b"form-data; name; filename*=x; ;;"), (Some(String::new()), None));
        assert_eq!(read(b"form-data; xname=a; filenames=b"), (None, None));
    }
}

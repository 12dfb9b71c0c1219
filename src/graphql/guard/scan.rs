//! The count before the parse: bytes, tokens, nested brackets.

use async_graphql::Pos;

use super::{BRACKETS, Limits, Refusal};

/// Refuses a text that is too long, has too many tokens, or nests brackets so deep that parsing it would exhaust
/// the stack. Strings and comments are read exactly as the parser reads them, so that no bracket hides in one; what
/// else is wrong with the text is left for the parser to say.
pub(in crate::graphql) fn scan(text: &str, limits: &Limits) -> Result<(), Refusal> {
    if text.len() > limits.document_bytes {
        let message =
            format!("The document is {} bytes long; at most {} are allowed.", text.len(), limits.document_bytes);
        return Err(Refusal::too_much(None, message));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match byte {
            b' ' | b'\t' | b',' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += run(&bytes[at..], |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => {
                let refuse = |why| Refusal::malformed(Some(position(text, start)), why);
                let end =
                    end_of_string(bytes, at).ok_or_else(|| refuse("The string that starts here does not end."))?;
                if holds_nul(&bytes[at..end]) {
                    return Err(refuse("The string that starts here holds a NUL character, which cannot be stored."));
                }
                end
            }
            b'{' | b'[' | b'(' => {
                open += 1;
                at + 1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at + 1
            }
            b'.' => at + run(&bytes[at..], |byte| byte == b'.').min(3),
            b'-' | b'0'..=b'9' => at + run(&bytes[at..], is_number),
            _ => at + run(&bytes[at..], is_word).max(1),
        };
        tokens += 1;
        if open > BRACKETS {
            let message = format!("Brackets nest too deep here; at most {BRACKETS} may be open at once.");
            return Err(Refusal::too_much(Some(position(text, start)), message));
        }
        if tokens > limits.tokens {
            let message = format!("The document has more than {} tokens.", limits.tokens);
            return Err(Refusal::too_much(Some(position(text, start)), message));
        }
    }
    Ok(())
}

fn is_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.') || byte.is_ascii_alphanumeric()
}

/// Names, and what is outside ASCII, where only a byte order mark is allowed.
fn is_word(byte: u8) -> bool {
    byte == b'_' || byte >= 0x80 || byte.is_ascii_alphanumeric()
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(**byte)).count()
}

/// The offset behind the string that starts at `start`; `None` when it does not end.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    const BLOCK: &[u8] = b"\"\"\"";
    let block = bytes[start..].starts_with(BLOCK);
    let mut at = start + if block { 3 } else { 1 };
    loop {
        let rest = bytes.get(at..)?;
        at += match (*rest.first()?, block) {
            (b'"', false) => return Some(at + 1),
            (b'\n' | b'\r', false) => return None,
            (b'\\', false) => 2,
            (b'"', true) if rest.starts_with(BLOCK) => return Some(at + 3),
            (b'\\', true) if rest[1..].starts_with(BLOCK) => 4,
            _ => 1,
        };
    }
}

/// Whether a string holds a NUL character, as itself or as `\u0000` or `\u{0}`.
fn holds_nul(string: &[u8]) -> bool {
    let block = string.starts_with(b"\"\"\"");
    let mut at = 0;
    while let Some(&byte) = string.get(at) {
        if byte == 0 {
            return true;
        }
        if byte == b'\\' && !block {
            let escape = &string[at + 1..];
            let nul = match escape.strip_prefix(b"u{") {
                Some(digits) => digits.get(run(digits, |byte| byte == b'0')) == Some(&b'}'),
                None => escape.starts_with(b"u0000"),
            };
            if nul {
                return true;
            }
            at += 1;
        }
        at += 1;
    }
    false
}

/// Line and column of an offset, both from 1, the column in characters.
fn position(text: &str, offset: usize) -> Pos {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Pos { line, column }
}

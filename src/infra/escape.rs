//! Escapes in addresses (RFC 3986).

/// The bytes of a part of an address; `%` that begins nothing stands for itself.
#[must_use]
pub fn unescaped(text: impl AsRef<[u8]>) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_ref();
    let (mut at, mut read) = (0, Vec::with_capacity(bytes.len()));
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            read.extend(u8::try_from(high * 16 + low));
            at += 3;
        } else {
            read.push(*byte);
            at += 1;
        }
    }
    read
}

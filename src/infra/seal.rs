//! Sealing: what may lie in the database for a while and must not be read there.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::secret::random_bytes;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// A key for ChaCha20-Poly1305 (RFC 8439). `Debug` does not show it.
pub struct SealKey(LessSafeKey);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// The key of these bytes.
    ///
    /// # Panics
    ///
    /// Never: the algorithm takes every key of this length.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).expect("the length is right")))
    }

    /// Seals a text, bound to what it belongs to: it opens with the same binding only, so that nobody who writes to the
    /// database gives one row's text to another. Nonces are drawn: with 96 bits, four billion of them are safe.
    ///
    /// # Panics
    ///
    /// When the text has 256 GiB, which the algorithm does not take.
    #[must_use]
    pub fn seal(&self, text: &[u8], binding: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut sealed = text.to_vec();
        let nonce_once = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce_once, Aad::from(binding), &mut sealed).expect("a text of this length");
        [&nonce[..], &sealed].concat()
    }

    /// The text; none when it was sealed with another key or binding, or is broken.
    #[must_use]
    pub fn open(&self, sealed: &[u8], binding: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(binding), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_binding_open_it() {
        let (key, other) = (SealKey::new(&[1; 32]), SealKey::new(&[2; 32]));
        let sealed = key.seal(b"a link", b"row 1");
        assert_eq!(key.open(&sealed, b"row 1").as_deref(), Some(&b"a link"[..]));
        assert_eq!(key.open(&sealed, b"row 2"), None);
        assert_eq!(other.open(&sealed, b"row 1"), None);
        for cut in 0..sealed.len() {
            assert_eq!(key.open(&sealed[..cut], b"row 1"), None);
            let mut broken = sealed.clone();
            broken[cut] ^= 1;
            assert_eq!(key.open(&broken, b"row 1"), None);
        }
        assert_ne!(key.seal(b"a link", b"row 1"), sealed, "a nonce is used once");
    }
}

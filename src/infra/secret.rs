//! Randomness: opaque credentials, ids, and passwords that the server makes up. (`rng` holds what is repeatable.)

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::escape::unescaped;

/// What is stored of a credential: SHA-256 of its whole text. A fast hash is enough for 256 random bits.
pub type SecretDigest = [u8; 32];

/// 32 bytes in base64url without padding.
const BODY: usize = 43;

/// Letters after a prefix that are taken for a credential's wherever they stand.
const RECOGNISED: usize = 16;

/// No `0 o 1 l i`: these passwords are read from a terminal and typed.
const READABLE: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Whose credential it is. The prefix lets people and secret scanners recognise one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// A log-in session, `dks_`.
    Session,
    /// An API token of a user, `dkt_`.
    Token,
    /// A runner, `dkr_`.
    Runner,
    /// What a mailed link carries, `dkl_`; it opens one thing once, and is no credential.
    Link,
    /// An OAuth client's own secret, `dkc_`; it gets tokens and opens nothing by itself.
    Client,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Session, Self::Token, Self::Runner, Self::Link, Self::Client];

    /// The first four characters of the text.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "dks_",
            Self::Token => "dkt_",
            Self::Runner => "dkr_",
            Self::Link => "dkl_",
            Self::Client => "dkc_",
        }
    }
}

/// A credential of 256 random bits: `dkt_` and 43 characters of base64url, 47 in all. `Debug` does not show it, and the
/// memory is wiped when it is dropped.
#[derive(Clone, Debug)]
pub struct Secret {
    kind: SecretKind,
    text: SecretString,
}

impl Secret {
    /// A new one. Its text is shown once, to its owner; what is kept is [`Secret::digest`].
    #[must_use]
    pub fn new(kind: SecretKind) -> Self {
        let body = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        Self { kind, text: format!("{}{body}", kind.prefix()).into() }
    }

    /// Reads a credential that a client sent; `None` when it has not the shape of one, so that garbage costs neither a
    /// hash nor a query.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let kind = SecretKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
        let body = &text[kind.prefix().len()..];
        let shaped =
            body.len() == BODY && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        shaped.then(|| Self { kind, text: text.into() })
    }

    /// Whose credential it is.
    #[must_use]
    pub const fn kind(&self) -> SecretKind {
        self.kind
    }

    /// What to store and to look up.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        Sha256::digest(self.expose().as_bytes()).into()
    }

    /// The text, to show it once or to send it. Never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

/// Whether a text has the shape of a docket credential. Says nothing about whether it is valid.
#[must_use]
pub fn looks_like_token(text: &str) -> bool {
    Secret::parse(text).is_some()
}

/// A path as a log may hold it: parts in which a credential stands, or what is left of one, are not shown.
#[must_use]
pub fn without_secrets(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(holds_secret) {
        return Cow::Borrowed(path);
    }
    let parts = path.split('/').map(|part| if holds_secret(part) { "***" } else { part });
    Cow::Owned(parts.collect::<Vec<_>>().join("/"))
}

/// Whether a part of a path holds a credential. Part of one counts, too, and one that is written with escapes: who
/// finds it in a log can tell what is missing.
fn holds_secret(part: &str) -> bool {
    if part.len() <= RECOGNISED {
        return false;
    }
    let bytes = unescaped(part);
    let text = String::from_utf8_lossy(&bytes);
    SecretKind::ALL.into_iter().any(|kind| {
        text.match_indices(kind.prefix()).any(|(at, prefix)| {
            let body = text[at + prefix.len()..].bytes();
            body.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count() >= RECOGNISED
        })
    })
}

/// The name of an account that nobody has named: `prefix` and 48 random bits.
#[must_use]
pub fn random_name(prefix: &str) -> String {
    random_bytes::<6>().iter().fold(format!("{prefix}-"), |name, byte| format!("{name}{byte:02x}"))
}

/// Compares two digests in constant time, where that is done in memory and not by an index of the database.
#[must_use]
pub fn same(left: &SecretDigest, right: &SecretDigest) -> bool {
    left.ct_eq(right).into()
}

/// A password to be read and typed by a person: four groups of five, 99 bits (`k3m9x-…`).
#[must_use]
pub fn random_password() -> SecretString {
    let mut text = String::with_capacity(23);
    let mut rng = rng();
    for position in 0..20 {
        if position > 0 && position % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(READABLE[rand::Rng::random_range(&mut rng, 0..READABLE.len())]));
    }
    text.into()
}

/// An id for the outside that sorts by the time it was made (UUIDv7, from the system's clock).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "ids are drawn here; their time orders them and decides nothing")]
pub fn uid() -> Uuid {
    Uuid::now_v7()
}

/// An id of a user: v4, because the time when somebody signed up is nobody else's business, and because the first eight
/// digits of a v7 are the same for a minute, which would make short ids useless.
#[must_use]
pub fn user_uid() -> Uuid {
    uuid::Builder::from_random_bytes(random_bytes()).into_uuid()
}

/// `N` bytes from the operating system's generator, by way of a reseeding one.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rng().fill_bytes(&mut bytes);
    bytes
}

#[expect(clippy::disallowed_methods, reason = "secrets and ids are drawn here")]
fn rng() -> rand::rngs::ThreadRng {
    rand::rng()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_secret_is_read_back_with_its_kind() {
        for kind in SecretKind::ALL {
            let secret = Secret::new(kind);
            assert_eq!(secret.expose().len(), 47);
            let read = Secret::parse(secret.expose()).expect("it has just been made");
            assert_eq!(read.kind(), kind);
            assert!(same(&read.digest(), &secret.digest()));
            assert!(!format!("{secret:?}").contains(&secret.expose()[4..]), "Debug shows the secret");
        }
    }

    #[test]
    fn the_digest_is_sha256_of_the_whole_text() {
        let secret = Secret::parse(&format!("dkt_{}", "A".repeat(43))).expect("the shape is right");
        let expected: SecretDigest = Sha256::digest(format!("dkt_{}", "A".repeat(43))).into();
        assert_eq!(secret.digest(), expected);
        assert!(!same(&secret.digest(), &Secret::new(SecretKind::Token).digest()));
    }

    #[test]
    fn other_texts_are_not_tokens() {
        let body = "A".repeat(43);
        for text in
            ["", "dkt_", &body, &format!("dkx_{body}"), &format!("dkt_{body}A"), &format!("dkt_{}=", &body[1..])]
        {
            assert!(!looks_like_token(text), "{text:?}");
        }
        assert!(!looks_like_token(&format!("dkt_{}é", &body[2..])), "43 bytes, but not base64url");
        assert!(looks_like_token(&format!("dkr_{}-_", &body[2..])));
    }

    #[test]
    fn a_path_is_shown_without_credentials() {
        for same in ["", "/", "/graphql", "/-/reset/x", "/files/dks_short.txt", "/mobyle2/services/a::b::c%20d"] {
            assert!(matches!(without_secrets(same), Cow::Borrowed(path) if path == same), "{same}");
        }
        for kind in SecretKind::ALL {
            let secret = Secret::new(kind);
            let (text, escaped) = (secret.expose(), format!("%64{}", &secret.expose()[1..]));
            for part in [text, &text[..20], &text[..44], &format!("x{text}.."), &escaped, &format!("{text}%00")] {
                assert_eq!(without_secrets(&format!("/-/reset/{part}")), "/-/reset/***", "{part}");
                assert_eq!(without_secrets(&format!("/{part}/{part}/x")), "/***/***/x", "{part}");
            }
        }
    }

    #[test]
    fn passwords_are_readable_and_differ() {
        let made: HashSet<String> = (0..100).map(|_| random_password().expose_secret().to_owned()).collect();
        assert_eq!(made.len(), 100);
        for password in &made {
            assert_eq!(password.len(), 23);
            assert!(password.split('-').all(|group| group.len() == 5 && group.bytes().all(|b| READABLE.contains(&b))));
        }
    }

    #[test]
    fn ids_have_their_versions() {
        assert_eq!(uid().get_version_num(), 7);
        assert_eq!(user_uid().get_version_num(), 4);
        assert!(uid() < uid(), "v7 ids of one process sort by their making");
        assert_ne!(user_uid(), user_uid());
    }
}

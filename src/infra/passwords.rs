//! Password hashes: Argon2id, with a bound on how many are computed at once.
//!
//! One hash costs 19 MiB and some 20 ms of a core by default, which makes log-in the cheapest way to exhaust a server.
//! So at most `parallel` are computed at a time, on blocking threads; `waiting` more may queue; beyond that the answer
//! is [`Code::Unavailable`](crate::error::Code::Unavailable) at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::Error as HashError,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::secret::random_bytes;
use crate::error::{Error, Result};

/// What a hash costs, and how many may be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordParams {
    /// Memory of one hash in KiB, at least 8.
    pub memory_kib: u32,
    /// Passes over that memory, at least 1.
    pub iterations: u32,
    /// Hashes computed at the same time; 0 means one for each core.
    pub parallel: usize,
    /// Callers that may wait beyond these before others are turned away.
    pub waiting: usize,
}

/// Hashes and verifies passwords. Clones share the bounds.
#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    /// Stands in for the hash of a user that does not exist: same cost, matches nothing.
    dummy: Arc<str>,
    /// Running and waiting callers.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// Fails with [`Error::Internal`] when Argon2 does not accept the parameters.
    pub fn new(params: PasswordParams) -> Result<Self> {
        let cost = Params::new(params.memory_kib, params.iterations, 1, None).map_err(Error::internal)?;
        let dummy = format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            cost.m_cost(),
            cost.t_cost(),
            STANDARD_NO_PAD.encode(random_bytes::<16>()),
            STANDARD_NO_PAD.encode(random_bytes::<32>()),
        );
        let parallel = match params.parallel {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            some => some,
        };
        Ok(Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, cost),
            dummy: dummy.into(),
            admitted: Arc::new(Semaphore::new(parallel.saturating_add(params.waiting).min(Semaphore::MAX_PERMITS))),
            running: Arc::new(Semaphore::new(parallel.min(Semaphore::MAX_PERMITS))),
            computed: Arc::default(),
        })
    }

    /// The hash to store, as a PHC string (`$argon2id$v=19$m=..`), with a new salt.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        self.bounded(move |argon| {
            let salt = random_bytes::<16>();
            let hash = argon.hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(Error::internal)
        })
        .await
    }

    /// Whether the password is the one that was hashed. For a user who does not exist, or has no password, pass `None`:
    /// the answer is `false` after the same work, so that the time does not tell who exists.
    pub async fn verify(&self, stored: Option<&str>, password: SecretString) -> Result<bool> {
        let known = stored.is_some();
        let stored = stored.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        self.bounded(move |argon| {
            if is_bcrypt(&stored) {
                return verify_bcrypt(password.expose_secret(), &stored);
            }
            // The cost comes from the stored hash, so hashes made under older parameters stay valid.
            match argon.verify_password(password.expose_secret().as_bytes(), &*stored) {
                Ok(()) => Ok(known),
                Err(HashError::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::internal(format_args!("a stored password hash cannot be read: {error}"))),
            }
        })
        .await
    }

    /// Whether a stored hash was made with other parameters than today's: hash the password again after a log-in.
    #[must_use]
    pub fn needs_rehash(&self, stored: &str) -> bool {
        let Ok(hash) = PasswordHash::new(stored) else { return true };
        let Ok(params) = Params::try_from(&hash) else { return true };
        let today = self.argon.params();
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || (params.m_cost(), params.t_cost(), params.p_cost()) != (today.m_cost(), today.t_cost(), today.p_cost())
    }

    /// How many computations there were so far: what an answer cost, whoever it was for.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Runs one computation on a blocking thread when its turn comes. Both permits travel with it: a client that hangs
    /// up does not stop a computation, and must not make room for another one beside it.
    ///
    /// Fails with [`Error::Unavailable`] when too many callers wait already.
    pub(crate) async fn bounded<T: Send + 'static>(
        &self,
        compute: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| Error::unavailable("Too many passwords are being checked at the moment. Try again."))?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(Error::internal)?;
        let (argon, computed) = (self.argon.clone(), Arc::clone(&self.computed));
        tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
            computed.fetch_add(1, Ordering::Relaxed);
            compute(&argon)
        })
        .await
        .map_err(Error::internal)?
    }
}

/// Whether a stored hash is one of Argon2 that can be verified, whatever its parameters.
#[must_use]
pub fn is_argon2(stored: &str) -> bool {
    let known = [Algorithm::Argon2id, Algorithm::Argon2i, Algorithm::Argon2d].map(|algorithm| algorithm.ident());
    PasswordHash::new(stored).is_ok_and(|hash| hash.hash.is_some() && known.contains(&hash.algorithm))
}

/// Whether a stored hash is bcrypt's, as those are that were taken over from an older system.
fn is_bcrypt(stored: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|start| stored.starts_with(start))
}

/// bcrypt reads no more than 72 bytes of a password, and the older system left it at that.
fn verify_bcrypt(password: &str, stored: &str) -> Result<bool> {
    bcrypt::verify(password, stored)
        .map_err(|error| Error::internal(format_args!("a stored password hash cannot be read: {error}")))
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("params", self.argon.params()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::error::Code;

    const CHEAP: PasswordParams = PasswordParams { memory_kib: 8, iterations: 1, parallel: 1, waiting: 1 };

    fn passwords(params: PasswordParams) -> Passwords {
        Passwords::new(params).expect("valid parameters")
    }

    #[tokio::test]
    async fn the_right_password_is_accepted_and_no_other() {
        let passwords = passwords(CHEAP);
        let stored = passwords.hash("correct horse".into()).await.expect("hash");
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert!(passwords.verify(Some(&stored), "correct horse".into()).await.expect("verify"));
        assert!(!passwords.verify(Some(&stored), "correct horsf".into()).await.expect("verify"));
        assert_ne!(stored, passwords.hash("correct horse".into()).await.expect("hash"), "the salt is not new");
    }

    #[tokio::test]
    async fn a_user_that_does_not_exist_costs_a_hash_of_the_same_parameters() {
        let passwords = passwords(PasswordParams { memory_kib: 64, iterations: 3, ..CHEAP });
        assert!(!passwords.verify(None, "anything".into()).await.expect("verify"));
        assert!(!passwords.needs_rehash(&passwords.dummy), "{}", passwords.dummy);
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_verified_and_wants_to_be_renewed() {
        let old = passwords(CHEAP).hash("pw".into()).await.expect("hash");
        let today = passwords(PasswordParams { iterations: 2, ..CHEAP });
        assert!(today.verify(Some(&old), "pw".into()).await.expect("verify"));
        assert!(today.needs_rehash(&old));
        assert!(!today.needs_rehash(&today.hash("pw".into()).await.expect("hash")));
    }

    #[tokio::test]
    async fn a_broken_stored_hash_is_a_defect_and_not_a_wrong_password() {
        let result = passwords(CHEAP).verify(Some("$argon2id$nonsense"), "pw".into()).await;
        assert_eq!(result.expect_err("refused").code(), Code::Internal);
    }

    #[tokio::test]
    async fn beyond_the_queue_callers_are_turned_away() {
        let passwords = passwords(CHEAP);
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let busy = tokio::spawn({
            let passwords = passwords.clone();
            async move {
                passwords
                    .bounded(move |_| {
                        started.send(()).expect("the test listens");
                        released.recv().expect("the test releases");
                        Ok(())
                    })
                    .await
            }
        });
        tokio::task::spawn_blocking(move || has_started.recv()).await.expect("join").expect("started");
        let waiting = passwords.verify(None, "second".into());
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "one at a time");
        let third = passwords.hash("third".into()).await.expect_err("the queue holds one");
        assert_eq!(third.code(), Code::Unavailable);
        release.send(()).expect("the computation waits");
        busy.await.expect("join").expect("the first finishes");
        assert!(!waiting.await.expect("the second has its turn"));
    }

    #[test]
    fn impossible_parameters_are_refused() {
        assert!(Passwords::new(PasswordParams { memory_kib: 1, ..CHEAP }).is_err());
    }
}

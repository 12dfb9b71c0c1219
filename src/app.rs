//! What every domain function is given.

use std::{ops::Deref, sync::Arc};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    db::Db,
    domain::{
        content, dialect_use::Uses, event::Feed, job::Texts, legacy_number::Kept, rights::Rights, runner::Seen, schema,
        session::Known,
    },
    error::Result,
    infra::{
        clock::Clock,
        mailer::Mailer,
        passwords::{PasswordParams, Passwords},
        remote::Remote,
        storage::Storage,
    },
};

/// The running server's parts. Clones share them.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// See [`App`].
pub struct Parts {
    /// The data layer.
    pub db: Db,
    /// What the operator set.
    pub config: Arc<Config>,
    /// The time, with the offset that tests set.
    pub clock: Clock,
    /// Password hashing.
    pub passwords: Passwords,
    /// What sends mail.
    pub mailer: Mailer,
    /// Where files' bytes lie.
    pub storage: Storage,
    /// How other servers are asked.
    pub remote: Remote,
    /// Compiled JSON Schemas by service version.
    pub schemas: schema::Cache,
    /// The types of content that backrest's API serves.
    pub content: content::Types,
    /// Statements for one job that were written before.
    pub job_texts: Texts,
    /// The numbers of things in older APIs that were read before.
    pub numbers: Kept,
    /// New events, as they are committed.
    pub events: Feed,
    /// Credentials checked within the last second.
    pub known: Known,
    /// Whether somebody's rights have shrunk, or some credential has ended.
    pub rights: Rights,
    /// How much the older APIs were used since that was last written.
    pub uses: Uses,
    /// When each runner last gave a sign of life.
    pub seen: Seen,
    /// Work that goes on when the client of its request has gone, since it has to clear up. A stop waits for it.
    pub finishing: TaskTracker,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the database that the configuration names. It does not migrate, and starts no background work.
    pub async fn open(config: Config, clock: Clock) -> Result<Self> {
        let db = Db::open(&config.database, clock.clone()).await?;
        let passwords = Passwords::new(PasswordParams {
            memory_kib: config.passwords.memory_kib,
            iterations: config.passwords.iterations,
            parallel: config.passwords.parallel,
            waiting: config.passwords.waiting,
        })?;
        Ok(Self(Arc::new(Parts {
            events: Feed::new(config.events.lag_events),
            db,
            mailer: Mailer::new(&config.mail)?,
            content: content::Types::new(&config)?,
            storage: Storage::new(&config.files.store, config.files.uploads),
            config: Arc::new(config),
            clock,
            passwords,
            remote: Remote::default(),
            schemas: schema::Cache::new(256),
            job_texts: Texts::default(),
            numbers: Kept::default(),
            known: Known::default(),
            rights: Rights::default(),
            uses: Uses::default(),
            seen: Seen::default(),
            finishing: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        })))
    }
}

//! One server for one test: the real one, in this process, over a database of its own.
//!
//! Time stands in the hands of the test (`app.clock.advance`), and so does the sweeper (`app.sweep`): nothing here
//! sleeps. Every answer that passes through [`Client`] is checked for the one thing that must never happen: a 500.

mod build;
mod client;
mod database;
mod mail_server;
mod mail_text;
mod remote;
mod stream;

use std::{sync::Arc, time::Duration};

use docket::{
    config::Config,
    db::raw,
    domain::{event, file, lease, mail, user},
    infra::clock::Clock,
    server::Server,
    viewer::Viewer,
};
use entity::user::Status;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use serde_json::json;
use tempfile::TempDir;

pub use build::Lease;
pub use client::{Client, code, form, mutation, page_of_metrics, read, text};
pub use database::{Database, server};
pub use mail_server::{Behaviour, MailServer};
pub use mail_text::Mail;
pub use remote::{Remote, Reply};
pub use stream::Stream;

/// Longer than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The password of every user that tests make, `admin` included.
pub const PASSWORD: &str = "correct horse";

/// A running server.
pub struct TestApp {
    /// The server; `server.app.db` is its database.
    pub server: Server,
    /// Its clock.
    pub clock: Clock,
    admin: Client,
    http: reqwest::Client,
    database: Arc<Database>,
    /// Where its files are. Every server of a database has the same.
    folder: Arc<TempDir>,
}

impl TestApp {
    /// A server with the defaults, except for what only makes tests slow.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with changed settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        // Boxed: the future of a start is large, and every test would carry it.
        Box::pin(Self::on(Arc::new(Database::new().await), folder, Clock::new(), change)).await
    }

    /// Another server on the same database, with its own everything but the clock; none on SQLite, where a file has one
    /// server.
    pub async fn replica(&self) -> Option<Self> {
        self.replica_with(|_| ()).await
    }

    /// The same with changed settings.
    pub async fn replica_with(&self, change: impl FnOnce(&mut Config)) -> Option<Self> {
        if !self.database.is_postgres() {
            println!("nothing to see: a SQLite file has one server");
            return None;
        }
        let on = Self::on(Arc::clone(&self.database), Arc::clone(&self.folder), self.clock.clone(), change);
        Some(Box::pin(on).await)
    }

    async fn on(database: Arc<Database>, folder: Arc<TempDir>, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
        config.public_url = format!("http://{}", config.listen);
        config.database = database.settings();
        config.files.store = folder.path().join("files").display().to_string();
        // The least that the configuration takes.
        (config.passwords.memory_kib, config.passwords.iterations) = (8_192, 1);
        // An estimate of a password's strength costs as much as a test: those that are about it say so.
        config.passwords.min_score = 0;
        config.events.poll_millis = 50;
        // Tests sweep when they want to; a sweep in between would make them guess.
        config.jobs.sweep_seconds = 3600;
        config.federation.look_seconds = 3600;
        // Tests come from one address, and many fail on purpose; those that are about limits set them.
        config.limits = no_limits();
        // The same of mails.
        config.mail.poll_millis = 3_600_000;
        config.mail.folder = folder.path().join("mail").display().to_string();
        change(&mut config);
        let server = Server::start(config, clock.clone(), Some(PASSWORD.into())).await.expect("a server");
        let http = reqwest::Client::new();
        let admin = Client::anonymous(&http, server.address).log_in("admin").await;
        Self { server, clock, admin, http, database, folder }
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A caller without a credential.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(&self.http, self.server.address)
    }

    /// The first admin, with a session.
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// A new user without roles, with a session. The address is `<name>@example.org`.
    pub async fn user(&self, name: &str) -> Client {
        self.user_with(name, &[], false).await
    }

    /// A new user who may make services, with a session.
    pub async fn author(&self, name: &str) -> Client {
        self.user_with(name, &["service-author"], false).await
    }

    /// A new user, with a session. Users are made at the operator's command line, which calls the same function.
    pub async fn user_with(&self, name: &str, roles: &[&str], is_admin: bool) -> Client {
        let new = user::NewUser {
            username: name.to_owned(),
            email: Some(format!("{name}@example.org")),
            password: Some(PASSWORD.into()),
            is_admin,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            ..user::NewUser::default()
        };
        user::create(&self.server.app, &Viewer::local_operator(), new).await.expect("a user");
        self.anonymous().log_in(name).await
    }

    /// Changes whether an account may be used.
    pub async fn set_status(&self, name: &str, status: Status) {
        let (app, operator) = (&self.server.app, Viewer::local_operator());
        let user = user::get_by(app, &operator, None, Some(name), None).await.expect("there is such a user");
        user::set_status(app, &operator, user.uid, status, Some("By the test.".to_owned()))
            .await
            .expect("it is stored");
    }

    /// A new runner of the admin for this service, with 100 slots.
    pub async fn runner(&self, service: &str) -> Client {
        self.runner_with(json!({ "serviceIds": [service] })).await
    }

    /// Breaks a job's row, so that nobody can read it any more.
    pub async fn spoil(&self, job: &str) {
        let uid: uuid::Uuid = job.trim_start_matches("job_").parse().expect("an id");
        let write = self.server.app.db.write(uid, |tx, uid| {
            Box::pin(async move {
                let labels = sea_orm::prelude::Expr::cust("'[]'");
                let broken = entity::job::Entity::update_many().col_expr(entity::job::Column::Labels, labels);
                let broken = broken.filter(entity::job::Column::Uid.eq(*uid)).exec(&tx.db).await?;
                Ok(broken.rows_affected)
            })
        });
        assert_eq!(write.await.expect("it is broken"), 1);
    }

    /// Takes a table away, so that every statement about it fails.
    pub async fn lose(&self, table: &str) {
        let sql = format!("ALTER TABLE {table} RENAME TO {table}_that_is_gone");
        let write = self.server.app.db.write(sql, |tx, sql| {
            Box::pin(async move {
                tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, [])).await?;
                Ok(())
            })
        });
        write.await.expect("it is renamed");
    }

    /// Removes files whose time is over, now.
    pub async fn sweep_files(&self) -> usize {
        file::sweep(&self.server.app).await.expect("a sweep")
    }

    /// What lies in the file store, unfinished uploads included: names without their folders.
    pub fn stored(&self) -> Vec<String> {
        let Ok(folders) = std::fs::read_dir(self.folder.path().join("files")) else { return Vec::new() };
        let names = folders.flat_map(|folder| std::fs::read_dir(folder.expect("an entry").path()).expect("a folder"));
        names.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
    }

    /// Probes the servers that are due, now.
    pub async fn probe(&self) -> usize {
        docket::domain::server::probe_due(&self.server.app).await.expect("a look")
    }

    /// Sends the mails that are due, now, and says how many attempts that took.
    pub async fn send_mails(&self) -> usize {
        mail::send_due(&self.server.app).await.expect("the outbox can be read")
    }

    /// The mails that became files, as programs show them, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("mail")) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.iter().map(|path| Mail::read(&std::fs::read_to_string(path).expect("text"))).collect()
    }

    /// Takes back expired leases, now.
    pub async fn sweep(&self) -> usize {
        lease::sweep(&self.server.app).await.expect("a sweep")
    }

    /// Ends the registration of runners that were not heard of, and assigns what waits all the same, now.
    pub async fn assign(&self) -> usize {
        lease::assign_waiting(&self.server.app).await.expect("a sweep")
    }

    /// Deletes accounts that nobody uses, and erases what deleted users left behind, now.
    pub async fn sweep_users(&self) -> usize {
        user::sweep(&self.server.app).await.expect("a sweep")
    }

    /// Removes events past their retention, now.
    pub async fn prune(&self) {
        while event::prune(&self.server.app).await.expect("the log is pruned") > 0 {}
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Nothing is counted.
fn no_limits() -> docket::config::Limits {
    docket::config::Limits {
        log_ins_per_address: 0,
        log_ins_per_account_and_address: 0,
        log_ins_per_account: 0,
        sign_ups_per_address: 0,
        mails_per_address: 0,
        mails_per_account: 0,
        wrong_secrets_per_address: 0,
    }
}

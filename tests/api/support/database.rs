//! A database for one test: a SQLite file, or a database of the PostgreSQL server that `DOCKET_TEST_POSTGRES_URL` names.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use docket::{config, db::Db, infra::clock::Clock};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Held while the template is made: one process does it, the others of the same run wait.
const LOCK: i64 = 0x64_7465_7374;

/// It goes when this does, with everything that is still connected to it.
pub struct Database {
    /// For `database.url`.
    pub url: String,
    held: Held,
}

enum Held {
    Folder {
        _folder: TempDir,
    },
    Server {
        server: String,
        name: String,
    },
    /// Somebody else's.
    Nothing,
}

impl Database {
    /// A database with its tables, if that is quicker than letting the server make them.
    pub async fn new() -> Self {
        match server() {
            Some(server) => {
                let template = template(&server).await;
                Self::on(server, &format!("TEMPLATE {template}")).await
            }
            None => Self::file(),
        }
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        match server() {
            Some(server) => Self::on(server, "TEMPLATE template0").await,
            None => Self::file(),
        }
    }

    /// A SQLite file, whatever the suite runs on.
    pub fn file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("docket.db").display());
        Self { url, held: Held::Folder { _folder: folder } }
    }

    /// A database that is there already, and stays.
    pub fn at(url: String) -> Self {
        Self { url, held: Held::Nothing }
    }

    async fn on(server: String, from: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}_{}_{}", prefix(), std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&server).await.expect("the server of DOCKET_TEST_POSTGRES_URL answers");
        run(&mut admin, &format!("CREATE DATABASE {name} {from}")).await;
        Self { url: with_name(&server, &name), held: Held::Server { server, name } }
    }

    /// Whether it is PostgreSQL's.
    pub fn is_postgres(&self) -> bool {
        config::Database { url: self.url.clone(), ..config::Database::default() }.is_postgres()
    }

    /// As a server's configuration says it.
    pub fn settings(&self) -> config::Database {
        settings(&self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Held::Server { server, name } = &self.held else { return };
        let (server, sql) = (server.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // Where this is dropped there may be a runtime, in which nothing may block; a test that panics drops it too.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&server).await.expect("the server answers");
                run(&mut admin, &sql).await;
            });
        });
        assert!(dropped.join().is_ok() || std::thread::panicking(), "the database is left behind");
    }
}

/// The PostgreSQL server that the suite runs on, if it does.
pub fn server() -> Option<String> {
    std::env::var("DOCKET_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

/// Few connections: as many tests run at once as there are cores, and a server takes a hundred.
fn settings(url: &str) -> config::Database {
    config::Database { url: url.to_owned(), ..config::Database::default() }
}

/// The same server's database of another name.
fn with_name(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(address, rest)| (address, Some(rest)));
    let start = address.find("://").map_or(0, |at| at + 3);
    let host = address[start..].find('/').map_or(address, |at| &address[..start + at]);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{host}/{name}{options}")
}

/// Of the databases of this checkout, so that several may use one server.
fn prefix() -> String {
    let digest = Sha256::digest(env!("CARGO_MANIFEST_DIR").as_bytes());
    format!("docket_test_{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

/// The name of the migrated database that others are copied from; made once for each build of the tests.
async fn template(server: &str) -> String {
    let built = std::env::current_exe().and_then(std::fs::metadata).and_then(|file| file.modified());
    let built = built.expect("this program is a file").duration_since(UNIX_EPOCH).expect("it was built in this age");
    let name = format!("{}_template_{:x}", prefix(), built.as_micros());
    let mut admin = PgConnection::connect(server).await.expect("the server of DOCKET_TEST_POSTGRES_URL answers");
    let exists = query_scalar::<_, i32>("SELECT 1 FROM pg_database WHERE datname = $1").bind(&name);
    if exists.fetch_optional(&mut admin).await.expect("a list").is_some() {
        return name;
    }
    run(&mut admin, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    let exists = query_scalar::<_, i32>("SELECT 1 FROM pg_database WHERE datname = $1").bind(&name);
    if exists.fetch_optional(&mut admin).await.expect("a list").is_none() {
        clear(&mut admin).await;
        // Under another name until it is whole.
        let unfinished = format!("{}_unfinished", prefix());
        run(&mut admin, &format!("CREATE DATABASE {unfinished} TEMPLATE template0")).await;
        let db = Db::open(&settings(&with_name(server, &unfinished)), Clock::new()).await.expect("it opens");
        db.schema().migrate().await.expect("it is migrated");
        db.close().await;
        // Whoever watched it lets go a moment later.
        run(&mut admin, &format!("ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false")).await;
        run(
            &mut admin,
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{unfinished}'"),
        )
        .await;
        run(&mut admin, &format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    admin.close().await.expect("it lets go of the lock");
    name
}

/// Removes what runs that were killed, and earlier builds, have left.
async fn clear(admin: &mut PgConnection) {
    let all =
        query_scalar::<_, String>("SELECT datname FROM pg_database WHERE starts_with(datname, $1)").bind(prefix());
    for name in all.fetch_all(&mut *admin).await.expect("a list") {
        let process = name[prefix().len()..].split('_').nth(1).and_then(|part| part.parse::<u32>().ok());
        if process.is_none_or(|process| !std::path::Path::new(&format!("/proc/{process}")).exists()) {
            run(admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

async fn run(admin: &mut PgConnection, sql: &str) {
    admin.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

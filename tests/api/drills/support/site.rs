//! A folder with a configuration and a database, on which servers start and end.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::process::Command;
use tokio::sync::watch;

use super::{Client, Server};
use crate::support::Database;

pub const ADMIN_PASSWORD: &str = "drill-admin-password";

/// Where servers run on one database: one after the other, and on PostgreSQL also beside each other.
pub struct Site {
    folder: tempfile::TempDir,
    pub database: Database,
    /// Of the server that runs, or ran last; each gets a free port.
    pub address: watch::Sender<SocketAddr>,
    log: Arc<Mutex<String>>,
}

impl Site {
    /// A site whose servers have these settings besides cheap passwords, as sections of `docket.toml`.
    pub async fn new(settings: &str) -> Self {
        Self::on(Database::empty().await, settings)
    }

    /// The same on a SQLite file, whatever the suite runs on: `docket.db` in this folder.
    pub fn on_file(settings: &str) -> Self {
        let mut site = Self::on(Database::file(), settings);
        "sqlite://docket.db".clone_into(&mut site.database.url);
        site
    }

    pub fn on(database: Database, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let common = "listen = \"127.0.0.1:0\"\n[passwords]\nmemory_kib = 8192\niterations = 1\n";
        std::fs::write(folder.path().join("docket.toml"), format!("{common}{settings}")).expect("written");
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { folder, database, address: watch::Sender::new(nowhere), log: Arc::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What all servers so far have logged.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// The program, in this folder, ended with the test.
    pub fn command(&self, line: &str) -> Command {
        let mut command = self.prepared(&program());
        command.args(line.split_whitespace());
        command
    }

    /// A server for which a folder of this one is a disk of so many MiB. Nobody else has that disk: it goes with the
    /// server.
    pub async fn serve_on_small_disk(&self, folder: &str, mib: usize) -> Server {
        std::fs::create_dir_all(self.path(folder)).expect("a folder");
        let mount = format!("mount -t tmpfs -o size={mib}m none {folder} && exec \"$0\" serve");
        let mut command = self.prepared("unshare".as_ref());
        command.args(["--map-root-user", "--mount", "sh", "-c", &mount]).arg(program());
        let server = Server::start(command, &self.log).await;
        self.address.send_replace(server.address);
        server
    }

    fn prepared(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
            command.env_remove(name);
        }
        command.env("DOCKET_DATABASE_URL", &self.database.url).env("DOCKET_ADMIN_PASSWORD", ADMIN_PASSWORD);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    pub async fn run(&self, line: &str) -> Output {
        self.command(line).output().await.expect("the program starts")
    }

    /// What a command that succeeds prints.
    pub async fn done(&self, line: &str) -> String {
        let output = self.run(line).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// Starts a server and waits until it serves.
    pub async fn serve(&self) -> Server {
        let server = Server::start(self.command("serve"), &self.log).await;
        self.address.send_replace(server.address);
        server
    }

    /// Starts another server beside it; [`Client::at`] goes there.
    pub async fn serve_beside(&self) -> Server {
        Server::start(self.command("serve"), &self.log).await
    }

    /// So many servers at once, where the database takes more than one.
    pub async fn serve_several(&self, count: usize) -> Vec<Server> {
        let mut servers = vec![self.serve().await];
        while self.database.is_postgres() && servers.len() < count {
            servers.push(self.serve_beside().await);
        }
        servers
    }

    pub fn client(&self, token: Option<&str>) -> Client {
        Client::new(self.address.subscribe(), token)
    }

    /// Logs in over the API.
    pub async fn admin(&self) -> Client {
        self.admin_at(&self.client(None)).await
    }

    /// The same at the server where this client is.
    pub async fn admin_at(&self, client: &Client) -> Client {
        let input = json!({ "login": "admin", "password": ADMIN_PASSWORD });
        let login = client.mutate("sessionCreate", input, "token").await;
        client.with_token(login["token"].as_str().expect("a credential"))
    }
}

/// `DOCKET_BIN` drills another build than the one under test: an optimised one, or the one that runs somewhere.
fn program() -> OsString {
    std::env::var_os("DOCKET_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_docket").into())
}

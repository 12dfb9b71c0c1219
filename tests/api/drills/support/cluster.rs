//! A PostgreSQL server of a drill's own, for what nobody else on it would survive.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::oneshot;

use super::soon;
use crate::support::server;

/// It waits for the disk as PostgreSQL does by default. Dropping it ends it.
pub struct Cluster {
    programs: PathBuf,
    /// With the data and the socket: no port that somebody else could take while it is down.
    folder: TempDir,
    running: Option<Child>,
}

impl Cluster {
    /// Makes and starts one. `None`, with a word why, where this run has nothing to do with PostgreSQL, or has no
    /// programs of it.
    pub async fn new() -> Option<Self> {
        if server().is_none() {
            println!("nothing to see: this run is on SQLite");
            return None;
        }
        let Some(programs) = programs() else {
            println!("nothing to see: PostgreSQL's own programs are not on this machine");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        if geteuid().is_root() {
            done(Command::new("chown").arg("postgres:").arg(folder.path())).await;
        }
        let mut cluster = Self { programs, folder, running: None };
        let flags = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        done(cluster.program("initdb").arg("--pgdata").arg(cluster.path("data")).args(flags)).await;
        cluster.start().await;
        Some(cluster)
    }

    /// Of its database, which has nothing in it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Starts it again, and waits until it takes connections.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.path("data")).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=", "-c", "shared_buffers=32MB"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = command.into_std().spawn().expect("it starts");
        let log = running.stderr.take().expect("a pipe");
        self.running = Some(running);
        let (ready, answers) = oneshot::channel();
        // A thread, which reads to the end: whoever writes to a full pipe stands still.
        std::thread::spawn(move || read(log, ready));
        if let Err(log) = soon("PostgreSQL", answers).await.expect("the thread says") {
            panic!("it ended at once:\n{log}");
        }
    }

    /// `pg_ctl stop -m immediate`: it ends without writing anything back, as when its machine loses power.
    pub async fn stop_immediately(&mut self) {
        let running = self.running.take().expect("it runs");
        soon("the end of PostgreSQL", tokio::task::spawn_blocking(move || end(running))).await.expect("no panic");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One of PostgreSQL's programs, as somebody else than root: it refuses to run as that.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            end(running);
        }
    }
}

/// Reads what a server says, to its end, and tells when it takes connections, or what it said when it never does.
fn read(log: ChildStderr, ready: oneshot::Sender<Result<(), String>>) {
    let (mut ready, mut said) = (Some(ready), String::new());
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if line.contains("database system is ready to accept connections")
            && let Some(ready) = ready.take()
        {
            let _nobody_waits = ready.send(Ok(()));
        }
        said.push_str(&line);
        said.push('\n');
    }
    if let Some(ready) = ready {
        let _nobody_waits = ready.send(Err(said));
    }
}

/// It kills those of its children that do not end within seconds, so that this does not wait for ever.
fn end(mut running: Child) {
    if matches!(running.try_wait(), Ok(None)) {
        kill_process(Pid::from_child(&running), Signal::QUIT).expect("it runs");
        running.wait().expect("it ends");
    }
}

async fn done(command: &mut Command) {
    let output = command.output().await.expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Where they are; Debian keeps them out of the PATH, in a folder for each version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|folder| number(folder)).map(|path| path.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.into_iter().chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").exists())
}

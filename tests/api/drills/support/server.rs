//! A server process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::soon;

/// A server that runs. Dropping it kills it.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    listening: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(mut command: Command, log: &Arc<Mutex<String>>) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (serves, address) = oneshot::channel();
        let listening = tokio::spawn(listen(stderr, serves, Arc::clone(log)));
        let Ok(address) = soon("the server to serve", address).await else {
            panic!("it ended at once:\n{}", log.lock().expect("no panic"));
        };
        Self { address, child, listening }
    }

    fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        soon("the killed server to end", self.child.wait()).await.expect("it ends");
        soon("its last words", self.listening).await.expect("no panic");
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        let status = soon("the server to end", self.child.wait()).await.expect("it ends");
        soon("its last words", self.listening).await.expect("no panic");
        status
    }

    /// A file as the server sees it, which may have disks of its own.
    pub fn view(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("an absolute path");
        Path::new(&format!("/proc/{}/root", self.pid().as_raw_nonzero())).join(path)
    }

    /// Memory that is its own, in KiB: what was allocated, without the pages of the program's file.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid().as_raw_nonzero())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line of memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

async fn listen(stderr: ChildStderr, serves: oneshot::Sender<SocketAddr>, log: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(stderr).lines();
    let mut serves = Some(serves);
    while let Some(line) = lines.next_line().await.expect("text") {
        let address = line.split_once("serving GraphQL at http://").and_then(|(_, url)| url.split_once("/graphql"));
        if let Some((address, _)) = address
            && let Some(serves) = serves.take()
        {
            serves.send(address.parse().expect("an address")).expect("somebody waits");
        }
        let mut log = log.lock().expect("no panic");
        log.push_str(&line);
        log.push('\n');
    }
}

fn pid_of(child: &Child) -> Pid {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
    Pid::from_raw(pid).expect("not zero")
}

/// Sends a signal to a child of this process.
pub fn signal(child: &Child, signal: Signal) {
    kill_process(pid_of(child), signal).expect("it runs");
}

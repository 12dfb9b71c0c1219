//! A server under load: a child process on a loopback port, watched through `/proc`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;
use crate::cpu::{Cpu, Worker};

/// How long a server may take to become ready, and to stop when asked to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running child that answers on `address`. Dropping it kills it.
pub struct Server {
    /// What the table calls it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first ready answer.
    pub ready_after: Duration,
    child: Child,
    log: PathBuf,
    database: Worker,
}

impl Server {
    /// Starts `command` and waits until `ready` (a path) answers 200. Its output goes to `log`.
    pub fn start(
        name: &'static str,
        address: SocketAddr,
        ready: &str,
        mut command: Command,
        log: &Path,
        database: Worker,
    ) -> Result<Self> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let begin = Instant::now();
        let child =
            command.spawn().map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
        let mut server = Self { name, address, ready_after: Duration::ZERO, child, log: log.to_owned(), database };
        while !answers_ok(address, ready) {
            if let Some(status) = server.child.try_wait()? {
                return Err(server.complain(&format!("ended before it was ready, {status}")));
            }
            if begin.elapsed() > PATIENCE {
                return Err(server.complain("is not ready after 30 s"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = begin.elapsed();
        Ok(server)
    }

    /// The processor time that the process and its database have used so far.
    pub fn cpu(&self) -> Result<Cpu> {
        Cpu::now(self.child.id(), self.database)
    }

    /// The memory that the process holds now, in bytes.
    pub fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The part of it that is the process's own, and not pages of the program's file that the system has in memory anyway.
    pub fn own_memory(&self) -> Result<u64> {
        self.memory("RssAnon:")
    }

    fn memory(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.ok_or_else(|| format!("no {name} in /proc"))?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Asks the process to end (SIGTERM) and waits until it has, so that its database file is whole and closed.
    pub fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("the child has no pid")?;
        kill_process(pid, Signal::TERM)?;
        let begin = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) if ended_as_asked(status) => return Ok(()),
                Some(status) => return Err(self.complain(&format!("did not stop cleanly, {status}"))),
                None if begin.elapsed() > PATIENCE => return Err(self.complain("does not stop within 30 s")),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// An error that names the server and ends with the last lines of its log.
    fn complain(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(15)..].join("\n");
        format!("{} {what}; the end of its log:\n{tail}", self.name).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A loopback address that was free a moment ago.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn ended_as_asked(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.success() || status.signal() == Some(Signal::TERM.as_raw())
}

fn answers_ok(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut head = [0_u8; 12];
        stream.read_exact(&mut head)?;
        Ok(&head == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

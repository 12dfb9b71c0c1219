//! A worker in a process of its own, which can be stopped and killed.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Client, signal, soon};

/// See `worker.py`. Dropping it kills it.
pub struct WorkerProcess {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl WorkerProcess {
    /// Starts a worker that takes one job as this runner, and shows a sign of life every so many seconds.
    pub fn start(runner: &Client, heartbeat_seconds: f64) -> Self {
        let mut child = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/drills/worker.py"))
            .args([runner.url("/graphql"), heartbeat_seconds.to_string()])
            .env("DOCKET_TEST_TOKEN", runner.token.as_deref().expect("a runner"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 is there: ./test installs it");
        let orders = child.stdin.take().expect("a pipe");
        let reports = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, orders, reports }
    }

    /// Waits for its next report of this kind.
    pub async fn report(&mut self, kind: &str) -> Json {
        loop {
            let line = soon("a report of the worker", self.reports.next_line()).await.expect("text");
            let report: Json = serde_json::from_str(&line.expect("it runs")).expect("JSON");
            if !report[kind].is_null() {
                return report[kind].clone();
            }
        }
    }

    /// Tells it to finish its job.
    pub async fn finish(&mut self) {
        self.orders.write_all(b"finish\n").await.expect("it runs");
    }

    /// SIGSTOP: it holds its job and says nothing, as a machine that swaps or a laptop whose lid is closed.
    pub fn stop(&self) {
        signal(&self.child, Signal::STOP);
    }

    /// SIGCONT.
    pub fn go_on(&self) {
        signal(&self.child, Signal::CONT);
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        soon("the killed worker to end", self.child.wait()).await.expect("it ends");
    }
}

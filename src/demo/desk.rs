//! One job in a worker's hands: everything that is said about it goes through here, under its lease.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{Client, Fault};

/// Tries to hand in a result, two seconds apart.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// A claimed job.
#[derive(Debug)]
pub(super) struct Desk {
    client: Client,
    lease: String,
}

/// Why the work on a job stops before it has results.
#[derive(Debug)]
pub(super) enum Stop {
    /// The parameters cannot be worked on.
    BadInput(String),
    /// Somebody asked for it.
    Cancelled,
    /// The worker is at fault.
    Broken(String),
    /// The job is no longer this worker's: nothing is left to say.
    Lost,
}

const HEARTBEAT: &str = "mutation Heartbeat($input: WorkHeartbeatInput!) {
    report: workHeartbeat(input: $input) { cancelRequested }
}";
const LOG: &str = "mutation Log($input: WorkLogInput!) { report: workLog(input: $input) { cancelRequested } }";
const COMPLETE: &str = "mutation Complete($input: WorkCompleteInput!) { workComplete(input: $input) { job { id } } }";
const FAIL: &str = "mutation Fail($input: WorkFailInput!) { workFail(input: $input) { job { id } } }";
const RELEASE: &str = "mutation Release($input: WorkReleaseInput!) { workRelease(input: $input) { job { id } } }";

impl Desk {
    pub const fn new(client: Client, lease: String) -> Self {
        Self { client, lease }
    }

    /// A heartbeat with progress, 0 to 1.
    pub async fn report(&self, progress: f64, message: &str) -> Result<(), Stop> {
        let input = json!({ "leaseToken": self.lease, "progress": progress, "message": message });
        self.say(HEARTBEAT, input).await
    }

    /// Appends to the job's log.
    pub async fn log(&self, text: &str) -> Result<(), Stop> {
        self.say(LOG, json!({ "leaseToken": self.lease, "text": text })).await
    }

    /// A word that did not get through harms nothing while the lease lasts: the next one may.
    async fn say(&self, document: &str, input: Value) -> Result<(), Stop> {
        match self.client.run(document, json!({ "input": input })).await {
            Ok(data) if data.pointer("/report/cancelRequested") == Some(&Value::Bool(true)) => Err(Stop::Cancelled),
            Ok(_) => Ok(()),
            Err(fault) if fault.may_pass() => {
                tracing::debug!(%fault, "a report did not get through");
                Ok(())
            }
            Err(fault) => {
                tracing::debug!(%fault, "a job was lost");
                Err(Stop::Lost)
            }
        }
    }

    /// Hands in what came out of the work.
    pub async fn finish(&self, outcome: Result<Value, Stop>) {
        let lease = &self.lease;
        let failure = |kind: &str, code: &str, message: String| json!({ "leaseToken": lease, "kind": kind, "code": code, "message": message });
        let (document, input) = match outcome {
            Ok(results) => (COMPLETE, json!({ "leaseToken": lease, "results": results })),
            Err(Stop::Lost) => return,
            Err(Stop::Cancelled) => (FAIL, failure("USER", "cancelled", "Stopped, as was asked for.".into())),
            Err(Stop::BadInput(why)) => (FAIL, failure("USER", "bad-input", why)),
            Err(Stop::Broken(why)) => (FAIL, failure("SYSTEM", "broken", why)),
        };
        for attempt in 1..=TRIES {
            match self.client.run(document, json!({ "input": &input })).await {
                Ok(_) => return,
                Err(fault) if fault.may_pass() && attempt < TRIES => sleep(PAUSE).await,
                // Among others LEASE_LOST, when the answer to an earlier try was lost on its way.
                Err(fault) => return tracing::debug!(%fault, "the end of a job was not taken"),
            }
        }
    }

    /// Hands the job back unharmed.
    pub async fn release(&self) -> Result<(), Fault> {
        self.client.run(RELEASE, json!({ "input": { "leaseToken": self.lease } })).await.map(|_| ())
    }
}

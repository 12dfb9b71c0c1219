//! A worker process in miniature: it registers, claims, works, and leaves. It knows of docket what the public API says.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Fault, text};
use super::desk::Desk;
use super::work::Work;
use crate::error::Code;

/// Seconds that one claim waits for a job.
const WAIT_SECONDS: u32 = 20;
/// Between two signs that the service is being run, well within its timeout.
const CHECK_IN: Duration = Duration::from_secs(15);
/// After a claim that failed.
const PAUSE: Duration = Duration::from_secs(2);

const REGISTER: &str = "mutation Register($input: RunnerRegisterInput!) {
    runnerRegister(input: $input) { runner { id } }
}";
const UNREGISTER: &str = "mutation Unregister { runnerUnregister { runner { id } } }";
const CHECK_IN_SERVICE: &str = "mutation CheckIn($input: ServiceCheckInInput!) {
    serviceCheckIn(input: $input) { service { id } }
}";
const CLAIM: &str = "mutation Claim($input: WorkClaimInput!) {
    workClaim(input: $input) { leases { token job { parameters } } }
}";

/// A worker with its runner's token.
#[derive(Debug)]
pub(super) struct Worker {
    pub client: Client,
    pub work: Work,
    pub service_id: String,
    /// Jobs that it works on at once.
    pub slots: usize,
}

impl Worker {
    /// Works until `stop`, then hands back what it holds.
    pub async fn run(self, stop: CancellationToken) {
        let registered = self.client.run(REGISTER, json!({ "input": { "slots": self.slots } })).await;
        if let Err(fault) = registered {
            tracing::warn!(%fault, service = self.work.profile().name, "a worker of the demo cannot register");
            return;
        }
        let slots = join_all((0..self.slots).map(|_| self.fill_slot(&stop)));
        tokio::join!(slots, self.check_in(&stop));
        if let Err(fault) = self.client.run(UNREGISTER, json!({})).await {
            tracing::debug!(%fault, "a worker of the demo left without a word");
        }
    }

    async fn check_in(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let checked = self.client.run(CHECK_IN_SERVICE, json!({ "input": { "serviceId": self.service_id } })).await;
            if let Err(fault) = checked {
                tracing::debug!(%fault, "a check-in was not taken");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(CHECK_IN) => {}
            }
        }
    }

    /// One job after the other.
    async fn fill_slot(&self, stop: &CancellationToken) {
        loop {
            let claimed = tokio::select! {
                () = stop.cancelled() => return,
                claimed = self.claim() => claimed,
            };
            match claimed {
                Ok(None) => {}
                Ok(Some((desk, parameters))) => self.work_at(&desk, parameters, stop).await,
                Err(fault) if fault.is(Code::Unauthenticated) => {
                    tracing::warn!(service = self.work.profile().name, "a runner of the demo was removed");
                    return;
                }
                Err(fault) => {
                    tracing::debug!(%fault, "a claim failed");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = sleep(PAUSE) => {}
                    }
                }
            }
        }
    }

    async fn claim(&self) -> Result<Option<(Desk, Value)>, Fault> {
        let input = json!({ "max": 1, "waitSeconds": WAIT_SECONDS });
        let data = self.client.run(CLAIM, json!({ "input": input })).await?;
        let Some(lease) = data.pointer("/workClaim/leases/0") else { return Ok(None) };
        let desk = Desk::new(self.client.clone(), text(lease, "/token")?);
        Ok(Some((desk, lease.pointer("/job/parameters").cloned().unwrap_or_default())))
    }

    async fn work_at(&self, desk: &Desk, parameters: Value, stop: &CancellationToken) {
        tokio::select! {
            outcome = self.work.run(desk, parameters) => desk.finish(outcome).await,
            () = stop.cancelled() => {
                if let Err(fault) = desk.release().await {
                    tracing::debug!(%fault, "a job was not handed back");
                }
            }
        }
    }
}

//! The demo's customer: submits jobs, and removes its oldest finished ones.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::client::{Client, Fault, text};
use super::sample::Sample;
use super::work::Work;

/// Jobs at the start.
const FIRST: usize = 3;
/// Between two jobs after that.
const EVERY: Duration = Duration::from_secs(5);
/// Jobs of `demo` that are kept.
pub(super) const KEPT: u64 = 200;
/// Jobs that are removed between two submissions at most: as many as a page holds.
const PAGE: u64 = 100;

const VIEWER: &str = "query Viewer { viewer { user { id } } }";
const COUNT: &str =
    "query CountJobs($owner: ID!) { jobs(first: 1, filter: { ownerId: { eq: $owner } }) { totalCount } }";
const FINISHED: &str = "query FinishedJobs($owner: ID!, $first: Int!) {
    jobs(first: $first, order: SUBMITTED_AT_ASC, filter: {
        ownerId: { eq: $owner }, status: { in: [SUCCEEDED, FAILED, CANCELLED] }
    }) { nodes { id } }
}";
const DELETE: &str = "mutation RemoveJob($input: JobDeleteInput!) { jobDelete(input: $input) { job { id } } }";
const SUBMIT: &str = "mutation Submit($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id } } }";

/// Submits jobs in the name of `demo`.
#[derive(Debug)]
pub(super) struct Feed {
    pub client: Client,
    /// The id of each service.
    pub services: Vec<(Work, String)>,
}

impl Feed {
    /// Submits until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = String::new();
        for count in 0.. {
            if count >= FIRST {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = ticks.tick() => {}
                }
            }
            let now = self.step(count).await.err().map(|fault| fault.to_string()).unwrap_or_default();
            // Once, not every five seconds.
            if !now.is_empty() && now != trouble {
                tracing::warn!("the demo could not submit a job: {now}");
            }
            trouble = now;
        }
    }

    async fn step(&self, count: usize) -> Result<(), Fault> {
        if !self.make_room().await? {
            return Ok(());
        }
        let sample = Sample::nth(count);
        let Some((_, service_id)) = self.services.iter().find(|(work, _)| *work == sample.work) else { return Ok(()) };
        let input = json!({ "serviceId": service_id, "parameters": sample.parameters, "priority": sample.priority });
        self.client.run(SUBMIT, json!({ "input": input })).await?;
        Ok(())
    }

    /// Removes finished jobs until one more is within the bound; whether it is.
    async fn make_room(&self) -> Result<bool, Fault> {
        let owner = text(&self.client.run(VIEWER, json!({})).await?, "/viewer/user/id")?;
        let counted = self.client.run(COUNT, json!({ "owner": owner })).await?;
        let total = counted.pointer("/jobs/totalCount").and_then(Value::as_u64).unwrap_or(0);
        let surplus = (total + 1).saturating_sub(KEPT);
        if surplus == 0 {
            return Ok(true);
        }
        let variables = json!({ "owner": owner, "first": surplus.min(PAGE) });
        let finished = self.client.run(FINISHED, variables).await?;
        let finished = finished.pointer("/jobs/nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut removed = 0;
        for job in finished {
            self.client.run(DELETE, json!({ "input": { "jobId": job["id"] } })).await?;
            removed += 1;
        }
        Ok(removed >= surplus)
    }
}

//! What the drills work with: processes that can be killed, and clients that know no more than any client does.

mod client;
mod cluster;
mod follower;
mod raw;
mod server;
mod site;
mod turns;
mod worker;

use std::time::Duration;

pub use client::{Client, Failed, Lease, answered, mutation};
pub use cluster::Cluster;
pub use follower::{Event, Follower, follow_sse};
pub use raw::Wire;
pub use server::{Server, signal};
pub use site::Site;
pub use turns::Turns;
pub use worker::WorkerProcess;

/// Longer than anything here takes at the smaller size; a drill that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the drills run at the size of the promises, and with their bounds. By default they are smaller, because a
/// build without optimisation on two busy cores would need minutes:
///
///     DOCKET_TEST_FULL=1 cargo nextest run --release --profile full drills
pub fn full() -> bool {
    std::env::var_os("DOCKET_TEST_FULL").is_some()
}

/// The size of a drill: as promised, or as the suite can afford.
pub fn sized<T>(promised: T, affordable: T) -> T {
    if full() { promised } else { affordable }
}

/// Waits for something that is bound to happen.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(sized(5, 1) * PATIENCE, event).await else { panic!("waited in vain: {what}") };
    value
}

//! What a job costs and how long it may run, settled at its submission: later changes of the service do not touch it.

use entity::{Amount, service};

use crate::domain::{account::Price, check::Faults};

/// Processors of a job at most.
pub const CPUS_MOST: i32 = 100_000;
/// Seconds of a run at most, where the service has no bound of its own.
const RUN_MOST: i32 = 2_592_000;

/// The terms that a job is submitted under.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Terms {
    pub price: Price,
    pub cpus: i32,
    pub max_run_seconds: Option<i32>,
    /// What to hold for it.
    pub hold: Amount,
}

impl Terms {
    /// The terms of a job on so many processors that wants to run for so long; what is wrong with the wishes is noted.
    pub fn of(service: &service::Model, cpus: Option<i32>, max_run_seconds: Option<i32>, faults: &mut Faults) -> Self {
        let cpus = cpus.unwrap_or(1);
        faults.range("cpus", i64::from(cpus), 1, i64::from(CPUS_MOST));
        if let Some(seconds) = max_run_seconds {
            let most = service.max_run_seconds.unwrap_or(RUN_MOST);
            faults.range("maxRunSeconds", i64::from(seconds), 1, i64::from(most));
        }
        let max_run_seconds = max_run_seconds.or(service.max_run_seconds);
        let price = Price::of(service, cpus);
        let hold = price.and_then(|price| price.hold(max_run_seconds));
        if hold.is_none() {
            faults.add("cpus", format!("The job could cost more than {}, which is the most.", Amount::MOST));
        }
        Self { price: price.unwrap_or_default(), cpus, max_run_seconds, hold: hold.unwrap_or_default() }
    }
}

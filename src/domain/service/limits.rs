//! What bounds a service's jobs.

use super::RESULTS_MOST;
use crate::domain::check::Faults;

/// A bound that may also be lifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// It stays as it is, or follows the server's configuration when new.
    #[default]
    Unchanged,
    /// There is none.
    Lifted,
    /// This many.
    At(i32),
}

impl Bound {
    /// The bound where it was, or would be, `present`.
    #[must_use]
    pub const fn over(self, present: Option<i32>) -> Option<i32> {
        match self {
            Self::Unchanged => present,
            Self::Lifted => None,
            Self::At(most) => Some(most),
        }
    }
}

impl From<Option<i32>> for Bound {
    fn from(most: Option<i32>) -> Self {
        most.map_or(Self::Unchanged, Self::At)
    }
}

/// Bounds of a service's jobs; what is absent stays as it is, or follows the server's configuration when new.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Seconds without check-in until it counts as timed out, 1 to 31,536,000.
    pub timeout_seconds: Option<i32>,
    /// Attempts of a job, 1 to 100.
    pub max_attempts: Bound,
    /// Seconds that a claim lasts without a heartbeat, 1 to 86,400.
    pub lease_seconds: Option<i32>,
    /// Seconds that one attempt may run, 1 to 2,592,000 (30 days).
    pub max_run_seconds: Bound,
    /// Whether an attempt that ran too long is tried again.
    pub retry_timeouts: Option<bool>,
    /// Bytes of JSON that results may have, 1,024 to [`RESULTS_MOST`]. A new service follows the server's setting.
    pub max_result_bytes: Bound,
    /// Jobs that may be held at once, 1 to 10,000. A new service has no bound.
    pub max_running: Bound,
    /// Jobs of one user that may be held at once, 1 to 1,000. A new service has no bound.
    pub max_running_per_user: Bound,
}

impl Limits {
    pub(super) fn check(self, faults: &mut Faults) {
        let bounds = [
            ("timeoutSeconds", self.timeout_seconds, 31_536_000),
            ("maxAttempts", self.max_attempts.over(None), 100),
            ("leaseSeconds", self.lease_seconds, 86_400),
            ("maxRunSeconds", self.max_run_seconds.over(None), 2_592_000),
            ("maxRunning", self.max_running.over(None), 10_000),
            ("maxRunningPerUser", self.max_running_per_user.over(None), 1_000),
        ];
        for (path, value, most) in bounds {
            if let Some(value) = value {
                faults.range(path, i64::from(value), 1, most);
            }
        }
        if let Some(bytes) = self.max_result_bytes.over(None) {
            faults.range("maxResultBytes", i64::from(bytes), 1_024, RESULTS_MOST);
        }
    }
}

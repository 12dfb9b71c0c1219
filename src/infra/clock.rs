//! The time, in microseconds, and the only place that asks the system for it.
//!
//! Leases must be judged by one clock. On SQLite the database is a library inside this process and has no clock of its
//! own: this machine's time *is* the database's time. With a database server the time of a statement comes from the
//! server, and this clock only serves what is not compared between replicas.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

/// System time plus an offset, which only tests move. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Microseconds since 1970, UTC: what the database stores.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now_micros(&self) -> i64 {
        let system = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -micros(before.duration()),
        };
        system.saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// The same as [`Clock::now_micros`]. Never finer than a microsecond, so that a stored time equals the one it was
    /// made from.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.now_micros()).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Moves this clock, and every clone of it, forward: how a test lets a lease expire without waiting.
    pub fn advance(&self, by: Duration) {
        self.offset.fetch_add(micros(by), Ordering::Relaxed);
    }
}

/// Saturates after 292,000 years.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_storage_in_microseconds() {
        let now = Clock::new().now();
        assert_eq!(DateTime::from_timestamp_micros(now.timestamp_micros()), Some(now));
        assert!(now.timestamp_micros() > 1_700_000_000_000_000, "{now} is not this century");
    }

    #[test]
    fn clones_move_together() {
        let clock = Clock::new();
        let clone = clock.clone();
        let before = clone.now_micros();
        clock.advance(Duration::from_hours(1));
        assert!(clone.now_micros() - before >= 3_600_000_000);
        assert!(clone.now_micros() - before < 3_660_000_000);
    }
}

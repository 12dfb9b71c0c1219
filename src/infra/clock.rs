//! The time, in microseconds, and the only place that asks the system for it.
//!
//! Leases must be judged by one clock, and it is the database's. SQLite is a library inside this process: this
//! machine's time *is* the database's time. A database server has a clock of its own, which this one follows: it counts
//! on from the last good reading, so that every replica tells the same time, to within half a round trip, without
//! asking.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

/// What this machine's counter may gain or lose on the database's clock between two readings: one part in so many.
const DRIFT: i64 = 10_000;

/// System time, or the time of the database that it follows, plus an offset which only tests move. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
    followed: Arc<Followed>,
}

/// The clock of a database server.
#[derive(Debug)]
struct Followed {
    /// Where [`Clock::ticks`] counts from.
    start: Instant,
    /// The database's time at `start`; [`NOBODY`] as long as there is none.
    at_start: AtomicI64,
    /// The last reading that was believed.
    last: Mutex<Option<Reading>>,
}

const NOBODY: i64 = i64::MIN;

impl Default for Followed {
    fn default() -> Self {
        Self { start: Instant::now(), at_start: AtomicI64::new(NOBODY), last: Mutex::default() }
    }
}

/// What a database said when it was asked for the time, and between which [`Clock::ticks`] it said so.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Microseconds since 1970.
    pub micros: i64,
    /// Before the question.
    pub asked: i64,
    /// After the answer.
    pub answered: i64,
}

impl Reading {
    /// How wrong it may be, in microseconds.
    #[must_use]
    pub const fn doubt(&self) -> i64 {
        (self.answered - self.asked) / 2
    }

    /// The time at tick 0.
    const fn at_start(&self) -> i64 {
        self.micros - i64::midpoint(self.asked, self.answered)
    }
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
        let now = match self.followed.at_start.load(Ordering::Relaxed) {
            NOBODY => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => micros(since),
                Err(before) => -micros(before.duration()),
            },
            at_start => at_start.saturating_add(self.ticks()),
        };
        now.saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// The same as [`Clock::now_micros`]. Never finer than a microsecond, so that a stored time equals the one it was
    /// made from.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.now_micros()).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Microseconds on a counter that never jumps, from some moment on.
    #[must_use]
    pub fn ticks(&self) -> i64 {
        micros(self.followed.start.elapsed())
    }

    /// Follows the clock that gave this reading. A reading that says less than what is known already is passed over.
    pub fn follow(&self, reading: Reading) {
        let mut last = self.followed.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = *last {
            let off = (reading.at_start() - last.at_start()).abs();
            let doubt = last.doubt() + (reading.asked - last.answered) / DRIFT;
            if off <= reading.doubt() && doubt <= reading.doubt() {
                return;
            }
        }
        self.followed.at_start.store(reading.at_start(), Ordering::Relaxed);
        *last = Some(reading);
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

    #[test]
    fn it_follows_the_best_reading() {
        const THEN: i64 = 1_000_000_000_000_000;
        let clock = Clock::new();
        let at = |micros, asked, answered| Reading { micros, asked, answered };
        let told = || clock.now_micros() - clock.ticks();
        clock.follow(at(THEN + 500, 0, 1_000));
        assert!((told() - THEN).abs() < 100, "the time is that of the middle");
        clock.follow(at(THEN + 2_000, 2_000, 12_000));
        assert!((told() - THEN).abs() < 100, "a slow answer that contradicts nothing says nothing");
        clock.follow(at(THEN + 20_250, 20_000, 20_100));
        assert!((told() - THEN - 200).abs() < 100, "a quick one is better");
        clock.follow(at(THEN - 5_000_000, 30_000, 34_000));
        assert!(told() < THEN - 4_000_000, "a clock that was set is followed");
    }
}

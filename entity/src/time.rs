//! Moments as the database stores them.

use chrono::{DateTime, Utc};
use sea_orm::DeriveValueType;

/// A moment in microseconds since the Unix epoch (UTC), stored as a 64-bit integer.
///
/// An integer compares, indexes and adds the same way on every database, and costs no parsing when a page of rows is
/// read; `datetime(created_at / 1000000, 'unixepoch')` shows it to a person in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Time(pub i64);

impl Time {
    /// This moment, `seconds` later (earlier when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds from `earlier` to this moment, rounded down.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000_000)
    }

    /// As a calendar time. Moments outside chrono's range, which no clock here can produce, become the epoch.
    #[must_use]
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(value: DateTime<Utc>) -> Self {
        Self(value.timestamp_micros())
    }
}

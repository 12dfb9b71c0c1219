//! What a job costs. Nothing here reads or writes anything.

use entity::{Amount, job, service};

/// Microseconds in an hour.
const HOUR: i128 = 3_600_000_000;

/// The price that a job is submitted under, its processors multiplied in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// In any case.
    pub per_job: Amount,
    /// For each hour that it runs.
    pub per_hour: Amount,
}

impl Price {
    /// The price of a job on this many processors; none when an hour of it costs more than can be counted.
    #[must_use]
    pub fn of(service: &service::Model, cpus: i32) -> Option<Self> {
        let wide = |price: Option<Amount>| price.unwrap_or_default().wide();
        let per_hour = wide(service.price_per_hour) + wide(service.price_per_cpu_hour) * i128::from(cpus);
        Some(Self { per_job: service.price_per_job.unwrap_or_default(), per_hour: Amount::new(per_hour)? })
    }

    /// The price that a job was submitted under.
    #[must_use]
    pub const fn of_job(job: &job::Model) -> Self {
        Self { per_job: job.price_per_job, per_hour: job.price_per_hour }
    }

    /// Whether nothing ever costs anything.
    #[must_use]
    pub fn is_free(self) -> bool {
        self == Self::default()
    }

    /// What is held for a job that may run for so long; none when that is more than can be counted.
    #[must_use]
    pub fn hold(self, max_run_seconds: Option<i32>) -> Option<Amount> {
        let micros = i64::from(max_run_seconds.unwrap_or(0)) * 1_000_000;
        Amount::new(self.per_job.wide() + self.time(micros))
    }

    /// What a job owes that has come to its end, before any rule bounds it.
    ///
    /// It pays for what its owner is answerable for: results, and failures of the input or for the time. Of a cancelled
    /// job only the time is paid; of one that failed through workers, nothing.
    #[must_use]
    pub fn due(self, status: job::Status, failure: Option<job::FailureKind>, ran_micros: i64) -> Amount {
        use job::{FailureKind as Failure, Status};
        let whole = match (status, failure) {
            (Status::Cancelled, _) => self.time(ran_micros),
            (Status::Succeeded, _)
            | (Status::Failed, Some(Failure::User | Failure::Timeout | Failure::ResultInvalid)) => {
                self.per_job.wide() + self.time(ran_micros)
            }
            // The last four are not at their end.
            (Status::Failed, Some(Failure::System | Failure::Lost) | None)
            | (Status::Scheduled | Status::Queued | Status::Claimed | Status::Running, _) => 0,
        };
        Amount::clamped(whole)
    }

    /// What so many microseconds cost, rounded half to even.
    fn time(self, micros: i64) -> i128 {
        let exact = self.per_hour.wide() * i128::from(micros.max(0));
        let (floor, rest) = (exact / HOUR, exact % HOUR);
        let up = rest * 2 > HOUR || (rest * 2 == HOUR && floor % 2 == 1);
        floor + i128::from(up)
    }
}

#[cfg(test)]
mod tests {
    use entity::job::{FailureKind, Status};
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::*;

    const fn price(per_job: i64, per_hour: i64) -> Price {
        Price { per_job: Amount(per_job), per_hour: Amount(per_hour) }
    }

    #[test]
    fn the_hold_is_the_price_of_the_longest_run() {
        assert_eq!(price(250_000, 6_000_000).hold(Some(600)), Some(Amount(1_250_000)));
        assert_eq!(price(250_000, 0).hold(None), Some(Amount(250_000)));
        assert_eq!(price(Amount::MOST.0, 1).hold(Some(7200)), None, "more than can be counted");
    }

    #[test]
    fn halves_go_to_the_even_millionth() {
        // A millionth an hour: half of it is half an hour.
        let half = |hours_times_two: i64| price(0, 1).time(1_800_000_000 * hours_times_two);
        assert_eq!([half(1), half(2), half(3), half(5), half(7)], [0, 1, 2, 2, 4]);
    }

    #[test]
    fn only_what_its_owner_answers_for_is_due() {
        let hour = 3_600_000_000;
        let due = |status, failure| price(1, 10).due(status, failure, hour).0;
        assert_eq!(due(Status::Succeeded, None), 11);
        for (kind, expected) in [
            (FailureKind::User, 11),
            (FailureKind::Timeout, 11),
            (FailureKind::ResultInvalid, 11),
            (FailureKind::System, 0),
            (FailureKind::Lost, 0),
        ] {
            assert_eq!(due(Status::Failed, Some(kind)), expected, "{kind:?}");
        }
        assert_eq!(due(Status::Cancelled, None), 10);
        assert_eq!(price(1, 10).due(Status::Cancelled, None, 0), Amount::ZERO, "it never ran");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// One run within its time never owes more than was held for it, whatever the price.
        #[test]
        fn a_run_within_its_time_is_paid_by_its_hold(
            per_job in 0..=Amount::MOST.0, per_hour in 0..=Amount::MOST.0,
            limit in 1..=2_592_000_i32, share in 0..=1_000_000_i64, even_more in any::<i64>(),
        ) {
            let price = price(per_job, per_hour);
            let ran = i64::from(limit) * share;
            if let Some(hold) = price.hold(Some(limit)) {
                for (status, failure) in [(Status::Succeeded, None), (Status::Cancelled, None)] {
                    let due = price.due(status, failure, ran);
                    assert!((0..=hold.0).contains(&due.0), "{due} of {hold}");
                }
            }
            let due = price.due(Status::Succeeded, None, even_more);
            assert!(due.in_bounds() && due.0 >= 0, "{due}");
        }
    }
}

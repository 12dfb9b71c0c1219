//! A Monte-Carlo estimate of pi: the share of random points of the unit square that lie inside the quarter circle.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::desk::{Desk, Stop};
use super::work;
use crate::infra::rng::{SeededRng, draw_seed};

/// Points between two looks at the clock: some hundredths of a second, in a debug build too.
const SLICE: u32 = 100_000;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    samples: u32,
    seconds: u32,
    seed: Option<u32>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { samples: 1_000_000, seconds: 5, seed: None }
    }
}

/// The points so far.
#[derive(Debug)]
struct Estimate {
    rng: SeededRng,
    samples: u32,
    hits: u32,
}

impl Estimate {
    fn new(seed: u32) -> Self {
        Self { rng: SeededRng::new(u64::from(seed)), samples: 0, hits: 0 }
    }

    fn throw(&mut self, points: u32) {
        for _ in 0..points {
            let (x, y) = self.rng.point();
            self.hits += u32::from(x * x + y * y < 1.0);
        }
        self.samples += points;
    }

    /// Not a number before the first point.
    fn share(&self) -> f64 {
        f64::from(self.hits) / f64::from(self.samples)
    }

    fn pi(&self) -> f64 {
        4.0 * self.share()
    }

    fn standard_error(&self) -> f64 {
        4.0 * (self.share() * (1.0 - self.share()) / f64::from(self.samples)).sqrt()
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    pi: f64,
    standard_error: f64,
    samples: u32,
    hits: u32,
    seed: u32,
}

/// Does the job at this desk, and reports every second.
pub(super) async fn run(desk: &Desk, parameters: Value) -> Result<Value, Stop> {
    let asked: Parameters = work::parameters(parameters)?;
    let seed = asked.seed.unwrap_or_else(draw_seed);
    let Parameters { samples, seconds, .. } = asked;
    desk.log(&format!("Throwing {samples} points within {seconds} s, with the seed {seed}.\n")).await?;
    let start = Instant::now();
    let mut estimate = Estimate::new(seed);
    for second in 1..=seconds {
        sleep_until(start + SECOND * second).await;
        let mut reported = Instant::now();
        let due = due(samples, second, seconds);
        while estimate.samples < due {
            let points = SLICE.min(due - estimate.samples);
            estimate = work::compute(move || {
                estimate.throw(points);
                estimate
            })
            .await?;
            let is_late = reported.elapsed() >= SECOND;
            if estimate.samples < samples && (is_late || estimate.samples == due) {
                reported = Instant::now();
                desk.report(progress(estimate.samples, samples), &tell(&estimate)).await?;
            }
        }
    }
    desk.log(&format!("{}.\n", tell(&estimate))).await?;
    work::results(&Results {
        pi: estimate.pi(),
        standard_error: estimate.standard_error(),
        samples: estimate.samples,
        hits: estimate.hits,
        seed,
    })
}

/// How many of `samples` are to be thrown by the end of this second.
fn due(samples: u32, second: u32, seconds: u32) -> u32 {
    let share = u64::from(samples) * u64::from(second) / u64::from(seconds.max(1));
    u32::try_from(share).unwrap_or(samples)
}

/// To the thousandth, which is enough for a bar.
fn progress(done: u32, samples: u32) -> f64 {
    (f64::from(done) / f64::from(samples) * 1000.0).round() / 1000.0
}

fn tell(estimate: &Estimate) -> String {
    let (pi, error, samples) = (estimate.pi(), estimate.standard_error(), estimate.samples);
    format!("pi is about {pi:.4} +- {error:.4} after {samples} points")
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn estimate(seed: u32, slices: &[u32]) -> Estimate {
        let mut estimate = Estimate::new(seed);
        for points in slices {
            estimate.throw(*points);
        }
        estimate
    }

    #[test]
    fn the_estimate_lies_within_its_errors() {
        for seed in 0..5 {
            let estimate = estimate(seed, &[100_000]);
            let (pi, error) = (estimate.pi(), estimate.standard_error());
            assert!((0.0051..0.0053).contains(&error), "{error}");
            // Four errors: once in 16,000 seeds, and not for these.
            assert!((pi - PI).abs() < 4.0 * error, "{seed}: {pi} +- {error}");
        }
    }

    #[test]
    fn slices_change_nothing() {
        assert_eq!(estimate(7, &[10_000]).hits, estimate(7, &[1, 2_999, 7_000]).hits);
        assert_ne!(estimate(7, &[10_000]).hits, estimate(8, &[10_000]).hits);
    }

    #[test]
    fn the_points_are_spread_and_complete() {
        for (samples, seconds) in [(1_000, 7), (20_000_000, 120), (5_000, 1)] {
            let thrown: Vec<u32> = (1..=seconds).map(|second| due(samples, second, seconds)).collect();
            assert!(thrown.is_sorted() && thrown[0] > 0);
            assert_eq!(thrown.last(), Some(&samples));
        }
    }
}

//! Load: several connections that repeat one operation for a bounded time, and what it cost the server.

use std::time::{Duration, Instant};

use futures_util::future::{LocalBoxFuture, try_join_all};

use crate::Result;
use crate::client::Connection;
use crate::cpu::Cpu;
use crate::server::Server;

/// How hard, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections that send at the same time, each one request at a time.
    pub connections: usize,
    /// The length of one measurement.
    pub time: Duration,
    /// Measurements of each contender; the table shows their medians.
    pub rounds: usize,
}

/// What one connection repeats. It fails when an answer is not what it should be, which ends the whole run.
pub trait Operation {
    /// Does it once.
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<()>>;
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Operations a second, all connections together.
    pub per_second: f64,
    /// The time that half of the operations took at most, in milliseconds.
    pub p50: f64,
    /// The time that 99 of 100 operations took at most, in milliseconds.
    pub p99: f64,
    /// The server's processor time per operation, in microseconds.
    pub cpu: f64,
    /// The database's, where it has processes of its own: 0 when it works inside the server, none when its processes
    /// cannot be seen.
    pub database: Option<f64>,
}

impl Sample {
    /// Makes the figures of what was counted.
    pub fn new(latencies: &mut [Duration], elapsed: Duration, cpu: Cpu) -> Result<Self> {
        if latencies.is_empty() {
            return Err("nothing was measured".into());
        }
        latencies.sort_unstable();
        let count = u32::try_from(latencies.len())?;
        let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(count);
        Ok(Self {
            per_second: f64::from(count) / elapsed.as_secs_f64(),
            p50: at(50),
            p99: at(99),
            cpu: each(cpu.server),
            database: cpu.database.map(each),
        })
    }

    /// The median of each figure by itself.
    pub fn median(samples: &[Self]) -> Result<Self> {
        let known = samples.iter().all(|sample| sample.database.is_some());
        let middle = |figure: fn(&Self) -> f64| median(samples.iter().map(figure).collect());
        Ok(Self {
            per_second: middle(|sample| sample.per_second)?,
            p50: middle(|sample| sample.p50)?,
            p99: middle(|sample| sample.p99)?,
            cpu: middle(|sample| sample.cpu)?,
            database: known.then(|| middle(|sample| sample.database.unwrap_or_default())).transpose()?,
        })
    }
}

/// The median of some figures; of an even number of them the lower middle one.
pub fn median(mut figures: Vec<f64>) -> Result<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().ok_or_else(|| "no figures to take a median of".into())
}

/// A server and what is asked of it.
pub trait Contender {
    /// What the table calls it.
    fn name(&self) -> &'static str;
    /// Measures once, for `time`.
    fn measure(&self, connections: usize, time: Duration) -> LocalBoxFuture<'_, Result<Sample>>;
}

/// A contender whose connections repeat an [`Operation`].
pub struct Repeat<'a> {
    /// What the table calls it.
    pub name: &'static str,
    /// The server that is asked.
    pub server: &'a Server,
    /// Makes the operation of each connection, by the connection's number.
    pub operation: Box<dyn Fn(usize) -> Box<dyn Operation + 'a> + 'a>,
}

impl Contender for Repeat<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, connections: usize, time: Duration) -> LocalBoxFuture<'_, Result<Sample>> {
        Box::pin(async move {
            let opened = try_join_all((0..connections).map(|_| Connection::open(self.server.address))).await?;
            let (cpu, begin) = (self.server.cpu()?, Instant::now());
            let workers = opened.into_iter().enumerate().map(|(number, mut connection)| {
                let mut operation = (self.operation)(number);
                async move {
                    let mut latencies = Vec::with_capacity(16 * 1024);
                    while begin.elapsed() < time {
                        let start = Instant::now();
                        operation.run(&mut connection).await?;
                        latencies.push(start.elapsed());
                    }
                    Result::<_>::Ok(latencies)
                }
            });
            let mut latencies = try_join_all(workers).await?.concat();
            let (elapsed, cpu) = (begin.elapsed(), self.server.cpu()?.since(cpu));
            Sample::new(&mut latencies, elapsed, cpu)
        })
    }
}

/// Measures the contenders in turn, `rounds` times after one round to warm up, and gives the medians in their
/// order. In turn, so that whatever else the machine does meets all of them alike.
pub async fn alternate(plan: Plan, contenders: &[&dyn Contender]) -> Result<Vec<Sample>> {
    let mut samples = vec![Vec::with_capacity(plan.rounds); contenders.len()];
    for round in 0..=plan.rounds {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            let time = if round == 0 { plan.time / 3 } else { plan.time };
            let sample = contender
                .measure(plan.connections, time)
                .await
                .map_err(|error| format!("{}: {error}", contender.name()))?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    samples.iter().map(|samples| Sample::median(samples)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cpu, Sample, median};

    #[test]
    fn a_sample_has_its_figures_per_operation() {
        let mut latencies: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        let cpu = Cpu { server: Duration::from_millis(50), database: Some(Duration::from_millis(20)) };
        let sample = Sample::new(&mut latencies, Duration::from_secs(2), cpu).expect("there are figures");
        let figures = [sample.per_second, sample.p50, sample.p99, sample.cpu, sample.database.unwrap_or_default()];
        for (figure, expected) in figures.into_iter().zip([50.0, 50.0, 99.0, 500.0, 200.0]) {
            assert!((figure - expected).abs() < 1e-6, "{figure} is not {expected}");
        }
        assert!(Sample::new(&mut [], Duration::from_secs(1), cpu).is_err());
    }

    #[test]
    fn the_median_is_not_moved_by_one_bad_round() {
        let middle = median(vec![900.0, 1.0, 2.0]).expect("there are figures");
        assert!((middle - 2.0).abs() < 1e-9, "{middle}");
    }
}

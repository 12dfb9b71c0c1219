//! The table, or the same as JSON.

use serde::Serialize;

use crate::load::Sample;

/// One line.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What was measured.
    pub scenario: &'static str,
    /// Whom.
    pub server: String,
    /// Operations a second.
    pub per_second: Option<f64>,
    /// Milliseconds.
    pub p50_ms: Option<f64>,
    /// Milliseconds.
    pub p99_ms: Option<f64>,
    /// Microseconds of the server's processor time per operation.
    pub cpu_us: Option<f64>,
    /// A figure that is not about requests, with its unit.
    pub figure: Option<Figure>,
    /// This server's figure over the floor's.
    pub ratio: Option<f64>,
    /// The promise about the ratio, or about the figure when there is no ratio.
    pub at_most: Option<f64>,
    /// Whether the promise holds; none when this line is only information.
    pub met: Option<bool>,
}

/// A number and what it counts.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

impl Line {
    /// A line of measured requests. `floor` is the processor time per operation to compare with, `at_most` the
    /// promised ratio.
    pub fn load(
        scenario: &'static str,
        server: &str,
        sample: &Sample,
        floor: Option<&Sample>,
        at_most: Option<f64>,
    ) -> Self {
        let ratio = floor.map(|floor| sample.cpu / floor.cpu);
        Self {
            scenario,
            server: server.to_owned(),
            per_second: Some(sample.per_second),
            p50_ms: Some(sample.p50),
            p99_ms: Some(sample.p99),
            cpu_us: Some(sample.cpu),
            figure: None,
            ratio,
            at_most,
            met: ratio.zip(at_most).map(|(ratio, at_most)| ratio <= at_most),
        }
    }

    /// A line with one figure.
    pub fn figure(scenario: &'static str, server: &str, figure: Figure, at_most: Option<f64>) -> Self {
        Self {
            scenario,
            server: server.to_owned(),
            per_second: None,
            p50_ms: None,
            p99_ms: None,
            cpu_us: None,
            ratio: None,
            at_most,
            met: at_most.map(|at_most| figure.value <= at_most),
            figure: Some(figure),
        }
    }

    fn text(&self) -> String {
        let number =
            |value: Option<f64>, digits: usize| value.map_or_else(String::new, |value| format!("{value:.digits$}"));
        let cost = match &self.figure {
            Some(figure) => format!("{:.1} {}", figure.value, figure.unit),
            None => number(self.cpu_us, 1),
        };
        let promise = match (self.at_most, self.met) {
            (Some(at_most), Some(met)) => format!("<= {at_most} {}", if met { "ok" } else { "MISSED" }),
            _ => String::new(),
        };
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x"));
        let line = format!(
            "{:<24} {:<22} {:>9} {:>8} {:>8} {:>13} {:>7}  {}",
            self.scenario,
            self.server,
            number(self.per_second, 0),
            number(self.p50_ms, 2),
            number(self.p99_ms, 2),
            cost,
            ratio,
            promise
        );
        line.trim_end().to_owned()
    }
}

/// All lines under their heading.
pub fn table(lines: &[Line]) -> String {
    let heading = format!(
        "{:<24} {:<22} {:>9} {:>8} {:>8} {:>13} {:>7}  {}",
        "scenario", "server", "per s", "p50 ms", "p99 ms", "CPU us each", "ratio", "target"
    );
    let lines: Vec<String> = lines.iter().map(Line::text).collect();
    format!("{heading}\n{}", lines.join("\n"))
}

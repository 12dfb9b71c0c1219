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
    /// Microseconds of the database's own processor time per operation; none when it has no processes of its own, or
    /// none that can be seen.
    pub database_us: Option<f64>,
    /// A figure that is not about requests, with its unit.
    pub figure: Option<Figure>,
    /// This server's cost over the other one's.
    pub ratio: Option<f64>,
    /// Whose processor time the ratio is of.
    pub ratio_of: Option<Cost>,
    /// The promise about the ratio, or about the figure when there is no ratio.
    pub at_most: Option<f64>,
    /// Whether the promise holds; none when this line is only information, or could not be measured.
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

/// What an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// The server's processor time.
    Server,
    /// That and the database's.
    ServerAndDatabase,
}

impl Cost {
    /// Microseconds per operation, as far as it is known.
    fn of(self, sample: &Sample) -> Option<f64> {
        match self {
            Self::Server => Some(sample.cpu),
            Self::ServerAndDatabase => sample.database.map(|database| sample.cpu + database),
        }
    }
}

impl Line {
    /// A line of measured requests.
    pub fn load(scenario: &'static str, server: &str, sample: &Sample) -> Self {
        Self {
            per_second: Some(sample.per_second),
            p50_ms: Some(sample.p50),
            p99_ms: Some(sample.p99),
            cpu_us: Some(sample.cpu),
            database_us: sample.database.filter(|cost| *cost > 0.0),
            ..Self::blank(scenario, server)
        }
    }

    /// The same, beside what it is compared with.
    pub fn compared(scenario: &'static str, server: &str, sample: &Sample, other: &Sample, cost: Cost) -> Self {
        let ratio = cost.of(sample).zip(cost.of(other)).map(|(own, other)| own / other);
        Self { ratio, ratio_of: ratio.map(|_| cost), ..Self::load(scenario, server, sample) }
    }

    /// A line with the processor time of one request in milliseconds, the database's included; none where that cannot
    /// be seen.
    pub fn whole_cost(scenario: &'static str, server: &str, sample: &Sample) -> Option<Self> {
        let value = Cost::ServerAndDatabase.of(sample)? / 1_000.0;
        Some(Self::figure(scenario, server, Figure { value, unit: "ms of CPU" }))
    }

    /// A line with one figure.
    pub fn figure(scenario: &'static str, server: &str, figure: Figure) -> Self {
        Self { figure: Some(figure), ..Self::blank(scenario, server) }
    }

    /// With the promise about the ratio, or about the figure where there is none.
    #[must_use]
    pub fn at_most(self, at_most: f64) -> Self {
        let promised = self.ratio.or(self.figure.as_ref().map(|figure| figure.value));
        Self { at_most: Some(at_most), met: promised.map(|value| value <= at_most), ..self }
    }

    fn blank(scenario: &'static str, server: &str) -> Self {
        Self {
            scenario,
            server: server.to_owned(),
            per_second: None,
            p50_ms: None,
            p99_ms: None,
            cpu_us: None,
            database_us: None,
            figure: None,
            ratio: None,
            ratio_of: None,
            at_most: None,
            met: None,
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
            (Some(at_most), None) => format!("<= {at_most} not measured"),
            (None, _) => String::new(),
        };
        // Where the database has no cost of its own, both ratios are the same.
        let both = self.database_us.is_some() && self.ratio_of == Some(Cost::ServerAndDatabase);
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x{}", if both { "+" } else { "" }));
        let line = format!(
            "{:<24} {:<24} {:>9} {:>8} {:>8} {:>13} {:>8} {:>7}  {}",
            self.scenario,
            self.server,
            number(self.per_second, 0),
            number(self.p50_ms, 2),
            number(self.p99_ms, 2),
            cost,
            number(self.database_us, 1),
            ratio,
            promise
        );
        line.trim_end().to_owned()
    }
}

/// All lines under their heading.
pub fn table(lines: &[Line]) -> String {
    let heading = format!(
        "{:<24} {:<24} {:>9} {:>8} {:>8} {:>13} {:>8} {:>7}  {}",
        "scenario", "server", "per s", "p50 ms", "p99 ms", "CPU us each", "database", "ratio", "target"
    );
    let lines: Vec<String> = lines.iter().map(Line::text).collect();
    format!("{heading}\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Cost, Line};
    use crate::load::Sample;

    const fn sample(cpu: f64, database: Option<f64>) -> Sample {
        Sample { per_second: 1.0, p50: 1.0, p99: 1.0, cpu, database }
    }

    #[test]
    fn a_write_is_compared_with_the_database_and_a_read_without() {
        let (docket, floor) = (sample(300.0, Some(150.0)), sample(100.0, Some(200.0)));
        let read = Line::compared("job by id", "docket", &docket, &floor, Cost::Server).at_most(2.0);
        assert_eq!((read.ratio, read.met), (Some(3.0), Some(false)));
        let write = Line::compared("life cycle", "docket", &docket, &floor, Cost::ServerAndDatabase).at_most(2.0);
        assert_eq!((write.ratio, write.met), (Some(1.5), Some(true)));
        assert!(write.text().contains("1.50x+"), "{}", write.text());
    }

    #[test]
    fn the_whole_cost_of_a_request_is_the_servers_and_the_databases() {
        let figure = |sample| Line::whole_cost("page", "docket", &sample).and_then(|line| line.figure);
        assert_eq!(figure(sample(300.0, Some(200.0))).map(|figure| figure.value), Some(0.5));
        assert!(figure(sample(300.0, None)).is_none());
    }

    #[test]
    fn a_ratio_of_what_cannot_be_seen_is_left_out_and_promises_nothing() {
        let (docket, floor) = (sample(300.0, None), sample(100.0, None));
        let line = Line::compared("life cycle", "docket", &docket, &floor, Cost::ServerAndDatabase).at_most(3.0);
        assert_eq!((line.ratio, line.met), (None, None));
        assert!(line.text().ends_with("not measured"), "{}", line.text());
    }
}

//! What can be asked of the harness.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::floor;
use crate::load::Plan;

/// Measures docket against a floor of bare axum and sqlx, on this machine, over loopback.
#[derive(Debug, Parser)]
pub struct Options {
    /// Measurements of each server in each scenario; the table shows the medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub rounds: u8,
    /// The length of one measurement, in seconds.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub seconds: f64,
    /// Connections that send at the same time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=200))]
    pub connections: u8,
    /// A PostgreSQL database, such as `postgres://user@host/database`, beside which the run makes databases of its own,
    /// and drops them at its end [default: SQLite files].
    #[arg(long, env = "DOCKET_BENCH_POSTGRES_URL", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// Only these scenarios; may be given several times.
    #[arg(long, value_enum)]
    pub only: Vec<Scenario>,
    /// Jobs that the scenario `mybrc` imports: as many as the old server had, or ten times that with 1716090.
    #[arg(long, default_value_t = 171_609, value_parser = clap::value_parser!(u32).range(2_000..=20_000_000))]
    pub rows: u32,
    /// Print one JSON document instead of the table.
    #[arg(long)]
    pub json: bool,
    /// The docket executable [default: the one beside this program, built first when cargo runs it].
    #[arg(long, env = "DOCKET_BIN")]
    pub docket: Option<PathBuf>,
    /// How the harness starts its own floor.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What this program can be besides the harness.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the floor.
    #[command(hide = true)]
    Floor(floor::Options),
}

/// One block of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// From the start of the process to the first ready answer, and the memory of the idle server.
    Start,
    /// One job by its id.
    Job,
    /// A page of 100 jobs with owner and service.
    Page,
    /// Submit alone.
    Submit,
    /// Submit, claim, complete.
    Cycle,
    /// Events delivered to websocket subscribers.
    Stream,
    /// The old REST APIs.
    Compat,
    /// Lists of 1,000 jobs and a large recording through Project-W's API.
    ProjectW,
    /// The old accounting API over `--rows` imported jobs; only when it is named: the others would find these jobs, too.
    Mybrc,
    /// A claim from a queue of 1,000 and from one of 1,000,000 jobs.
    Claim,
    /// A page in the depth of a list of 1,000,000 jobs.
    Deep,
}

impl Options {
    /// Whether a scenario was asked for.
    pub fn wants(&self, scenario: Scenario) -> bool {
        self.only.is_empty() || self.only.contains(&scenario)
    }

    /// Whether a scenario was asked for by its name.
    pub fn names(&self, scenario: Scenario) -> bool {
        self.only.contains(&scenario)
    }

    /// The load of the scenarios that repeat requests.
    pub fn plan(&self) -> Plan {
        Plan {
            connections: usize::from(self.connections),
            time: Duration::from_secs_f64(self.seconds),
            rounds: usize::from(self.rounds),
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.1 to 600".to_owned()),
    }
}

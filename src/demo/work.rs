//! What the demo's two services do.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::desk::{Desk, Stop};
use super::{pi, word_stats};

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    WordStats,
    Pi,
}

/// A service as it is described to docket.
#[derive(Debug)]
pub(super) struct Profile {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub parameters_schema: &'static str,
    pub results_schema: &'static str,
}

const WORD_STATS: Profile = Profile {
    name: "word-stats",
    title: "Word statistics",
    description: "Counts the words of a text: how many there are, how many are distinct, how long they are and which \
                  are the most frequent.",
    parameters_schema: include_str!("schemas/word-stats.parameters.json"),
    results_schema: include_str!("schemas/word-stats.results.json"),
};

const PI: Profile = Profile {
    name: "pi",
    title: "Estimate of pi",
    description: "Throws random points at a square and counts those inside the circle. It reports every second and \
                  can be cancelled.",
    parameters_schema: include_str!("schemas/pi.parameters.json"),
    results_schema: include_str!("schemas/pi.results.json"),
};

impl Work {
    pub const ALL: [Self; 2] = [Self::WordStats, Self::Pi];

    pub const fn profile(self) -> &'static Profile {
        match self {
            Self::WordStats => &WORD_STATS,
            Self::Pi => &PI,
        }
    }

    /// Does one job and returns its results.
    pub async fn run(self, desk: &Desk, parameters: Value) -> Result<Value, Stop> {
        match self {
            Self::WordStats => word_stats::run(desk, parameters).await,
            Self::Pi => pi::run(desk, parameters).await,
        }
    }
}

/// A job's parameters. The server has checked them against the service's schema, which its owner may have changed.
pub(super) fn parameters<P: DeserializeOwned>(parameters: Value) -> Result<P, Stop> {
    serde_json::from_value(parameters)
        .map_err(|error| Stop::BadInput(format!("This worker cannot use the parameters: {error}.")))
}

/// A job's results.
pub(super) fn results<R: Serialize>(results: &R) -> Result<Value, Stop> {
    serde_json::to_value(results).map_err(|error| Stop::Broken(error.to_string()))
}

/// Computes where it keeps nobody waiting.
pub(super) async fn compute<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Stop> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Stop::Broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_are_json() {
        for work in Work::ALL {
            let Profile { name, parameters_schema, results_schema, .. } = work.profile();
            for schema in [parameters_schema, results_schema] {
                let schema: Value = serde_json::from_str(schema).expect("JSON");
                assert!(schema["title"].is_string(), "{name}");
            }
        }
    }
}

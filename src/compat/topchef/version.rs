//! The two versions of the API. They differ in a few words; which one a request speaks, its path says.

use axum::response::Response;
use serde_json::{Value, json};

use super::envelope::Refused;
use super::json::reply_with;
use super::wire::Job;
use crate::compat::Call;

/// Where the routes of version 1 stand.
const FIRST: &str = "/v1";

/// What a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// July 2017 and before.
    First,
    /// What came then.
    Second,
}

impl Version {
    /// Of a path below the mount.
    pub(super) fn of(path: &str) -> Self {
        match path.strip_prefix(FIRST) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::First,
            _ => Self::Second,
        }
    }

    /// Of the route by which a call came.
    pub(super) fn spoken_by(call: &Call) -> Self {
        Self::of(call.route().path)
    }

    /// A job in full.
    pub(super) fn job(self, job: Job) -> Value {
        match self {
            Self::First => job.into_first_json(),
            Self::Second => job.into_json(),
        }
    }

    /// The schema of a job in full, made from that of version 2.
    pub(super) fn schema_of_job(self, mut schema: Value) -> Value {
        if self == Self::First {
            let properties = schema["properties"].as_object_mut();
            if let Some((properties, results)) = properties.and_then(|all| all.remove("results").map(|one| (all, one)))
            {
                properties.insert("result".to_owned(), results);
            }
            for name in schema["required"].as_array_mut().into_iter().flatten().filter(|name| *name == "results") {
                *name = json!("result");
            }
        }
        schema
    }

    /// Words a refusal, if the answer is one: a list of errors, or in version 1 one text or an object.
    pub(super) fn word(self, mut response: Response) -> Response {
        let Some(Refused(refusal)) = response.extensions_mut().remove::<Refused>() else { return response };
        let errors = match self {
            Self::First => refusal.first_errors(),
            Self::Second => refusal.errors(),
        };
        let mut worded = reply_with(response.status(), json!({ "errors": errors }));
        worded.headers_mut().extend(std::mem::take(response.headers_mut()));
        worded
    }
}

/// An absolute link to a path, in the version that the call speaks.
pub(super) fn link(call: &Call, path: &str) -> String {
    match Version::spoken_by(call) {
        Version::First => call.link(&format!("{FIRST}{}", path.strip_suffix('/').unwrap_or(path))),
        Version::Second => call.link(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_which_version_is_spoken() {
        for path in ["/v1", "/v1/jobs", "/v1/"] {
            assert_eq!(Version::of(path), Version::First, "{path}");
        }
        for path in ["/", "/jobs", "/v10", "/jobs/v1"] {
            assert_eq!(Version::of(path), Version::Second, "{path}");
        }
    }
}

//! The old JSON, field for field.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::json::object;

/// A service in the list of all.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceOverview {
    id: String,
    title: String,
    description: String,
}

impl ServiceOverview {
    pub(super) fn into_json(self) -> Value {
        json!({ "description": self.description, "id": bare(&self.id), "name": self.title })
    }
}

/// A service in full, without its jobs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceDetail {
    id: String,
    title: String,
    description: String,
    parameters_schema: Value,
    results_schema: Value,
    is_available: bool,
    has_timed_out: bool,
    timeout_seconds: i64,
}

impl ServiceDetail {
    /// With what is to stand in place of its jobs.
    pub(super) fn into_json(self, jobs: Value) -> Value {
        let mut data = json!({
            "description": self.description,
            "has_timed_out": self.has_timed_out,
            "id": bare(&self.id),
            "is_service_available": self.is_available,
            "job_registration_schema": self.parameters_schema,
            "job_result_schema": self.results_schema,
            "name": self.title,
            "timeout": self.timeout_seconds,
        });
        data["jobs"] = jobs;
        data
    }
}

/// A job in a list of many.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobOverview {
    id: String,
    status: Status,
    submitted_at: String,
}

impl JobOverview {
    pub(super) fn into_json(self) -> Value {
        object([
            ("date_submitted", moment(&self.submitted_at).into()),
            ("id", bare(&self.id).into()),
            ("status", self.status.word().into()),
        ])
    }
}

/// A job in full.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    id: String,
    status: Status,
    submitted_at: String,
    parameters: Value,
    results: Option<Value>,
}

impl Job {
    /// Its UUID, as links name it.
    pub(super) fn uuid(&self) -> String {
        bare(&self.id)
    }

    pub(super) fn into_json(self) -> Value {
        object([
            ("date_submitted", moment(&self.submitted_at).into()),
            ("id", bare(&self.id).into()),
            ("parameters", self.parameters),
            ("results", self.results.into()),
            ("status", self.status.word().into()),
        ])
    }

    /// As version 1 of the API told it: `result` for `results`, and never null.
    pub(super) fn into_first_json(self) -> Value {
        json!({
            "date_submitted": moment(&self.submitted_at),
            "id": bare(&self.id),
            "parameters": self.parameters,
            "result": self.results.unwrap_or_else(|| json!({})),
            "status": self.status.word(),
        })
    }
}

/// A job's state, as docket calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Scheduled,
    Queued,
    Claimed,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl Status {
    /// As TopChef called it.
    const fn word(self) -> &'static str {
        match self {
            Self::Scheduled | Self::Queued => "REGISTERED",
            Self::Claimed | Self::Running => "WORKING",
            Self::Succeeded => "COMPLETED",
            Self::Failed | Self::Cancelled => "ERROR",
        }
    }
}

/// What docket calls a state of TopChef's, whatever its case.
pub(super) fn status_of(word: &str) -> Option<&'static str> {
    let words = [("REGISTERED", "QUEUED"), ("WORKING", "RUNNING"), ("COMPLETED", "SUCCEEDED"), ("ERROR", "FAILED")];
    words.into_iter().find(|(old, _)| word.eq_ignore_ascii_case(old)).map(|(_, ours)| ours)
}

/// A moment as Python's `isoformat` writes it: with an offset, and without a fraction when it has none.
pub(super) fn moment(rfc3339: &str) -> String {
    let bare = rfc3339.trim_end_matches('Z');
    format!("{}+00:00", bare.strip_suffix(".000000").unwrap_or(bare))
}

/// The UUID in a global id (`service_0190f3…`), as Python writes one.
pub(super) fn bare(id: &str) -> String {
    let uid = id.rsplit('_').next().and_then(|uid| Uuid::parse_str(uid).ok());
    uid.map_or_else(|| id.to_owned(), |uid| uid.hyphenated().to_string())
}

/// A global id.
pub(super) fn global(noun: &str, uid: Uuid) -> String {
    format!("{noun}_{}", uid.simple())
}

/// What Python's `uuid.UUID()` takes: dashes, braces, `urn:uuid:` and upper case are all one.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    let hex = text.replace("urn:", "").replace("uuid:", "");
    let hex = hex.trim_matches(['{', '}']).replace('-', "");
    (hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| Uuid::parse_str(&hex).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_python_reads_them() {
        let expected = Uuid::parse_str("495d76fd-044c-4f02-8815-5ec6e7634330").ok();
        for text in [
            "495d76fd-044c-4f02-8815-5ec6e7634330",
            "495D76FD-044C-4F02-8815-5EC6E7634330",
            "495d76fd044c4f0288155ec6e7634330",
            "{495d76fd-044c-4f02-8815-5ec6e7634330}",
            "urn:uuid:495d76fd-044c-4f02-8815-5ec6e7634330",
            "495d76fd044c4f02-88155ec6e7634330",
        ] {
            assert_eq!(uuid(text), expected, "{text}");
        }
        for text in ["", "1", "495d76fd-044c-4f02-8815-5ec6e763433", "495d76fd-044c-4f02-8815-5ec6e763433g"] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_written_as_python_writes_them() {
        assert_eq!(moment("2017-08-15T18:29:07.902093Z"), "2017-08-15T18:29:07.902093+00:00");
        assert_eq!(moment("2017-08-15T18:29:07.000000Z"), "2017-08-15T18:29:07+00:00");
        assert_eq!(status_of("working"), Some("RUNNING"));
        assert_eq!(status_of("lost"), None);
    }
}

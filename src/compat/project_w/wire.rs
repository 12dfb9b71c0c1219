//! The old JSON, field for field.

use serde::Deserialize;
use serde_json::{Value, json};

/// What the old server says of every job that was stopped on request.
pub(super) const ABORTED: &str = "job was aborted";

/// A job, as the operations give it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub id: String,
    pub dialect_number: i64,
    pub status: String,
    #[serde(default)]
    pub owner: Option<Owner>,
    #[serde(default)]
    pub parameters: Parameters,
    #[serde(default)]
    pub progress: Option<f64>,
    #[serde(default)]
    pub failure: Option<JobFailure>,
    #[serde(default)]
    pub runner: Option<Numbered>,
    #[serde(default)]
    pub results: Option<Results>,
    #[serde(default)]
    pub downloaded_at: Option<String>,
}

/// Whose a job is.
#[derive(Debug, Deserialize)]
pub(super) struct Owner {
    /// Admins see it.
    status: Option<String>,
}

impl Owner {
    /// Whether there is such a user still. Whoever was deleted took its jobs along; their rows stay for the accounts.
    pub(super) fn is(owner: Option<&Self>) -> bool {
        owner.is_some_and(|owner| owner.status.as_deref() != Some("DELETED"))
    }
}

/// What a job was submitted with; whatever else it may be is as good as nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Parameters {
    pub file_name: Option<String>,
    pub model: Option<String>,
    pub language: Option<String>,
}

impl From<Value> for Parameters {
    fn from(value: Value) -> Self {
        Self {
            file_name: short(&value, "fileName"),
            model: short(&value, "model"),
            language: short(&value, "language"),
        }
    }
}

/// Bytes of a text of the parameters that are shown. Those that came by this API are no longer.
const TEXT_BYTES: usize = 4_096;

fn short(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    Some(text[..text.floor_char_boundary(TEXT_BYTES)].to_owned())
}

/// Why a job failed.
#[derive(Debug, Deserialize)]
pub(super) struct JobFailure {
    message: Option<String>,
}

/// What a job came to, in the same way.
#[derive(Debug, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Results {
    pub transcript: Option<String>,
}

impl From<Value> for Results {
    fn from(value: Value) -> Self {
        Self { transcript: value.get("transcript").and_then(Value::as_str).map(str::to_owned) }
    }
}

/// Something with a number of Project-W's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbered {
    pub legacy_number: Option<i64>,
}

impl Job {
    /// Nothing will change any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "SUCCEEDED" | "FAILED" | "CANCELLED")
    }

    /// A runner has fetched it and works on it.
    pub(super) fn is_fetched(&self) -> bool {
        self.status == "RUNNING"
    }

    fn step(&self) -> &'static str {
        match self.status.as_str() {
            "SCHEDULED" => "notQueued",
            "CLAIMED" => "runnerAssigned",
            "RUNNING" => "runnerInProgress",
            "SUCCEEDED" if self.downloaded_at.is_some() => "downloaded",
            "SUCCEEDED" => "success",
            "FAILED" | "CANCELLED" => "failed",
            _ => "pendingRunner",
        }
    }

    /// The whole text of why it failed, if it did.
    pub(super) fn error(&self) -> Option<&str> {
        match self.status.as_str() {
            "CANCELLED" => Some(ABORTED),
            "FAILED" => Some(self.failure.as_ref().and_then(|failure| failure.message.as_deref()).unwrap_or_default()),
            _ => None,
        }
    }

    pub(super) fn into_json(self) -> Value {
        let mut status = json!({ "step": self.step() });
        if matches!(self.status.as_str(), "CLAIMED" | "RUNNING") {
            status["runner"] = json!(self.runner.as_ref().and_then(|runner| runner.legacy_number));
        }
        if self.is_fetched() {
            status["progress"] = json!(self.progress.unwrap_or(0.0));
        }
        let last_line = self.error().map(|text| text.trim().lines().next_back().unwrap_or_default().to_owned());
        let Parameters { file_name, model, language } = self.parameters;
        let mut job = json!({
            "jobId": self.dialect_number,
            "fileName": file_name.unwrap_or_default(),
            "model": model,
            "language": language,
            "status": status,
        });
        if let Some(last_line) = last_line {
            job["error_msg"] = json!(last_line);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(job: Value) -> Value {
        serde_json::from_value::<Job>(job).expect("a job").into_json()
    }

    #[test]
    fn each_state_has_its_step() {
        let status = |status: &str, more: Value| {
            let mut job = json!({ "id": "job_1", "dialectNumber": 3, "status": status });
            job.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
            shown(job)
        };
        assert_eq!(status("SCHEDULED", json!({}))["status"], json!({ "step": "notQueued" }));
        let stale = json!({ "progress": 0.5, "runner": { "legacyNumber": 7 } });
        assert_eq!(status("QUEUED", stale.clone())["status"], json!({ "step": "pendingRunner" }));
        assert_eq!(status("CLAIMED", stale.clone())["status"], json!({ "step": "runnerAssigned", "runner": 7 }));
        let running = json!({ "step": "runnerInProgress", "runner": 7, "progress": 0.5 });
        assert_eq!(status("RUNNING", stale)["status"], running);
        let fetched = json!({ "step": "runnerInProgress", "runner": 7, "progress": 0.0 });
        assert_eq!(status("RUNNING", json!({ "runner": { "legacyNumber": 7 } }))["status"], fetched);
        assert_eq!(status("SUCCEEDED", json!({}))["status"], json!({ "step": "success" }));
        let downloaded = json!({ "downloadedAt": "2026-01-01T00:00:00Z" });
        assert_eq!(status("SUCCEEDED", downloaded)["status"], json!({ "step": "downloaded" }));
        let failed = status("FAILED", json!({ "failure": { "message": "Traceback\n  x\nlast line\n " } }));
        assert_eq!((&failed["status"], &failed["error_msg"]), (&json!({ "step": "failed" }), &json!("last line")));
        assert_eq!(status("CANCELLED", json!({}))["error_msg"], "job was aborted");
    }
}

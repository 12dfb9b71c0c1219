//! What is answered when something is wrong.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::fields::Wrong;
use super::render::{page_not_found, unwritten};
use crate::compat::Failure;
use crate::config::MybrcProfile;
use crate::error::Code;

/// What an object is called, in the words of the documented errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noun {
    Job,
    User,
    Account,
}

impl Noun {
    /// As it stands in a sentence.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::User => "user",
            Self::Account => "account",
        }
    }

    fn not_found(self) -> &'static str {
        match self {
            Self::Job => "Invalid job/Job not found.",
            Self::User => "Invalid user/User not found.",
            Self::Account => "Invalid account/Account not found.",
        }
    }

    /// The name of a field by the path that an operation gives it.
    fn field(self, path: &str) -> &'static str {
        match (self, path) {
            (Self::Job, "slurm/jobId") => "jobslurmid",
            (Self::Job, "submittedAt") => "submitdate",
            (Self::Job, "startedAt") => "startdate",
            (Self::Job, "finishedAt") => "enddate",
            (Self::Job, "ownerId") => "userid",
            (Self::Job, "accountId") => "accountid",
            (Self::Job, "amount") => "amount",
            (Self::Job, "slurm/stateCode") => "jobstatus",
            (Self::Job, "slurm/partition") => "partition",
            (Self::Job, "slurm/qos") => "qos",
            (Self::User, "username") => "username",
            (Self::User, "metadata") => "usermetadata",
            (Self::User, "email") => "email",
            (Self::User, "ldapUid") => "ldapuid",
            (Self::Account, "title") => "accountname",
            (Self::Account, "allocation") => "accountallocation",
            (Self::Account, "balance" | "amount") => "accountbalance",
            (Self::Account, "type") => "type",
            (Self::Account, "description") => "description",
            (Self::Job | Self::User | Self::Account, _) => "non_field_errors",
        }
    }
}

/// A refusal: a status and a body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) const fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    /// What the framework of the old server said, in both profiles.
    pub(super) fn detail(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, json!({ "detail": detail.into() }))
    }

    /// The documented envelope.
    fn envelope(status: StatusCode, error: impl Into<String>) -> Self {
        Self::new(status, json!({ "success": false, "error": error.into() }))
    }

    /// An object that is not there.
    pub(super) fn absent(profile: MybrcProfile, noun: Noun) -> Self {
        match profile {
            MybrcProfile::Documented => Self::envelope(StatusCode::BAD_REQUEST, noun.not_found()),
            MybrcProfile::AsBuilt => Self::detail(StatusCode::NOT_FOUND, "Not found."),
        }
    }

    /// A list of which nothing is left.
    pub(super) fn nothing_found(noun: Noun, given: &str) -> Self {
        Self::envelope(StatusCode::BAD_REQUEST, format!("No {}s found with given {given}.", noun.word()))
    }

    /// A value in the address, or a body, that cannot be read. The document wants that to be a 404; the old program had no
    /// good answer to it.
    pub(super) fn syntax(profile: MybrcProfile, detail: impl Into<String>) -> Self {
        match profile {
            MybrcProfile::Documented => Self::envelope(StatusCode::NOT_FOUND, detail),
            MybrcProfile::AsBuilt => Self::detail(StatusCode::BAD_REQUEST, detail),
        }
    }

    /// A body that is JSON and no object.
    pub(super) fn no_object(profile: MybrcProfile, message: &str) -> Self {
        let fields = json!({ "non_field_errors": [message] });
        let body = match profile {
            MybrcProfile::AsBuilt => fields,
            MybrcProfile::Documented => json!({ "success": false, "error": message, "fields": fields }),
        };
        Self::new(StatusCode::BAD_REQUEST, body)
    }

    /// Fields that are wrong.
    pub(super) fn fields(profile: MybrcProfile, noun: Noun, wrong: &[(&'static str, String)]) -> Self {
        let mut fields = Map::new();
        for (name, message) in wrong {
            let messages = fields.entry(*name).or_insert_with(|| json!([]));
            if let Value::Array(messages) = messages {
                messages.push(json!(message));
            }
        }
        if profile == MybrcProfile::AsBuilt {
            return Self::new(StatusCode::BAD_REQUEST, Value::Object(fields));
        }
        let error = match noun {
            Noun::Job if fields.contains_key("amount") => "Invalid amount.",
            Noun::Job => "Invalid job information.",
            Noun::User => "Invalid user information.",
            Noun::Account => "Invalid account information.",
        };
        Self::new(StatusCode::BAD_REQUEST, json!({ "success": false, "error": error, "fields": fields }))
    }

    /// What an operation said.
    pub(super) fn failed(profile: MybrcProfile, noun: Noun, failure: Failure) -> Self {
        let by_profile = |status: StatusCode, message: String| match profile {
            MybrcProfile::Documented => Self::envelope(StatusCode::BAD_REQUEST, message),
            MybrcProfile::AsBuilt => Self::detail(status, message),
        };
        match failure.code {
            Code::NotFound => Self::absent(profile, noun),
            Code::Invalid | Code::InsufficientFunds if !failure.fields.is_empty() => {
                let fields = failure.fields.iter().map(|field| (noun.field(&field.path), field.message.clone()));
                Self::fields(profile, noun, &fields.collect::<Wrong>())
            }
            Code::Invalid | Code::BadRequest | Code::CostExceeded => by_profile(failure.status, failure.message),
            Code::AlreadyExists
            | Code::InvalidState
            | Code::InsufficientFunds
            | Code::IdempotencyMismatch
            | Code::LeaseLost => by_profile(StatusCode::CONFLICT, failure.message),
            Code::Unauthenticated | Code::Forbidden | Code::RateLimited | Code::Unavailable | Code::Internal => {
                Self::of(failure)
            }
        }
    }

    /// What went wrong before, or beside, any noun.
    fn of(failure: Failure) -> Self {
        let retry_after = failure.retry_after.map(|wait| wait.as_secs().max(1));
        let refusal = match (failure.code, failure.status) {
            (Code::Unauthenticated, StatusCode::FORBIDDEN) => {
                Self::detail(StatusCode::FORBIDDEN, "Authentication credentials were not provided.")
            }
            (Code::Unauthenticated, _) => Self::envelope(StatusCode::UNAUTHORIZED, "Not authorized."),
            (_, status) => Self::detail(status, failure.message),
        };
        Self { retry_after, ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.into()
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let mut response = unwritten(refusal.status, refusal.body);
        if let Some(wait) = refusal.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

pub(super) fn refuse(failure: Failure) -> Response {
    Refusal::of(failure).into()
}

pub(super) fn not_found(_: &Uri) -> Response {
    page_not_found()
}

pub(super) fn wrong_method(method: &Method, _: &[Method]) -> Response {
    let detail = format!("Method \"{method}\" not allowed.");
    Refusal::detail(StatusCode::METHOD_NOT_ALLOWED, detail).into()
}

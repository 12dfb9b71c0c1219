//! One request, as its handler wants it.

use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};

use super::envelope::{Noun, Refusal};
use super::render::unwritten;
use crate::compat::form::{self, Fields, Unread};
use crate::compat::{Call, Failure};
use crate::config::MybrcProfile;

/// What a handler comes to.
pub(super) type Answer = Result<Response, Refusal>;

/// See the module.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) call: Call,
    pub(super) profile: MybrcProfile,
    pub(super) noun: Noun,
    /// Path below the mount, with its slash at the end.
    pub(super) path: String,
    /// The address' query, in its order.
    pub(super) query: Vec<(String, String)>,
    /// The same as it was written.
    written_query: String,
    /// The body's fields.
    pub(super) body: Fields,
    /// Reads only.
    pub(super) reads: bool,
    slashed: bool,
}

impl Ask {
    /// Reads a request with its body, if the method brings one.
    pub(super) async fn of(call: Call, noun: Noun, request: Request) -> Result<Self, Refusal> {
        let profile = call.app().config.mybrc.profile;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let path = request.uri().path().to_owned();
        let written_query = request.uri().query().unwrap_or_default().to_owned();
        let query = form_urlencoded::parse(written_query.as_bytes()).into_owned().collect();
        let takes = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
        let body = if takes { read(&call, profile, noun, request).await? } else { Vec::new() };
        let slashed = path.ends_with('/');
        let path = if slashed { path } else { format!("{path}/") };
        Ok(Self { call, profile, noun, path, query, written_query, body, reads, slashed })
    }

    /// The redirect of the old program to the path with a slash, where this is one without. The query goes along.
    pub(super) fn redirect(&self) -> Option<Response> {
        if self.slashed || !self.reads || self.profile != MybrcProfile::AsBuilt {
            return None;
        }
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        // Its path alone, as the old program had it.
        let link = self.call.link(&self.path);
        let path = link.splitn(4, '/').nth(3).map_or_else(|| self.path.clone(), |path| format!("/{path}"));
        let query = if self.written_query.is_empty() { String::new() } else { format!("?{}", self.written_query) };
        if let Ok(location) = HeaderValue::from_bytes(format!("{path}{query}").as_bytes()) {
            response.headers_mut().insert(LOCATION, location);
        }
        Some(response)
    }

    /// The last value of a name in the query; an empty one is none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// The same, where an empty one is one. What the table does not list for the route is not read.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|_| self.call.route().reads_query(name))
    }

    /// The number of the object that the path names. What is no number is nobody's.
    pub(super) fn number(&self) -> Result<i32, Refusal> {
        let segment = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let digits = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { segment.parse().ok() } else { None };
        number.ok_or_else(|| self.absent())
    }

    pub(super) fn absent(&self) -> Refusal {
        Refusal::absent(self.profile, self.noun)
    }

    pub(super) fn failed(&self, failure: Failure) -> Refusal {
        Refusal::failed(self.profile, self.noun, failure)
    }

    /// An answer with a value; where the document wants one and the profile follows it, `"success": true` stands first.
    pub(super) fn reply(&self, status: StatusCode, success: bool, mut value: Map<String, Value>) -> Response {
        if success && self.profile == MybrcProfile::Documented {
            value.shift_insert(0, "success".to_owned(), Value::Bool(true));
        }
        unwritten(status, Value::Object(value))
    }

    /// What answers a POST: the document says 200, the program said 201.
    pub(super) fn created(&self) -> StatusCode {
        match self.profile {
            MybrcProfile::Documented => StatusCode::OK,
            MybrcProfile::AsBuilt => StatusCode::CREATED,
        }
    }
}

async fn read(call: &Call, profile: MybrcProfile, noun: Noun, request: Request) -> Result<Fields, Refusal> {
    form::read(call, request).await.map_err(|unread| match unread {
        Unread::Failed(failure) => Refusal::failed(profile, noun, failure),
        Unread::Unsupported(detail) => Refusal::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail),
        Unread::Broken(detail) => Refusal::syntax(profile, detail),
        Unread::NoObject(message) => Refusal::no_object(profile, &message),
    })
}

/// What answers a DELETE.
pub(super) fn removed() -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

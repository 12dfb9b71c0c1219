//! What a request asks for in its address, and lists as answers.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Datelike;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::envelope::{Refusal, reply};
use crate::compat::Call;
use crate::compat::numbered::{Wanted, around, last};

/// What a handler comes to.
pub(super) type Answer = Result<Response, Refusal>;

/// A list that somebody asks for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) call: Call,
    path: String,
    query: Vec<(String, String)>,
}

/// A page of a list, and what is told beside it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) total: i64,
    pub(super) rows: Vec<Value>,
    pub(super) beside: Map<String, Value>,
}

impl Ask {
    pub(super) fn of(call: Call, request: &Request) -> Self {
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        Self { call, path: request.uri().path().to_owned(), query }
    }

    /// The last value of a name; an empty one is none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.given(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The same, where an empty one is one. What the table does not list for the route is not read.
    fn given(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|_| self.call.route().reads_query(name))
    }

    /// A moment in seconds since 1970, with a fraction or without.
    pub(super) fn moment(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let seconds = text.parse::<f64>().ok().filter(|seconds| (-1e11..=1e11).contains(seconds));
        #[expect(clippy::cast_possible_truncation, reason = "it is within bounds")]
        let at = seconds.and_then(|seconds| chrono::DateTime::from_timestamp_micros((seconds * 1e6) as i64));
        // Beyond four digits a year has no form that everybody reads.
        let at = at.filter(|at| (1..=9999).contains(&at.year()));
        let at = at.ok_or_else(|| Refusal::field(name, "Seconds since 1970 are needed."))?;
        Ok(Some(crate::compat::moment::of(at)))
    }

    /// A list: `page` gives what stands after so many rows.
    pub(super) async fn list<'a, F>(&'a self, page: F) -> Answer
    where
        F: Fn(i64) -> BoxFuture<'a, Result<Found, Refusal>> + Send,
    {
        let invalid = || Refusal::detail(StatusCode::NOT_FOUND, "Invalid page.");
        let wanted = Wanted::of(self.given("page")).ok_or_else(invalid)?;
        let mut found = page(wanted.skip()).await?;
        let number = match wanted {
            Wanted::Page(number) => number,
            Wanted::Last => {
                let last = last(found.total);
                if last > 1 {
                    found = page(Wanted::Page(last).skip()).await?;
                }
                last
            }
        };
        if number > last(found.total) {
            return Err(invalid());
        }
        let [next, previous] = around(&self.call, &self.path, &self.query, number, found.total);
        let mut body = json!({ "count": found.total, "next": next, "previous": previous, "results": found.rows });
        for (name, value) in found.beside {
            body[name] = value;
        }
        Ok(reply(StatusCode::OK, &body))
    }
}

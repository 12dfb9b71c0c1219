//! Pages of lists.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::envelope::Refusal;
use crate::compat::numbered::{Wanted, around, last};
use crate::config::MybrcProfile;

/// Which page a request asks for.
pub(super) fn wanted(ask: &Ask) -> Result<Wanted, Refusal> {
    Wanted::of(ask.given("page")).ok_or_else(|| invalid(ask.profile))
}

/// A page that is not there.
fn invalid(profile: MybrcProfile) -> Refusal {
    match profile {
        MybrcProfile::AsBuilt => Refusal::detail(StatusCode::NOT_FOUND, "Invalid page."),
        MybrcProfile::Documented => Refusal::syntax(profile, "Invalid page."),
    }
}

/// The body of a list.
pub(super) fn body(
    ask: &Ask,
    page: i64,
    total: i64,
    column: &str,
    numbers: &[i32],
) -> Result<Map<String, Value>, Refusal> {
    if page > last(total) {
        return Err(invalid(ask.profile));
    }
    let [next, previous] = around(&ask.call, &ask.path, &ask.query, page, total);
    let mut results = Map::new();
    results.insert(column.to_owned(), json!(numbers));
    let body = json!({ "count": total, "next": next, "previous": previous, "results": results });
    match body {
        Value::Object(body) => Ok(body),
        _ => Ok(Map::new()),
    }
}

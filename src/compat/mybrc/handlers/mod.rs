//! Requests to operations, and back.

pub(super) mod account;
pub(super) mod job;
pub(super) mod root;
pub(super) mod user;

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ask::{Answer, Ask};
use super::envelope::Refusal;
use super::fields::{self, Field, Values};
use super::filter::{self, Filter};
use super::paging;
use super::wire::Numbers;
use crate::compat::numbered::{SIZE, Wanted, last};
use crate::config::MybrcProfile;

/// Which object, by its number.
#[derive(Debug, Serialize)]
pub(super) struct Number {
    number: i32,
}

/// What follows a cursor of which object.
#[derive(Debug, Serialize)]
pub(super) struct Rest {
    id: String,
    after: String,
}

/// Which page of what.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    filter: Map<String, Value>,
    skip: i64,
}

/// The variables of a change.
#[derive(Debug, Serialize)]
pub(super) struct Input {
    input: Map<String, Value>,
}

impl Input {
    /// Those members that are something; an operation takes what is absent as unchanged.
    fn new<const N: usize>(members: [(&str, Option<Value>); N]) -> Self {
        let given = members.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
        Self { input: given.collect() }
    }
}

/// What gives a page of numbers.
type Run = for<'a> fn(&'a Ask, Listed) -> BoxFuture<'a, Result<Numbers, Refusal>>;

/// A list of numbers: `run` gives a page of it.
async fn list(ask: &Ask, column: &str, run: Run) -> Answer {
    if let Some(redirect) = ask.redirect() {
        return Ok(redirect);
    }
    let Filter { variables, text, nothing } = filter::read(ask)?;
    let wanted = paging::wanted(ask)?;
    let page = |skip| Listed { filter: variables.clone(), skip };
    let mut found =
        if nothing { Numbers { total_count: 0, numbers: Vec::new() } } else { run(ask, page(wanted.skip())).await? };
    let number = match wanted {
        Wanted::Page(number) => number,
        Wanted::Last => {
            let last = last(found.total_count);
            if last > 1 {
                found = run(ask, page((last - 1) * SIZE)).await?;
            }
            last
        }
    };
    if found.total_count == 0 && !text.is_empty() && ask.profile == MybrcProfile::Documented {
        return Err(Refusal::nothing_found(ask.noun, &text.join("&")));
    }
    let body = paging::body(ask, number, found.total_count, column, &found.numbers)?;
    Ok(ask.reply(StatusCode::OK, true, body))
}

/// Filters bind changes of one object, too: one that they do not match is not there. `run` gives the objects that match;
/// the operation's filter gets the number.
async fn matches(ask: &Ask, number: i32, run: Run) -> Result<(), Refusal> {
    let Filter { mut variables, text, nothing } = filter::read(ask)?;
    if text.is_empty() {
        return Ok(());
    }
    variables.insert("number".to_owned(), number.into());
    if nothing || run(ask, Listed { filter: variables, skip: 0 }).await?.total_count == 0 {
        return Err(ask.absent());
    }
    Ok(())
}

/// Reads the fields of a new object.
fn values(ask: &Ask, fields: &[Field]) -> Result<Values, Refusal> {
    fields::read(fields, &ask.body, false, None).map_err(|wrong| Refusal::fields(ask.profile, ask.noun, &wrong))
}

/// Reads what a change makes different from what is shown: what was read and is written back changes nothing.
fn changed(ask: &Ask, fields: &[Field], partial: bool, shown: &Map<String, Value>) -> Result<Values, Refusal> {
    fields::read(fields, &ask.body, partial, Some(shown))
        .map_err(|wrong| Refusal::fields(ask.profile, ask.noun, &wrong))
}

/// An object.
fn shown(ask: &Ask, body: Map<String, Value>) -> Response {
    ask.reply(StatusCode::OK, true, body)
}

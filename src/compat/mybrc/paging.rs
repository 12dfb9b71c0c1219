//! Pages of a hundred, and the links between them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::envelope::Refusal;
use super::fields::whole;
use crate::config::MybrcProfile;

/// Numbers of a page.
pub(super) const SIZE: i64 = 100;

/// Which page a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Page(i64),
    Last,
}

impl Wanted {
    pub(super) fn of(ask: &Ask) -> Result<Self, Refusal> {
        // An empty value is no page either.
        let given = ask.given("page");
        match given {
            None => Ok(Self::Page(1)),
            Some("last") => Ok(Self::Last),
            Some(given) => {
                let number = whole(given).filter(|number| (1..=1 << 24).contains(number) && !given.contains('.'));
                let number = number.and_then(|number| i64::try_from(number).ok());
                number.map(Self::Page).ok_or_else(|| invalid(ask.profile))
            }
        }
    }

    /// How many numbers lie before it; of the last one that is not known before they are counted.
    pub(super) fn skip(self) -> i64 {
        match self {
            Self::Page(page) => (page - 1) * SIZE,
            Self::Last => 0,
        }
    }
}

/// A page that is not there.
fn invalid(profile: MybrcProfile) -> Refusal {
    match profile {
        MybrcProfile::AsBuilt => Refusal::detail(StatusCode::NOT_FOUND, "Invalid page."),
        MybrcProfile::Documented => Refusal::syntax(profile, "Invalid page."),
    }
}

/// The number of the last page: a list of nothing has one.
pub(super) fn last(total: i64) -> i64 {
    (total - 1).div_euclid(SIZE).max(0) + 1
}

/// The body of a list.
pub(super) fn body(
    ask: &Ask,
    page: i64,
    total: i64,
    column: &str,
    numbers: &[i32],
) -> Result<Map<String, Value>, Refusal> {
    let last = last(total);
    if page > last {
        return Err(invalid(ask.profile));
    }
    let next = (page < last).then(|| link(ask, Some(page + 1)));
    let previous = (page > 1).then(|| link(ask, Some(page - 1).filter(|page| *page > 1)));
    let mut results = Map::new();
    results.insert(column.to_owned(), json!(numbers));
    let body = json!({ "count": total, "next": next, "previous": previous, "results": results });
    match body {
        Value::Object(body) => Ok(body),
        _ => Ok(Map::new()),
    }
}

/// The address of another page of the same list: its parameters sorted by name, empty ones kept.
fn link(ask: &Ask, page: Option<i64>) -> String {
    let mut parameters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in ask.query.iter().filter(|(name, _)| name != "page") {
        parameters.entry(name).or_default().push(value);
    }
    let page = page.map(|page| page.to_string());
    if let Some(page) = &page {
        parameters.insert("page", vec![page]);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, values) in &parameters {
        for value in values {
            query.append_pair(name, value);
        }
    }
    let (address, query) = (ask.call.link(&ask.path), query.finish());
    if query.is_empty() { address } else { format!("{address}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn a_list_of_nothing_has_one_page() {
        assert_eq!([0, 1, 100, 101, 171_609].map(last), [1, 1, 1, 2, 1_717]);
    }
}

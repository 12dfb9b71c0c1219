//! Which routes look at `Accept`: all but those that browsers open.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;

use super::envelope::Refusal;
use crate::compat::Call;
use crate::error::Error;

/// A call whose caller takes JSON: what its handler takes first, since this is looked at before everything else.
#[derive(Debug)]
pub(super) struct Talking(pub(super) Call);

impl FromRequestParts<()> for Talking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &()) -> Result<Self, Refusal> {
        if !takes_json(&parts.headers) {
            return Err(Refusal::not_acceptable());
        }
        let call = <Call as FromRequestParts<()>>::from_request_parts(parts, state).await;
        call.map(Self).map_err(|_| Error::internal("a handler was reached without a call").into())
    }
}

/// Nothing said, or a list with JSON in it.
fn takes_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return true;
    }
    let mut empty = true;
    for line in lines.filter_map(|line| line.to_str().ok()) {
        for item in line.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            empty = false;
            let mut words = item.split(';').map(str::trim);
            let kind = words.next().unwrap_or_default().to_ascii_lowercase();
            let refused = words.any(|word| {
                word.strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok())
                    .is_some_and(|weight| weight <= 0.0)
            });
            if !refused && matches!(kind.as_str(), "*/*" | "application/*" | "application/json") {
                return true;
            }
        }
    }
    empty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_json_in_it_is_enough() {
        let takes = |accept: &str| takes_json(&HeaderMap::from_iter([(ACCEPT, accept.parse().expect("a value"))]));
        for good in
            ["", "*/*", "application/json", "text/html, Application/JSON;q=0.1", "application/*", "text/html,*/*;q=0.8"]
        {
            assert!(takes(good), "{good}");
        }
        for bad in
            ["text/html", "text/*", "application/jsonp", "application/json;q=0", "application/json; q=0.0, text/html"]
        {
            assert!(!takes(bad), "{bad}");
        }
        assert!(takes_json(&HeaderMap::new()));
    }
}

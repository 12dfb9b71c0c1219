//! Which form of answer a client takes, and in which form it sends.

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

use super::reply::Refusal;
use crate::error::Code;

/// The two JSON forms of a GraphQL answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request could be executed.
    GraphqlResponse,
    /// `application/json`: the older form, and what plain clients expect.
    Json,
}

impl Media {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// What a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The JSON form it likes best.
    pub json: Option<Media>,
    /// Whether it names event streams. A wildcard does not count: who did not mean a stream would wait for its end.
    pub stream: bool,
    /// Whether it likes an event stream better than any JSON.
    pub stream_first: bool,
}

/// How well a media type fits: quality in thousandths, and whether a range named it in full.
#[derive(Clone, Copy, Default)]
struct Fit {
    quality: u16,
    exactness: u8,
}

impl Accepted {
    /// Reads `Accept`. Without one, plain JSON.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if values.iter().all(|value| value.trim().is_empty()) {
            return Self { json: Some(Media::Json), stream: false, stream_first: false };
        }
        let ranges: Vec<(&str, u16)> = values.iter().flat_map(|value| value.split(',')).filter_map(range).collect();
        let response = fit(&ranges, "application", "graphql-response+json");
        let plain = fit(&ranges, "application", "json");
        let events = fit(&ranges, "text", "event-stream");
        let prefers_response =
            response.quality > plain.quality || (response.quality == plain.quality && response.exactness == 2);
        let json = match (response.quality, plain.quality) {
            (0, 0) => None,
            _ if prefers_response => Some(Media::GraphqlResponse),
            _ => Some(Media::Json),
        };
        let stream = events.quality > 0 && events.exactness > 0;
        Self { json, stream, stream_first: stream && events.quality > response.quality.max(plain.quality) }
    }

    /// # Errors
    /// 406: none of what the client takes is served.
    pub(super) fn require_some(self) -> Result<(), Refusal> {
        if self.json.is_some() || self.stream {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            Code::BadRequest,
            "Answers come as application/graphql-response+json, application/json or text/event-stream; \
             the Accept header allows none of them.",
        ))
    }
}

/// Whether the client asks for pages by name, as browsers do. A wildcard does not count: `curl` sends one.
pub(super) fn names_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(range)
        .any(|(name, quality)| quality > 0 && name.eq_ignore_ascii_case("text/html"))
}

/// `type/subtype` and the quality of one entry of `Accept`.
fn range(entry: &str) -> Option<(&str, u16)> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let quality = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 just before")]
    let thousandths = (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0).round() as u16;
    Some((name, thousandths))
}

/// How well `kind/subtype` fits: the most exact range that covers it decides.
fn fit(ranges: &[(&str, u16)], kind: &str, subtype: &str) -> Fit {
    let mut best: Option<Fit> = None;
    for (name, quality) in ranges {
        let Some((their_kind, their_subtype)) = name.split_once('/') else { continue };
        let exactness = match (their_kind, their_subtype) {
            ("*", "*") => 0,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 1,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 2,
            _ => continue,
        };
        if best.is_none_or(|fit| exactness > fit.exactness || (exactness == fit.exactness && *quality > fit.quality)) {
            best = Some(Fit { quality: *quality, exactness });
        }
    }
    best.unwrap_or_default()
}

/// # Errors
/// 415: the body is not JSON in UTF-8, or is compressed. Only JSON, because a page of any site can make a browser send
/// the other types without asking first; nothing compressed, because a small body could then hold a huge one.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |message: &str| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, message).closing();
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().trim());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(refuse("Compressed bodies are not read; send it without a Content-Encoding."));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("application/json") {
        return Err(refuse("The Content-Type of a GraphQL request must be application/json."));
    }
    let foreign = parts.filter_map(|part| part.split_once('=')).any(|(key, value)| {
        key.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if foreign { Err(refuse("The body must be JSON in UTF-8.")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &str) -> Accepted {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a header value"));
        Accepted::of(&headers)
    }

    #[test]
    fn the_best_form_that_fits_is_chosen() {
        use Media::{GraphqlResponse, Json};
        assert_eq!(Accepted::of(&HeaderMap::new()).json, Some(Json));
        for (accept, json) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/json; charset=utf-8", Some(Json)),
            ("APPLICATION/GraphQL-Response+JSON", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Json)),
            ("application/graphql-response+json, */*;q=0.1", Some(GraphqlResponse)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Some(Json)),
            ("text/html", None),
            ("*/*;q=0", None),
            ("nonsense", None),
        ] {
            assert_eq!(accepted(accept).json, json, "{accept}");
        }
    }

    #[test]
    fn a_stream_is_served_to_who_names_it() {
        for (accept, stream, first) in [
            ("text/event-stream", true, true),
            ("text/*", true, true),
            ("*/*", false, false),
            ("text/event-stream;q=0", false, false),
            ("application/json, text/event-stream, multipart/mixed", true, false),
            ("text/event-stream, application/json;q=0.5", true, true),
        ] {
            let accepted = accepted(accept);
            assert_eq!((accepted.stream, accepted.stream_first), (stream, first), "{accept}");
        }
    }

    #[test]
    fn browsers_ask_for_pages() {
        let asks = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().expect("a header value"));
            names_html(&headers)
        };
        assert!(asks("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!asks("*/*") && !asks("text/html;q=0, */*") && !asks("application/json"));
        assert!(!names_html(&HeaderMap::new()));
    }

    #[test]
    fn only_plain_json_is_read() {
        let verdict = |content_type: &str, encoding: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().expect("a header value"));
            if let Some(encoding) = encoding {
                headers.insert(CONTENT_ENCODING, encoding.parse().expect("a header value"));
            }
            require_json(&headers).is_ok()
        };
        assert!(verdict("application/json", None));
        assert!(verdict("Application/JSON; charset=\"UTF-8\"", Some("identity")));
        assert!(!verdict("application/json; charset=latin1", None));
        assert!(!verdict("text/plain", None));
        assert!(!verdict("application/graphql", None));
        assert!(!verdict("application/json", Some("gzip")));
        assert!(require_json(&HeaderMap::new()).is_err());
    }
}

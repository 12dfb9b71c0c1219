//! Telling clients that an old API goes away, when the operator has said so.

use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use chrono::{NaiveDate, NaiveTime};

use super::link;
use super::surface::Surface;

impl Surface {
    /// What an answer to this request says beside its own headers: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a
    /// link to what comes instead; by default nothing, so that answers are byte for byte the old ones.
    pub(super) fn announcement(&self, asked: &Parts) -> Vec<(HeaderName, HeaderValue)> {
        let (deprecated, sunset) = (midnight(self.mount.deprecated.as_ref()), midnight(self.mount.sunset.as_ref()));
        if deprecated.is_none() && sunset.is_none() {
            return Vec::new();
        }
        let told = [
            (HeaderName::from_static("deprecation"), deprecated.map(|at| format!("@{}", at.and_utc().timestamp()))),
            (HeaderName::from_static("sunset"), sunset.map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())),
            (
                LINK,
                Some(format!("<{}/compat/{}>; rel=\"successor-version\"", link::site(self, asked), self.dialect.name)),
            ),
        ];
        let value = |text: Option<String>| text.and_then(|text| HeaderValue::from_str(&text).ok());
        told.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
    }
}

/// The beginning of a day in UTC.
fn midnight(day: Option<&String>) -> Option<chrono::NaiveDateTime> {
    let day = NaiveDate::parse_from_str(day?, "%Y-%m-%d").ok()?;
    Some(day.and_time(NaiveTime::MIN))
}

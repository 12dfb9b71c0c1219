//! Telling clients that an old API goes away, when the operator has said so.

use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{NaiveDate, NaiveTime};

use super::surface::Surface;

impl Surface {
    /// Adds `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to what comes instead; by default nothing, so that
    /// answers are byte for byte the old ones.
    pub(super) fn announce(&self, headers: &mut HeaderMap) {
        let (deprecated, sunset) = (midnight(self.mount.deprecated.as_ref()), midnight(self.mount.sunset.as_ref()));
        if deprecated.is_none() && sunset.is_none() {
            return;
        }
        let told = [
            (HeaderName::from_static("deprecation"), deprecated.map(|at| format!("@{}", at.and_utc().timestamp()))),
            (HeaderName::from_static("sunset"), sunset.map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())),
            (LINK, Some(format!("<{}/compat/{}>; rel=\"successor-version\"", self.site(), self.dialect.name))),
        ];
        for (name, value) in told {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.append(name, value);
            }
        }
    }

    /// The server's own address, where the page about the old APIs stands.
    fn site(&self) -> &str {
        self.app.config.public_url.trim_end_matches('/')
    }
}

/// The beginning of a day in UTC.
fn midnight(day: Option<&String>) -> Option<chrono::NaiveDateTime> {
    let day = NaiveDate::parse_from_str(day?, "%Y-%m-%d").ok()?;
    Some(day.and_time(NaiveTime::MIN))
}

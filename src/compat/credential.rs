//! What lets a caller in, as the descriptions of the old APIs tell it. It says what `authenticate` of a dialect does, and
//! does nothing itself.

use serde_json::{Value, json};

use super::cookie;
use crate::http::kit::SESSION_COOKIE;

/// One of the things that a caller may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing at all.
    Nobody,
    /// The token of a log-in or of a program, as `Bearer`.
    Token,
    /// The same as the password of `Basic`.
    Basic,
    /// The cookie of a log-in at this server's own pages.
    Session,
    /// The cookie of a log-in by this API.
    Ticket,
    /// The token that a log-in by this API gives, as `Bearer`.
    LogIn,
    /// A runner's token, as `Bearer`.
    Runner,
}

impl Credential {
    /// What `auth::any` takes.
    pub const ANY: &'static [Self] = &[Self::Token, Self::Basic, Self::Session];

    /// The name of its scheme, and the scheme as `OpenAPI` tells it; none for nothing.
    pub(super) fn scheme(self) -> Option<(&'static str, Value)> {
        let bearer = |about: &str| json!({ "type": "http", "scheme": "bearer", "description": about });
        let cookie =
            |name: &str, about: &str| json!({ "type": "apiKey", "in": "cookie", "name": name, "description": about });
        Some(match self {
            Self::Nobody => return None,
            Self::Token => ("bearer", bearer("The token of a log-in or of a program.")),
            Self::Basic => {
                let about = "Any user name, with the token as the password.";
                ("basic", json!({ "type": "http", "scheme": "basic", "description": about }))
            }
            Self::Session => ("session", cookie(SESSION_COOKIE, "A log-in at this server's own pages.")),
            Self::Ticket => ("ticket", cookie(cookie::NAME, "A log-in by this API.")),
            Self::LogIn => ("login", bearer("The access token that a log-in by this API gives.")),
            Self::Runner => ("runner", bearer("A runner's token.")),
        })
    }
}

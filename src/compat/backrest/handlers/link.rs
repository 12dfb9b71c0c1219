//! What mailed links have in common: they are looked at before anything is done, and lead to pages that the configuration
//! names.

use serde::Deserialize;
use serde_json::json;

use super::operation;
use crate::compat::{Call, Failure};

operation!(SHOW_LINK, "Backrest_ShowLink", "show_link", Shown);

/// What a link is good for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Shown {
    mailed_link: Option<Link>,
}

/// A link that works now.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Link {
    purpose: Purpose,
    /// Whether it was mailed to who asks.
    pub(super) is_own: bool,
}

/// What links are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Purpose {
    Activation,
    PasswordReset,
    EmailChange,
}

/// The link that is good for this now. Fails as its use would.
pub(super) async fn find(call: &Call, token: &str, purpose: Purpose) -> Result<Option<Link>, Failure> {
    let link = SHOW_LINK.run(call, json!({ "token": token })).await?.mailed_link;
    Ok(link.filter(|link| link.purpose == purpose))
}

/// Whether a link is good for this now. Fails as its use would.
pub(super) async fn is_good_for(call: &Call, token: &str, purpose: Purpose) -> Result<bool, Failure> {
    Ok(find(call, token, purpose).await?.is_some())
}

/// The page of the front end that a link leads to: what the operator has set, never what a request says of itself.
pub(super) fn target(call: &Call, configured: &str) -> String {
    if !configured.starts_with('/') {
        return configured.to_owned();
    }
    let config = &call.app().config;
    let own = &config.backrest.client_url;
    let site = if own.is_empty() { &config.public_url } else { own };
    format!("{}{configured}", site.trim_end_matches('/'))
}

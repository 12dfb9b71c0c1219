//! The old JSON, field for field.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A service in the list of all.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceOverview {
    id: String,
    title: String,
    description: String,
}

impl ServiceOverview {
    pub(super) fn into_json(self) -> Value {
        json!({ "description": self.description, "id": bare(&self.id), "name": self.title })
    }
}

/// The UUID in a global id (`service_0190f3…`), as Python writes one.
pub(super) fn bare(id: &str) -> String {
    let uid = id.rsplit('_').next().and_then(|uid| Uuid::parse_str(uid).ok());
    uid.map_or_else(|| id.to_owned(), |uid| uid.hyphenated().to_string())
}

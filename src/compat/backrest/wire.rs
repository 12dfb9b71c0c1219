//! The old JSON, field for field.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The word among the roles that says that somebody may do everything.
const ADMIN: &str = "admin";

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    roles: Option<Vec<String>>,
    is_admin: Option<bool>,
}

impl User {
    /// The UUID in 32 digits, and what begins it and is enough to name the user.
    pub(super) fn into_fields(self) -> Map<String, Value> {
        let id = bare(&self.id).to_owned();
        // The word is the right itself here: one that is only written among the roles is none.
        let mut roles = self.roles.unwrap_or_default();
        roles.retain(|role| role != ADMIN);
        if self.is_admin == Some(true) {
            roles.push(ADMIN.to_owned());
        }
        let user = json!({
            "short_id": id.get(..8).unwrap_or_default(),
            "id": id,
            "email": self.email,
            "firstname": self.first_name,
            "lastname": self.last_name,
            "roles": roles,
        });
        if let Value::Object(fields) = user { fields } else { Map::new() }
    }

    pub(super) fn into_json(self) -> Value {
        self.into_fields().into()
    }
}

/// The UUID of a global id, in 32 digits.
pub(super) fn bare(global: &str) -> &str {
    global.rsplit('_').next().unwrap_or_default()
}

/// A moment as Python writes it: with microseconds, and an offset of nothing in digits.
pub(super) fn moment(text: &str) -> String {
    text.strip_suffix('Z').map_or_else(|| text.to_owned(), |text| format!("{text}+00:00"))
}

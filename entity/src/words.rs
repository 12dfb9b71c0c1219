//! Short lists of words in one text column.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// A list of words (roles, scopes), stored as a JSON array of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Words(pub Vec<String>);

impl Words {
    /// Whether `word` is in the list.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }
}

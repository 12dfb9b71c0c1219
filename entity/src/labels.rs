//! Short texts by name, in one text column.

use std::collections::BTreeMap;

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// Labels of a job or a runner, stored as a JSON object of strings in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// Whether each of these labels is among `others`, with the same value.
    #[must_use]
    pub fn are_among(&self, others: &Self) -> bool {
        self.0.iter().all(|(key, value)| others.0.get(key) == Some(value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

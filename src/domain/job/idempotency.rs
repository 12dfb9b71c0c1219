//! Submitting the same thing twice gives one job.
//!
//! A client that does not know whether its submission arrived sends it again under the same key. The first one makes the
//! job; the others are answered with it, as long as they say the same. A unique index of the database decides the race.

use entity::job::{self, Origin};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    domain::check::Faults,
    error::{Error, Result},
};

/// Characters of a key at most.
pub const KEY: usize = 255;

/// The caller's name for a submission, and what it said.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Whose name it is.
    owner_id: i64,
    text: String,
    hash: Vec<u8>,
}

/// Notes what is wrong with a key.
pub(super) fn check(faults: &mut Faults, key: Option<&str>) {
    let Some(key) = key else { return };
    if key.is_empty() || key.len() > KEY || !key.chars().all(|c| c.is_ascii_graphic()) {
        let message = format!("1 to {KEY} visible ASCII characters are needed, such as those of a UUID.");
        faults.add("idempotencyKey", message);
    }
}

impl Key {
    /// A key of this caller (`user.id`, 0 for the operator) with the canonical form of what is submitted under it.
    pub fn new(owner_id: i64, text: &str, body: Value) -> Self {
        let canonical = sorted(body).to_string();
        Self { owner_id, text: text.to_owned(), hash: Sha256::digest(canonical).to_vec() }
    }

    /// Puts the key into a new row.
    pub fn mark(&self, row: &mut job::Model) {
        row.idempotency_key = Some(self.text.clone());
        row.key_owner_id = Some(self.owner_id);
        row.idempotency_hash = Some(self.hash.clone());
    }

    /// Whether a job was made by saying the same, under whatever key.
    pub fn is_of(&self, job: &job::Model) -> bool {
        job.idempotency_hash.as_ref() == Some(&self.hash)
    }

    /// The job that was made under this key before.
    ///
    /// Fails with IDEMPOTENCY_MISMATCH when something else was submitted then.
    pub async fn find<C: ConnectionTrait>(&self, db: &C, origin: Origin) -> Result<Option<job::Model>> {
        let first = job::Entity::find()
            .filter(job::Column::KeyOwnerId.eq(self.owner_id))
            .filter(job::Column::Origin.eq(origin))
            .filter(job::Column::IdempotencyKey.eq(self.text.as_str()))
            .one(db)
            .await?;
        match first {
            Some(first) if !self.is_of(&first) => Err(Error::IdempotencyMismatch),
            first => Ok(first),
        }
    }
}

/// Labels in one order: theirs means nothing.
pub(super) fn unordered(labels: &[(String, String)]) -> Vec<&(String, String)> {
    let mut labels: Vec<_> = labels.iter().collect();
    labels.sort();
    labels
}

/// The same value with the keys of every object in one order: they mean nothing in JSON.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(Map::from_iter(fields))
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_count_and_everything_else_does() {
        let hash = |value: Value| Key::new(1, "k", value).hash;
        let same = hash(json!({ "b": [1, { "d": 1, "c": null }], "a": "x" }));
        assert_eq!(same, hash(json!({ "a": "x", "b": [1, { "c": null, "d": 1 }] })));
        for other in [
            json!({ "a": "x", "b": [{ "c": null, "d": 1 }, 1] }),
            json!({ "a": "x", "b": [1, { "d": 1 }] }),
            json!({ "a": "x", "b": [1, { "c": null, "d": 2 }] }),
            json!({ "a": "x", "b": [1, { "c": null, "d": "1" }] }),
        ] {
            assert_ne!(same, hash(other));
        }
    }

    #[test]
    fn a_key_is_visible_and_short() {
        let wrong = |key: &str| {
            let mut faults = Faults::default();
            check(&mut faults, Some(key));
            faults.into_result().is_err()
        };
        assert!(["", "a b", "tab\t", "é", "\u{7f}", &"x".repeat(256)].into_iter().all(wrong));
        assert!(!["!", "~", "0190f3a1-0000-7000-8000-000000000000", &"x".repeat(255)].into_iter().any(wrong));
    }
}

//! Compiled schemas, kept by service version. A version never changes, so an entry is never wrong.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use super::{Semantics, Validator};
use crate::error::{Error, Result};

/// Which schema of a service version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Of what is submitted.
    Parameters,
    /// Of what a worker delivers.
    Results,
}

/// Names a compiled schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The service version's id.
    pub version: i64,
    /// Which of its two schemas.
    pub part: Part,
}

/// The most recently used compiled schemas. Clones share them.
#[derive(Clone)]
pub struct Cache {
    capacity: usize,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    /// Counts look-ups: the clock by which the least recently used entry is found.
    tick: u64,
}

struct Entry {
    validator: Arc<Validator>,
    used: u64,
}

impl Cache {
    /// Keeps at most `capacity` schemas, at least one. A usual one takes some tens of KiB, the largest some MiB.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), entries: Arc::default() }
    }

    /// The compiled schema, if it is here: saves loading its text.
    #[must_use]
    pub fn find(&self, key: Key) -> Option<Arc<Validator>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.tick += 1;
        let tick = entries.tick;
        let entry = entries.by_key.get_mut(&key)?;
        entry.used = tick;
        Some(Arc::clone(&entry.validator))
    }

    /// The compiled schema; compiles it, on a blocking thread, when it is not here. Two callers that miss at once both
    /// compile: cheaper than a lock that one slow schema could hold against all.
    pub async fn get(&self, key: Key, schema: &Value, semantics: Semantics) -> Result<Arc<Validator>> {
        if let Some(validator) = self.find(key) {
            return Ok(validator);
        }
        let schema = schema.clone();
        let compiled = tokio::task::spawn_blocking(move || Validator::compile(&schema, semantics)).await;
        let validator = Arc::new(compiled.map_err(Error::internal)??);
        self.insert(key, Arc::clone(&validator));
        Ok(validator)
    }

    fn insert(&self, key: Key, validator: Arc<Validator>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_key.len() >= self.capacity && !entries.by_key.contains_key(&key) {
            // Walks all entries, which is nothing beside the compilation that led here.
            let oldest = entries.by_key.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            oldest.and_then(|oldest| entries.by_key.remove(&oldest));
        }
        entries.tick += 1;
        let used = entries.tick;
        entries.by_key.insert(key, Entry { validator, used });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(version: i64) -> Key {
        Key { version, part: Part::Parameters }
    }

    #[tokio::test]
    async fn the_least_recently_used_goes_first() {
        let cache = Cache::new(2);
        let schema = json!({ "type": "integer" });
        let first = cache.get(key(1), &schema, Semantics::Declared).await.expect("compiles");
        cache.get(key(2), &schema, Semantics::Declared).await.expect("compiles");
        assert!(Arc::ptr_eq(&first, &cache.find(key(1)).expect("kept")));
        cache.get(key(3), &schema, Semantics::Declared).await.expect("compiles");
        assert!(cache.find(key(2)).is_none());
        assert!(cache.find(key(1)).is_some() && cache.find(key(3)).is_some());
        assert!(cache.find(Key { version: 1, part: Part::Results }).is_none(), "the parts are told apart");
    }

    #[tokio::test]
    async fn a_stored_schema_that_does_not_compile_is_a_defect() {
        let error = Cache::new(1).get(key(1), &json!({ "$ref": "#/nowhere" }), Semantics::Declared).await;
        assert!(matches!(error, Err(Error::Internal(_))));
    }
}

//! `uniqueItems`, done again.
//!
//! jsonschema 0.60 hashes the items of an array, so that the check is linear, but its hash of an array leaves out where
//! the array begins and ends: `[]`, `[[]]` and `[[], []]` all collide, every bracket-only value does, and the set falls
//! back to comparing all pairs. 100 KB of brackets take 40 ms, 700 KB some seconds. Numbers beyond 2^53 collide in
//! groups too. This one hashes structure and exact integers under a random key.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hash, Hasher, RandomState},
};

use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Number, Value};

/// The keyword, when its value is `true`.
pub(super) struct UniqueItems {
    on: bool,
}

/// Makes the keyword; the meta-schema has already seen to it that the value is a boolean.
pub(super) fn keyword(value: &Value) -> Box<dyn for<'i> Keyword<'i>> {
    Box::new(UniqueItems { on: value == &Value::Bool(true) })
}

impl<'i> Keyword<'i> for UniqueItems {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match first_repeated(instance).filter(|_| self.on) {
            None => Ok(()),
            Some(index) => {
                Err(ValidationError::custom(format!("The items must be unique; item {index} repeats an earlier one")))
            }
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        !self.on || first_repeated(instance).is_none()
    }
}

fn first_repeated(instance: &Value) -> Option<usize> {
    let items = instance.as_array()?;
    let state = RandomState::new();
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().position(|item| !seen.insert(Item { hash: hash(&state, item), value: item }))
}

struct Item<'a> {
    hash: u64,
    value: &'a Value,
}

impl Hash for Item<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Item<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && equal(self.value, other.value)
    }
}

impl Eq for Item<'_> {}

/// Equal as JSON Schema means it: `1` and `1.0` are the same number, the order of members does not matter.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => exact(left) == exact(right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => same_members(left, right),
        _ => left == right,
    }
}

fn same_members(left: &Map<String, Value>, right: &Map<String, Value>) -> bool {
    left.len() == right.len() && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| equal(left, right)))
}

/// Every kind of value has its own tag, and an array its length.
fn hash(state: &RandomState, value: &Value) -> u64 {
    match value {
        Value::Null => state.hash_one(0_u8),
        Value::Bool(value) => state.hash_one((1_u8, value)),
        Value::Number(number) => state.hash_one((2_u8, exact(number))),
        Value::String(text) => state.hash_one((3_u8, text)),
        Value::Array(items) => {
            let mut hasher = state.build_hasher();
            (4_u8, items.len()).hash(&mut hasher);
            for item in items {
                hasher.write_u64(hash(state, item));
            }
            hasher.finish()
        }
        // Sums do not depend on the order of the members.
        Value::Object(members) => members.iter().fold(state.hash_one(5_u8), |sum, (name, member)| {
            sum.wrapping_add(state.hash_one((6_u8, name, hash(state, member))))
        }),
    }
}

/// A number such that equal numbers are equal: an integer where it is one, else the bits of the fraction.
#[derive(PartialEq, Eq, Hash)]
enum Exact {
    Integer(i128),
    Other(u64),
}

fn exact(number: &Number) -> Exact {
    if let Some(integer) = number.as_i128() {
        return Exact::Integer(integer);
    }
    let float = number.as_f64().unwrap_or(f64::NAN);
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^100, so it is an i128")]
    if float.fract() == 0.0 && float.abs() < 2_f64.powi(100) {
        return Exact::Integer(float as i128);
    }
    Exact::Other(float.to_bits())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equality_is_that_of_json_schema() {
        for repeated in [
            json!([1, 1.0]),
            json!([0, -0.0]),
            json!([{ "a": 1, "b": 2 }, { "b": 2.0, "a": 1 }]),
            json!([[1, [2]], [1, [2]]]),
            json!([null, null]),
        ] {
            assert_eq!(first_repeated(&repeated), Some(1), "{repeated}");
        }
        for unique in [
            json!([0, false, null, "", [], {}, "0"]),
            json!([9_007_199_254_740_993_u64, 9_007_199_254_740_992_u64]),
            json!([[1, [2]], [[1], 2], [1, 2]]),
            json!([{ "a": 1 }, { "a": 2 }, { "b": 1 }]),
            json!([1e300, 1.5, 1e-300]),
        ] {
            assert_eq!(first_repeated(&unique), None, "{unique}");
        }
    }

    #[test]
    fn structure_is_part_of_the_hash() {
        let state = RandomState::new();
        let hashes: HashSet<u64> = ["[]", "[[]]", "[[],[]]", "[[[]]]", "{}", "[{}]", "0", "[0]", "null"]
            .iter()
            .map(|text| hash(&state, &serde_json::from_str(text).expect("JSON")))
            .collect();
        assert_eq!(hashes.len(), 9);
    }
}

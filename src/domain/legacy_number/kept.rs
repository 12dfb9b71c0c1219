//! Numbers in memory: each is drawn once and never changes, so that what was read once stays true.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use entity::legacy_number::{Dialect, Model, Noun};

/// Numbers that are kept at most: about a megabyte.
const MOST: usize = 16_384;

/// Numbers that were read from what is committed, by whose they are.
#[derive(Debug, Default)]
pub struct Kept(RwLock<HashMap<(Dialect, Noun, i64), i64>>);

impl Kept {
    /// The number of a row, if it was read before.
    #[must_use]
    pub fn get(&self, dialect: Dialect, noun: Noun, row_id: i64) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(dialect, noun, row_id)).copied()
    }

    /// Keeps numbers. When there are too many, it begins anew: those in use come back with one look-up each.
    pub(super) fn keep(&self, rows: &[Model]) {
        if rows.is_empty() {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + rows.len() > MOST {
            kept.clear();
        }
        kept.extend(rows.iter().take(MOST).map(|row| ((row.dialect, row.noun, row.row_id), row.number)));
    }
}

#[cfg(test)]
mod tests {
    use entity::Time;

    use super::*;

    fn row(row_id: i64) -> Model {
        Model { id: row_id, dialect: Dialect::Mybrc, noun: Noun::User, number: -row_id, row_id, created_at: Time(0) }
    }

    #[test]
    fn it_keeps_numbers_and_never_too_many() {
        let kept = Kept::default();
        let rows: Vec<Model> = (0..20_000).map(row).collect();
        kept.keep(&rows[..10]);
        assert_eq!(kept.get(Dialect::Mybrc, Noun::User, 7), Some(-7));
        assert_eq!(kept.get(Dialect::Mybrc, Noun::Account, 7), None);
        kept.keep(&rows[10..]);
        assert_eq!(kept.get(Dialect::Mybrc, Noun::User, 7), None);
        assert_eq!(kept.get(Dialect::Mybrc, Noun::User, 17), Some(-17));
        assert_eq!(kept.0.read().expect("it is whole").len(), MOST);
    }
}

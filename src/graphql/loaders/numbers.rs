//! Numbers of rows in older APIs, fetched together.

use std::{collections::HashMap, future::Future, sync::Arc};

use dataloader::BatchFn;
use entity::legacy_number::{Dialect, Noun};

use super::Loaded;
use crate::{app::App, domain::legacy_number};

/// Which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NumberOf {
    pub dialect: Dialect,
    pub noun: Noun,
    pub row_id: i64,
    /// A row without a number gets one.
    pub draws: bool,
}

pub(super) struct Numbers {
    pub app: App,
}

impl BatchFn<NumberOf, Loaded<i64>> for Numbers {
    fn load(&mut self, keys: &[NumberOf]) -> impl Future<Output = HashMap<NumberOf, Loaded<i64>>> {
        let (app, keys) = (self.app.clone(), keys.to_vec());
        async move {
            // One statement for each kind of number that a document asks for: one, as a rule.
            let mut kinds: Vec<(Dialect, Noun, bool)> = Vec::new();
            for key in &keys {
                let kind = (key.dialect, key.noun, key.draws);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            let mut found = HashMap::with_capacity(keys.len());
            for (dialect, noun, draws) in kinds {
                let of_kind = keys.iter().filter(|key| (key.dialect, key.noun, key.draws) == (dialect, noun, draws));
                let ids: Vec<i64> = of_kind.map(|key| key.row_id).collect();
                let rows = if draws {
                    legacy_number::drawn_for(&app, dialect, noun, &ids).await
                } else {
                    legacy_number::numbers_of(&app, dialect, noun, &ids).await
                };
                let key = |row_id| NumberOf { dialect, noun, row_id, draws };
                match rows {
                    Ok(rows) => {
                        found.extend(ids.iter().map(|id| (key(*id), Ok(None))));
                        found.extend(rows.into_iter().map(|(id, number)| (key(id), Ok(Some(Arc::new(number))))));
                    }
                    Err(error) => {
                        let error = Arc::new(error);
                        found.extend(ids.iter().map(|id| (key(*id), Err(Arc::clone(&error)))));
                    }
                }
            }
            found
        }
    }
}

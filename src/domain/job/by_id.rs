//! One job by its outside id: what is asked for most, by whoever polls or follows one.
//!
//! The text of its statement depends on the columns, and on whether an owner is named, and on nothing else. To write it
//! anew each time took a tenth of all that such a query costs, so it is kept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use entity::job::{self, Columns, Part};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait, Statement, Value, Values,
};
use uuid::Uuid;

use crate::{app::App, error::Result};

/// Texts that are kept at most, of some 500 bytes each. Clients choose columns, so there may be any number of them.
const MOST: usize = 512;

/// What stands in a kept statement where another one has its own values.
const UID: Uuid = Uuid::nil();
const OWNER: i64 = i64::MIN;

/// Columns, and whether an owner is named.
type Shape = (Columns, bool);

/// Statements that were written before.
#[derive(Debug, Default)]
pub struct Texts(RwLock<HashMap<Shape, Arc<Statement>>>);

impl Texts {
    fn get(&self, shape: Shape, write: impl FnOnce() -> Statement) -> Arc<Statement> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&shape) {
            return Arc::clone(known);
        }
        let written = Arc::new(write());
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if texts.len() < MOST {
            texts.insert(shape, Arc::clone(&written));
        }
        written
    }
}

/// This job, if it is `owner`'s, or whosever it is where none is named.
pub(super) async fn by_id(app: &App, uid: Uuid, owner: Option<i64>, columns: Columns) -> Result<Option<Part>> {
    let db = app.db.read();
    let text = app.job_texts.get((columns, owner.is_some()), || {
        let query = job::Entity::bare().filter(job::Column::Uid.eq(UID));
        let query = if owner.is_some() { query.filter(job::Column::OwnerId.eq(OWNER)) } else { query };
        columns.select(query).limit(1).build(db.get_database_backend())
    });
    Ok(Part::find_by_statement(filled(&text, uid, owner)).one(db).await?)
}

/// The statement with the values of this request.
fn filled(text: &Statement, uid: Uuid, owner: Option<i64>) -> Statement {
    let own = |value: &Value| match (value, owner) {
        (Value::Uuid(Some(UID)), _) => uid.into(),
        (Value::BigInt(Some(OWNER)), Some(owner)) => owner.into(),
        _ => value.clone(),
    };
    let values = text.values.iter().flat_map(|values| &values.0).map(own).collect();
    Statement { sql: text.sql.clone(), values: Some(Values(values)), db_backend: text.db_backend }
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, Iterable};

    use super::*;

    #[test]
    fn a_kept_text_is_the_one_that_would_be_written() {
        let columns = Columns::of(&[job::Column::Id, job::Column::Status]);
        let write = |uid: Uuid, owner: i64, backend| {
            let query = job::Entity::bare().filter(job::Column::Uid.eq(uid)).filter(job::Column::OwnerId.eq(owner));
            columns.select(query).limit(1).build(backend)
        };
        let uid = Uuid::from_u128(7);
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            assert_eq!(filled(&write(UID, OWNER, backend), uid, Some(5)), write(uid, 5, backend));
        }
    }

    #[test]
    fn texts_are_bounded() {
        let texts = Texts::default();
        let blank = || Statement::from_string(DbBackend::Sqlite, "");
        let columns: Vec<_> = job::Column::iter().take(10).collect();
        for bits in 0..1_usize << columns.len() {
            let asked =
                columns.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, column)| *column);
            texts.get((Columns::of(&asked.collect::<Vec<_>>()), false), blank);
        }
        assert_eq!(texts.0.read().expect("is whole").len(), MOST);
    }
}

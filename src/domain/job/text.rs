//! The texts of the statements that read one job: what is asked for most, by whoever polls or follows one.
//!
//! Such a text depends on the columns and on how the job is named, and on nothing else. To write it anew each time took a
//! tenth of all that a small query costs, so it is kept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use entity::job::{self, Columns, Part};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, FromQueryResult, QueryFilter, QuerySelect, QueryTrait, Statement, Value,
    Values,
};
use uuid::Uuid;

use super::Which;
use crate::{app::App, error::Result};

/// Texts that are kept at most, of some 500 bytes each. Clients choose columns, so there may be any number of them.
const MOST: usize = 512;

/// What stands in a kept statement where a request has values of its own.
const UID: Uuid = Uuid::nil();
const NUMBER: i64 = i64::MIN;
const OWNER: i64 = i64::MIN + 1;

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// To read a job, of whomever.
    Read,
    /// To read a job of one owner.
    ReadOwn,
    /// To change a recorded job.
    Record,
}

/// Statements that were written before. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Texts(Arc<RwLock<HashMap<Shape, Arc<Statement>>>>);

type Shape = (Purpose, Which, Columns);

impl Texts {
    /// The statement that `write` makes for these columns of a job, which it is told in place of the one that is meant.
    pub(super) fn statement(
        &self,
        purpose: Purpose,
        (which, columns): (Which, Columns),
        owner: Option<i64>,
        write: impl FnOnce(Which) -> Statement,
    ) -> Statement {
        let stands_for = match which {
            Which::Id(_) => Which::Id(UID),
            Which::Number(dialect, _) => Which::Number(dialect, NUMBER),
        };
        let text = self.kept((purpose, stands_for, columns), || write(stands_for));
        filled(&text, which, owner)
    }

    fn kept(&self, shape: Shape, write: impl FnOnce() -> Statement) -> Arc<Statement> {
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

/// The statement with the values of a request.
fn filled(text: &Statement, which: Which, owner: Option<i64>) -> Statement {
    let own = |value: &Value| match (value, which, owner) {
        (Value::Uuid(Some(UID)), Which::Id(uid), _) => uid.into(),
        (Value::BigInt(Some(NUMBER)), Which::Number(_, number), _) => number.into(),
        (Value::BigInt(Some(OWNER)), _, Some(owner)) => owner.into(),
        _ => value.clone(),
    };
    let values = text.values.iter().flat_map(|values| &values.0).map(own).collect();
    Statement { sql: text.sql.clone(), values: Some(Values(values)), db_backend: text.db_backend }
}

/// This job, if it is `owner`'s, or whosever it is where none is named.
pub(super) async fn one(app: &App, uid: Uuid, owner: Option<i64>, columns: Columns) -> Result<Option<Part>> {
    let db = app.db.read();
    let purpose = if owner.is_some() { Purpose::ReadOwn } else { Purpose::Read };
    let statement = app.job_texts.statement(purpose, (uid.into(), columns), owner, |which| {
        written(which, owner.map(|_| OWNER), columns, db.get_database_backend())
    });
    Ok(Part::find_by_statement(statement).one(db).await?)
}

fn written(which: Which, owner: Option<i64>, columns: Columns, backend: DbBackend) -> Statement {
    let query = which.of(job::Entity::bare());
    let query = match owner {
        Some(owner) => query.filter(job::Column::OwnerId.eq(owner)),
        None => query,
    };
    columns.select(query).limit(1).build(backend)
}

#[cfg(test)]
mod tests {
    use entity::legacy_number::Dialect;
    use sea_orm::Iterable;

    use super::*;
    use crate::domain::job::record;

    #[test]
    fn a_kept_text_is_the_one_that_would_be_written() {
        let texts = Texts::default();
        let columns = Columns::of(&[job::Column::Id, job::Column::Status]);
        let whom = [
            Which::Id(Uuid::from_u128(7)),
            Which::Id(Uuid::from_u128(8)),
            Which::Number(None, 7),
            Which::Number(Some(Dialect::Mybrc), 7),
        ];
        for (which, owner) in whom.into_iter().flat_map(|which| [(which, None), (which, Some(5))]) {
            let purpose = if owner.is_some() { Purpose::ReadOwn } else { Purpose::Read };
            let statement = texts.statement(purpose, (which, columns), owner, |which| {
                written(which, owner.map(|_| OWNER), columns, DbBackend::Postgres)
            });
            assert_eq!(statement, written(which, owner, columns, DbBackend::Postgres));
            let record = |which| record::locked_query(which, columns).build(DbBackend::Sqlite);
            assert_eq!(texts.statement(Purpose::Record, (which, columns), None, record), record(which));
        }
        assert_eq!(texts.0.read().expect("is whole").len(), 9, "the ids share their texts");
    }

    #[test]
    fn texts_are_bounded() {
        let texts = Texts::default();
        let columns: Vec<_> = job::Column::iter().take(10).collect();
        for bits in 0..1_usize << columns.len() {
            let asked =
                columns.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, column)| *column);
            let which = (Which::Id(UID), Columns::of(&asked.collect::<Vec<_>>()));
            texts.statement(Purpose::Read, which, None, |_| Statement::from_string(DbBackend::Sqlite, ""));
        }
        assert_eq!(texts.0.read().expect("is whole").len(), MOST);
    }
}

//! Statements that answer with nothing, gathered so that several go to the database in one turn.
//!
//! Each turn to SQLite's thread or PostgreSQL's process costs about as much as a small statement does. What tells of a
//! change (the row itself, its event, its entry in the audit) is written one behind the other, and nobody waits for one
//! of them in particular.

use std::sync::{Mutex, PoisonError};

use sea_orm::{DbBackend, Statement, Values};

/// Those of one transaction, in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Vec<Statement>>);

impl Waiting {
    /// Adds one behind the others; returns those that must be run before it is added.
    ///
    /// On PostgreSQL they become one statement, whose parts are run in any order, and none sees what another one does: so
    /// there each is about another table.
    pub(super) fn add(&self, statement: Statement) -> Option<Statement> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_apart = |other: &Statement| !changes_the_same(other, &statement);
        let first = if waiting.iter().all(is_apart) { None } else { joined(std::mem::take(&mut waiting)) };
        waiting.push(statement);
        first
    }

    /// All of them as one statement; none when there is none.
    pub(super) fn take(&self) -> Option<Statement> {
        joined(std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn changes_the_same(one: &Statement, other: &Statement) -> bool {
    one.db_backend == DbBackend::Postgres && table(&one.sql) == table(&other.sql)
}

/// What a statement changes, as it is spelled in `UPDATE table` and `INSERT INTO table`.
fn table(sql: &str) -> Option<&str> {
    sql.split(' ').find(|word| !matches!(*word, "UPDATE" | "INSERT" | "INTO"))
}

fn joined(statements: Vec<Statement>) -> Option<Statement> {
    let mut statements = statements.into_iter();
    let first = statements.next()?;
    if statements.len() == 0 {
        return Some(first);
    }
    let backend = first.db_backend;
    let mut texts = vec![first.sql];
    let mut values = first.values.map(|values| values.0).unwrap_or_default();
    for Statement { sql, values: own, .. } in statements {
        texts.push(if backend == DbBackend::Postgres { renumbered(&sql, values.len()) } else { sql });
        values.extend(own.into_iter().flat_map(|own| own.0));
    }
    let sql = if backend == DbBackend::Postgres { as_one(&texts) } else { texts.join("; ") };
    Some(Statement { sql, values: Some(Values(values)), db_backend: backend })
}

/// PostgreSQL takes values for one statement only, which may be made of several.
fn as_one(texts: &[String]) -> String {
    let Some((last, others)) = texts.split_last() else { return String::new() };
    let parts: Vec<_> = others.iter().enumerate().map(|(place, text)| format!("_{place} AS ({text})")).collect();
    format!("WITH {} {last}", parts.join(", "))
}

/// A text with `$1`, `$2`.. made `$(by + 1)`, `$(by + 2)`.. . The builder writes `$` nowhere else: every value is passed
/// beside the text.
fn renumbered(sql: &str, by: usize) -> String {
    let mut parts = sql.split('$');
    let begin = parts.next().unwrap_or_default().to_owned();
    parts.fold(begin, |text, part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().unwrap_or_default();
        text + "$" + &(number + by).to_string() + &part[digits..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(backend: DbBackend, sql: &str, values: impl IntoIterator<Item = i32>) -> Statement {
        Statement::from_sql_and_values(backend, sql, values.into_iter().map(Into::into))
    }

    fn taken(backend: DbBackend, statements: &[(&str, &[i32])]) -> Option<Statement> {
        let waiting = Waiting::default();
        for (sql, values) in statements {
            assert_eq!(waiting.add(statement(backend, sql, values.iter().copied())), None);
        }
        waiting.take()
    }

    #[test]
    fn sqlite_runs_one_after_the_other() {
        let two: [(&str, &[i32]); 2] =
            [("UPDATE a SET x = ? WHERE id = ?", &[1, 2]), ("INSERT INTO b VALUES (?)", &[3])];
        let expected = "UPDATE a SET x = ? WHERE id = ?; INSERT INTO b VALUES (?)";
        assert_eq!(taken(DbBackend::Sqlite, &two), Some(statement(DbBackend::Sqlite, expected, [1, 2, 3])));
        assert_eq!(taken(DbBackend::Sqlite, &two[..1]), Some(statement(DbBackend::Sqlite, two[0].0, [1, 2])));
        assert_eq!(taken(DbBackend::Sqlite, &[]), None);
    }

    #[test]
    fn postgresql_gets_one_statement_of_several() {
        let three: [(&str, &[i32]); 3] = [
            ("UPDATE a SET x = $1 WHERE id = $2", &[1, 2]),
            ("INSERT INTO b VALUES ($1, $2)", &[3, 4]),
            ("INSERT INTO c VALUES ($1)", &[5]),
        ];
        let expected = "WITH _0 AS (UPDATE a SET x = $1 WHERE id = $2), _1 AS (INSERT INTO b VALUES ($3, $4)) \
                        INSERT INTO c VALUES ($5)";
        assert_eq!(taken(DbBackend::Postgres, &three), Some(statement(DbBackend::Postgres, expected, 1..=5)));
    }

    #[test]
    fn no_table_is_changed_twice_by_one_statement_of_postgresql() {
        let change = |backend, value| statement(backend, "UPDATE \"a\" SET x = $1", [value]);
        let insert = |backend, value| statement(backend, "INSERT INTO \"a\" VALUES ($1)", [value]);
        let waiting = Waiting::default();
        assert_eq!(waiting.add(change(DbBackend::Postgres, 1)), None);
        assert_eq!(waiting.add(insert(DbBackend::Postgres, 2)), Some(change(DbBackend::Postgres, 1)));
        assert_eq!(waiting.add(insert(DbBackend::Postgres, 3)), Some(insert(DbBackend::Postgres, 2)));
        assert_eq!(waiting.take(), Some(insert(DbBackend::Postgres, 3)));
        assert_eq!(waiting.add(change(DbBackend::Sqlite, 1)), None);
        assert_eq!(waiting.add(change(DbBackend::Sqlite, 2)), None);
    }
}

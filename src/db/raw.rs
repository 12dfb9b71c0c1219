//! Statements that the query builder cannot say, for both databases in one text.

use sea_orm::{DbBackend, Statement, Value};

/// A statement with a `?` for each value. PostgreSQL gets `$1`, `$2`.. for them, and not SQLite's `INDEXED BY name`, by
/// which a query insists on an index.
///
/// The text must not hold a question mark anywhere else.
pub fn raw(backend: DbBackend, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    if backend != DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, sql, values);
    }
    let mut text = String::with_capacity(sql.len() + 16);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            text.push('$');
            text.push_str(&number.to_string());
        }
        text.push_str(part);
    }
    while let Some(start) = text.find(" INDEXED BY ") {
        let name = start + " INDEXED BY ".len();
        let end = text[name..].find(' ').map_or(text.len(), |length| name + length);
        text.replace_range(start..end, "");
    }
    Statement::from_sql_and_values(backend, text, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_gets_its_own_spelling() {
        let sql = "SELECT id FROM job INDEXED BY job_held WHERE a = ? AND b = ?";
        let of = |backend| raw(backend, sql, [1.into(), 2.into()]).sql;
        assert_eq!(of(DbBackend::Sqlite), sql);
        assert_eq!(of(DbBackend::Postgres), "SELECT id FROM job WHERE a = $1 AND b = $2");
        assert_eq!(raw(DbBackend::Postgres, "TABLE job INDEXED BY job_held", []).sql, "TABLE job");
    }
}

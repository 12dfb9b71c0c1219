//! The tables, as their entities describe them.

use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn};

use super::value::Kind;
use crate::error::Result;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: Vec<(&'static str, Kind)>,
    /// The columns of its primary key.
    pub key: Vec<&'static str>,
}

impl Table {
    fn of<E: EntityTrait>(entity: E) -> Result<Self> {
        let columns = E::Column::iter().map(|column| {
            let kind = Kind::of(column.def().get_column_type())?;
            Ok((column.as_str(), kind))
        });
        let key = E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect();
        Ok(Self { name: entity.table_name(), columns: columns.collect::<Result<_>>()?, key })
    }

    /// Whether its rows are numbered by the database.
    pub(super) fn is_numbered(&self) -> bool {
        self.key == ["id"]
    }

    pub(super) fn column_names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

/// Every table, each after those that it refers to.
pub(super) fn all() -> Result<Vec<Table>> {
    use entity::{
        account, account_member, audit_entry, dialect_use, event, favorite, file, group, group_member, job, job_label,
        job_log, job_slurm, ledger, legacy_counter, legacy_number, limit_counter, mail, oauth_client, one_time_token,
        project, project_data, project_member, requirement, reservation, runner, runner_service, server, service,
        service_version, session, setting, token, user,
    };
    Ok(vec![
        Table::of(user::Entity)?,
        Table::of(session::Entity)?,
        Table::of(one_time_token::Entity)?,
        Table::of(runner::Entity)?,
        Table::of(token::Entity)?,
        Table::of(account::Entity)?,
        Table::of(account_member::Entity)?,
        Table::of(reservation::Entity)?,
        Table::of(project::Entity)?,
        Table::of(group::Entity)?,
        Table::of(group_member::Entity)?,
        Table::of(project_member::Entity)?,
        Table::of(favorite::Entity)?,
        Table::of(server::Entity)?,
        Table::of(service::Entity)?,
        Table::of(service_version::Entity)?,
        Table::of(runner_service::Entity)?,
        Table::of(requirement::Entity)?,
        Table::of(ledger::Entity)?,
        Table::of(job::Entity)?,
        Table::of(job_label::Entity)?,
        Table::of(job_slurm::Entity)?,
        Table::of(job_log::Entity)?,
        Table::of(project_data::Entity)?,
        Table::of(file::Entity)?,
        Table::of(event::Entity)?,
        Table::of(legacy_counter::Entity)?,
        Table::of(legacy_number::Entity)?,
        Table::of(dialect_use::Entity)?,
        Table::of(setting::Entity)?,
        Table::of(audit_entry::Entity)?,
        Table::of(mail::Entity)?,
        Table::of(oauth_client::Entity)?,
        Table::of(limit_counter::Entity)?,
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{ConnectionTrait, Statement};

    use super::*;
    use crate::{config::Database, db::Db, infra::clock::Clock};

    #[tokio::test]
    async fn no_table_and_no_column_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("docket.db").display());
        let db = Db::open(&Database { url, ..Database::default() }, Clock::new()).await.expect("it opens");
        db.schema().migrate().await.expect("it migrates");
        let sql = "SELECT m.name AS \"table\", c.name AS \"column\" FROM sqlite_master m, pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'";
        let rows = db.read().query_all_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql)).await;
        let stored: BTreeSet<(String, String)> = rows
            .expect("it answers")
            .iter()
            .map(|row| (row.try_get("", "table").expect("a text"), row.try_get("", "column").expect("a text")))
            .collect();
        let known = all().expect("every column has a kind");
        let known: BTreeSet<(String, String)> = known
            .iter()
            .flat_map(|table| table.column_names().into_iter().map(|column| (table.name.to_owned(), column)))
            .collect();
        assert_eq!(known, stored);
    }
}

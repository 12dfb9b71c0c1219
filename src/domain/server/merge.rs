//! What a server offers, as rows beside the services that run here.

use std::collections::HashMap;

use entity::{server, service};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};

use super::offer::Offered;
use crate::{
    db::Tx,
    error::{Error, Result},
    infra::secret,
};

/// Rows of one statement: it has some twenty values for each.
const AT_ONCE: usize = 100;

/// Makes the services that are shown of `server`, whose row is locked, those that it offers. One that stays keeps its
/// id, and is not written when nothing of it has changed.
pub(super) async fn merge(tx: &Tx, server: &server::Model, offered: &[Offered]) -> Result<()> {
    let owner_id = server.owner_id.ok_or_else(|| Error::internal("a server that nobody registered was probed"))?;
    let present = service::Entity::find().filter(service::Column::ServerId.eq(server.id)).all(&tx.db).await?;
    let mut present: HashMap<_, _> =
        present.into_iter().map(|row| ((row.remote_project.clone(), row.name.clone()), row)).collect();
    let mut new = Vec::new();
    for service in offered {
        match present.remove(&(service.project.clone(), service.name.clone())) {
            Some(row) => change(tx, row, service).await?,
            None => new.push(row(tx, server.id, owner_id, service)),
        }
    }
    let gone: Vec<i64> = present.into_values().map(|row| row.id).collect();
    for ids in gone.chunks(AT_ONCE) {
        let gone = service::Entity::delete_many().filter(service::Column::Id.is_in(ids.iter().copied()));
        gone.exec(&tx.db).await?;
    }
    for rows in new.chunks(AT_ONCE) {
        service::Entity::insert_many(rows.iter().cloned()).exec_without_returning(&tx.db).await?;
    }
    Ok(())
}

async fn change(tx: &Tx, row: service::Model, offered: &Offered) -> Result<()> {
    let changed = service::Model {
        title: offered.title.clone(),
        description: offered.description.clone(),
        kind: offered.kind,
        disabled: offered.disabled,
        ..row.clone()
    };
    if changed == row {
        return Ok(());
    }
    let changed = service::Model { updated_at: tx.now, ..changed };
    service::Entity::update(changed.into_active_model().reset_all()).exec(&tx.db).await?;
    Ok(())
}

/// It has no version: its schemas are that server's business, and so are its bounds.
fn row(tx: &Tx, server_id: i64, owner_id: i64, offered: &Offered) -> service::ActiveModel {
    service::ActiveModel {
        uid: Set(secret::uid()),
        server_id: Set(Some(server_id)),
        remote_project: Set(offered.project.clone()),
        is_exported: Set(true),
        dispatch: Set(service::Dispatch::Pull),
        name: Set(offered.name.clone()),
        title: Set(offered.title.clone()),
        description: Set(offered.description.clone()),
        kind: Set(offered.kind),
        owner_id: Set(owner_id),
        disabled: Set(offered.disabled),
        is_available: Set(true),
        timeout_seconds: Set(30),
        lease_seconds: Set(30),
        retry_timeouts: Set(false),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        project_id: Set(None),
        dialect: Set(None),
        version_id: Set(None),
        last_seen_at: Set(None),
        max_attempts: Set(None),
        max_run_seconds: Set(None),
        price_per_job: Set(None),
        price_per_hour: Set(None),
        price_per_cpu_hour: Set(None),
        max_running: Set(None),
        max_running_per_user: Set(None),
        deleted_at: Set(None),
        ..Default::default()
    }
}

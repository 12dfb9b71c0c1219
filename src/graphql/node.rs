//! Relay's `node` and `nodes`.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID, Interface, Object, Result};
use entity::job::Columns;

use super::{
    account::Account,
    audit::AuditEntry,
    context::{asked, nullable},
    file::File,
    group::Group,
    id::{self, Kind},
    job::Job,
    ledger::LedgerEntry,
    project::Project,
    project_data::ProjectData,
    runner::Runner,
    service::Service,
    user::User,
};
use crate::{
    app::App,
    domain,
    error::{Code, Error},
    viewer::Viewer,
};

/// Anything that has a global id.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    /// A user.
    User(User),
    /// A service.
    Service(Service),
    /// A runner.
    Runner(Runner),
    /// A job.
    Job(Job),
    /// A file.
    File(File),
    /// An account.
    Account(Account),
    /// An entry of the ledger.
    LedgerEntry(LedgerEntry),
    /// A project.
    Project(Project),
    /// Data of a project.
    ProjectData(ProjectData),
    /// A group.
    Group(Group),
    /// An entry of the audit.
    AuditEntry(AuditEntry),
}

/// Reading anything by its global id.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// One thing by its global id; null when it does not exist or the viewer may not see it.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Option<Result<Node>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            Ok(find(app, viewer, &id).await?)
        })
        .await
    }

    /// Several things by their global ids, in the same order, with null for what the viewer may not see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        let (app, viewer) = asked(ctx)?;
        if ids.len() > 100 {
            return Err(Error::invalid("ids", format!("{} ids are too many; at most 100 are taken.", ids.len())).into());
        }
        let mut nodes = Vec::with_capacity(ids.len());
        let mut found: HashMap<&ID, Option<Node>> = HashMap::new();
        for id in &ids {
            if !found.contains_key(id) {
                found.insert(id, find(app, viewer, id).await?);
            }
            nodes.push(found.get(id).cloned().flatten());
        }
        Ok(nodes)
    }
}

async fn find(app: &App, viewer: &Viewer, id: &ID) -> Result<Option<Node>, Error> {
    let Some((kind, uid)) = id::parse(id) else { return Ok(None) };
    let found = match kind {
        Kind::User => domain::user::get(app, viewer, uid).await.map(|row| Node::User(User(Arc::new(row)))),
        Kind::Service => domain::service::get(app, viewer, uid).await.map(|row| Node::Service(Service(Arc::new(row)))),
        Kind::Runner => domain::runner::get(app, viewer, uid).await.map(|row| Node::Runner(Runner(Arc::new(row)))),
        Kind::Job => domain::job::get(app, viewer, uid, Columns::ALL).await.map(|part| Node::Job(part.into())),
        Kind::File => domain::file::get(app, viewer, uid).await.map(|row| Node::File(File(Arc::new(row)))),
        Kind::Account => domain::account::get(app, viewer, uid).await.map(|row| Node::Account(Account(Arc::new(row)))),
        Kind::Entry => {
            domain::ledger::get(app, viewer, uid).await.map(|row| Node::LedgerEntry(LedgerEntry(Arc::new(row))))
        }
        Kind::Project => domain::project::get(app, viewer, uid).await.map(|row| Node::Project(Project::new(row))),
        Kind::ProjectData => {
            domain::project_data::get(app, viewer, uid).await.map(|row| Node::ProjectData(ProjectData(Arc::new(row))))
        }
        Kind::Group => domain::group::get(app, viewer, uid).await.map(|row| Node::Group(Group(Arc::new(row)))),
        Kind::AuditEntry => {
            domain::audit::get(app, viewer, uid).await.map(|row| Node::AuditEntry(AuditEntry(Arc::new(row))))
        }
        // Credentials have ids to revoke them by, and are not looked up.
        Kind::Session | Kind::Token | Kind::OauthClient => return Ok(None),
    };
    match found {
        Ok(node) => Ok(Some(node)),
        // Hidden equals absent, whatever the reason is that it is hidden.
        Err(error) if matches!(error.code(), Code::NotFound | Code::Forbidden | Code::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

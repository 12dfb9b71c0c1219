//! Making, changing, deleting and marking projects.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::project;

use super::{Project, one};
use crate::{
    domain::{
        self,
        project::{NewProject, ProjectChange},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
};

/// A project to make.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectCreateInput {
    /// A short unique name; 1 to 64 letters, digits, `_`, `.` or `-`. Derived from the title if not given.
    name: Option<String>,
    /// What people call it; 1 to 200 characters.
    title: String,
    /// What it is about; at most 10,000 characters.
    #[graphql(default)]
    description: String,
    /// Whether everybody sees it, with its services and its public data.
    #[graphql(default = false)]
    is_public: bool,
    /// Who pays for its jobs that name no account; one that the viewer sees.
    default_account_id: Option<ID>,
}

/// A change of a project; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectUpdateInput {
    /// Which project.
    project_id: ID,
    /// A new short name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: Option<String>,
    /// A new title; 1 to 200 characters.
    title: Option<String>,
    /// A new description; at most 10,000 characters.
    description: Option<String>,
    /// Whether everybody sees it.
    is_public: Option<bool>,
    /// Who pays for its jobs that name no account; null for nobody.
    default_account_id: MaybeUndefined<ID>,
    /// The services that its members want at hand, by their full names; at most 100 of at most 200 characters each.
    favorite_services: Option<Vec<String>>,
}

id_inputs! { project_id, "Its global id.";
    ProjectDeleteInput "Which project to delete.",
    FavoriteAddInput "Which project to mark.",
    FavoriteRemoveInput "Which project to mark no longer.",
}

payloads! { project: Project, "The project.";
    ProjectCreatePayload "A project that was made.",
    ProjectUpdatePayload "A project that was changed.",
    ProjectDeletePayload "A project that was deleted, as it was.",
    FavoriteAddPayload "A project that is marked.",
    FavoriteRemovePayload "A project that is not marked.",
}

/// Making, changing, deleting and marking projects.
#[derive(Debug, Default)]
pub struct ProjectMutation;

#[Object]
impl ProjectMutation {
    /// Makes a project, which the viewer owns.
    async fn project_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The project to make.")] input: ProjectCreateInput,
    ) -> Result<ProjectCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let account = input.default_account_id.map(|id| id::uid(Kind::Account, "defaultAccountId", &id)).transpose()?;
        let new = NewProject {
            name: input.name,
            title: input.title,
            description: input.description,
            is_public: input.is_public,
            default_account_id: account,
        };
        Ok(Project::made(domain::project::create(app, viewer, new).await?).into())
    }

    /// Changes a project. Its managers and owners and admins may.
    async fn project_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: ProjectUpdateInput,
    ) -> Result<ProjectUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.project_id)?;
        let account = match input.default_account_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => Some(Some(id::uid(Kind::Account, "defaultAccountId", &id)?)),
        };
        let change = ProjectChange {
            name: input.name,
            title: input.title,
            description: input.description,
            is_public: input.is_public,
            default_account_id: account,
            favorite_services: input.favorite_services,
        };
        payload(domain::project::update(app, viewer, uid, change).await)
    }

    /// Deletes a project that has no unfinished jobs, with its services and its data. Its jobs stay with those who
    /// submitted them; its name is free again. Its managers and owners and admins may. A personal project stays.
    async fn project_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which project.")] input: ProjectDeleteInput,
    ) -> Result<ProjectDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.project_id)?;
        payload(domain::project::delete(app, viewer, uid).await)
    }

    /// Marks a project for the viewer, who finds it by that. Nobody else learns of it.
    async fn favorite_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which project.")] input: FavoriteAddInput,
    ) -> Result<FavoriteAddPayload> {
        let (app, viewer, uid) = one(ctx, &input.project_id)?;
        payload(domain::favorite::add(app, viewer, uid).await)
    }

    /// Takes the viewer's mark from a project.
    async fn favorite_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which project.")] input: FavoriteRemoveInput,
    ) -> Result<FavoriteRemovePayload> {
        let (app, viewer, uid) = one(ctx, &input.project_id)?;
        payload(domain::favorite::remove(app, viewer, uid).await)
    }
}

fn payload<P: From<Project>>(row: crate::error::Result<project::Model>) -> Result<P> {
    Ok(Project::new(row?).into())
}

//! Who takes part in projects.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::project_member;

use super::{Project, ProjectRole, one};
use crate::{
    domain::{self, project::Holder},
    error::Error,
    graphql::{
        connection::connection,
        context::{loaders, nullable},
        group::Group,
        id::{self, Kind},
        scalar::DateTime,
        user::User,
    },
};

connection!(ProjectMemberConnection, ProjectMemberEdge, ProjectMember, "members");

/// How members are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ProjectMemberOrder", remote = "crate::domain::project::MemberOrder")]
pub enum ProjectMemberOrder {
    /// The longest-serving first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// A role that a user, or everybody in a group, has in a project.
#[derive(Clone, Debug)]
pub struct ProjectMember(pub project_member::Model);

/// A role that a user, or everybody in a group, has in a project.
#[Object]
impl ProjectMember {
    /// The project.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move { Ok(loaders(ctx)?.project(self.0.project_id).await?.map(Project::shared)) }).await
    }

    /// The user; null when it is a group's role.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match self.0.user_id {
                Some(id) => Ok(loaders(ctx)?.user(id).await?.map(User)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The group; null when it is a user's own role.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        nullable(async move {
            match self.0.group_id {
                Some(id) => Ok(loaders(ctx)?.group(id).await?.map(Group)),
                None => Ok(None),
            }
        })
        .await
    }

    /// What it may do.
    async fn role(&self) -> ProjectRole {
        self.0.role.into()
    }

    /// When it became a member.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the role last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// A role to give: to exactly one user or group.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectMemberSetInput {
    /// Which project.
    project_id: ID,
    /// The user to give it to.
    user_id: Option<ID>,
    /// The group to give it to; one that the viewer is in, or any for an admin.
    group_id: Option<ID>,
    /// The role, in place of the one that it had.
    role: ProjectRole,
}

/// Whose role to take away: of exactly one user or group.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectMemberRemoveInput {
    /// Which project.
    #[graphql(name = "projectId")]
    project: ID,
    /// The user.
    #[graphql(name = "userId")]
    user: Option<ID>,
    /// The group.
    #[graphql(name = "groupId")]
    group: Option<ID>,
}

/// A role that was given.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProjectMemberSetPayload {
    /// The member.
    member: ProjectMember,
}

/// A role that was taken away.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProjectMemberRemovePayload {
    /// The member, as it was.
    member: ProjectMember,
}

/// Managing the members of projects.
#[derive(Debug, Default)]
pub struct ProjectMemberMutation;

#[Object]
impl ProjectMemberMutation {
    /// Gives a user or a group a role in a project. Its managers and owners and admins may; OWNER is given and taken by
    /// owners and admins only. A project keeps at least one user who owns it. A personal project has no other members.
    async fn project_member_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role.")] input: ProjectMemberSetInput,
    ) -> Result<ProjectMemberSetPayload> {
        let (app, viewer, uid) = one(ctx, &input.project_id)?;
        let holder = holder(input.user_id, input.group_id)?;
        let member = domain::project::set_member(app, viewer, uid, holder, input.role.into()).await?;
        Ok(ProjectMemberSetPayload { member: ProjectMember(member) })
    }

    /// Takes the role of a user or a group in a project away. The same callers may as for `projectMemberSet`, and every
    /// user for itself. What the member has submitted and made stays in the project.
    async fn project_member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose role.")] input: ProjectMemberRemoveInput,
    ) -> Result<ProjectMemberRemovePayload> {
        let (app, viewer, uid) = one(ctx, &input.project)?;
        let member = domain::project::remove_member(app, viewer, uid, holder(input.user, input.group)?).await?;
        Ok(ProjectMemberRemovePayload { member: ProjectMember(member) })
    }
}

fn holder(user_id: Option<ID>, group_id: Option<ID>) -> Result<Holder, Error> {
    match (user_id, group_id) {
        (Some(id), None) => Ok(Holder::User(id::uid(Kind::User, "userId", &id)?)),
        (None, Some(id)) => Ok(Holder::Group(id::uid(Kind::Group, "groupId", &id)?)),
        _ => Err(Error::invalid("userId", "Give exactly one of userId and groupId.")),
    }
}

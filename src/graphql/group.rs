//! Groups.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use entity::{group, group_member};

use super::{
    connection::connection,
    context::{asked, counted, loaders, nullable, page},
    id::{self, Kind},
    scalar::{DateTime, number},
    user::User,
};
use crate::{
    domain,
    error::Error,
    page::{PageRequest, cursor},
};

mod write;

pub use write::GroupMutation;

connection!(GroupConnection, GroupEdge, Group, "groups");
connection!(GroupMemberConnection, GroupMemberEdge, GroupMember, "members");

/// How groups are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "GroupOrder", remote = "crate::domain::group::GroupOrder")]
pub enum GroupOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// How the members of a group are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "GroupMemberOrder", remote = "crate::domain::group::GroupMemberOrder")]
pub enum GroupMemberOrder {
    /// Who has been in it for the longest time first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// A named set of users. A project gives it a role with `projectMemberSet`, which everybody in it has then.
#[derive(Clone, Debug)]
pub struct Group(pub Arc<group::Model>);

/// A named set of users. A project gives it a role with `projectMemberSet`, which everybody in it has then.
#[Object]
impl Group {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Group.id(self.0.uid)
    }

    /// A short number, unique among groups.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// A short name, unique among groups; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who is in it and why; at most 10,000 characters.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Who is in it; nobody for who is not, unless an admin asks.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "GroupMemberOrder::CreatedAtAsc")] order: GroupMemberOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<GroupMemberConnection> {
        let (app, viewer) = asked(ctx)?;
        let (order, id) = (order.into(), self.0.id);
        let found = domain::group::members(app, viewer, id, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::group::count_members(app, viewer, id)).await?;
        Ok(GroupMemberConnection::of(found, |row| cursor(order, row), GroupMember, total))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// A user in a group.
#[derive(Clone, Debug)]
pub struct GroupMember(pub group_member::Model);

/// A user in a group.
#[Object]
impl GroupMember {
    /// The user.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move { Ok(loaders(ctx)?.user(self.0.user_id).await?.map(User)) }).await
    }

    /// Since when.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// A page of the groups that a user (`user.id`) is in, of those that the viewer may see.
pub async fn page_of_groups(
    ctx: &Context<'_>,
    user_id: i64,
    order: GroupOrder,
    request: &PageRequest,
) -> Result<GroupConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::group::list_of(app, viewer, user_id, order, request).await?;
    let total = counted(ctx, domain::group::count_of(app, viewer, user_id)).await?;
    Ok(GroupConnection::of(found, |row| cursor(order, row), |row| Group(Arc::new(row)), total))
}

/// Reading groups.
#[derive(Debug, Default)]
pub struct GroupQuery;

#[Object]
impl GroupQuery {
    /// One group, by exactly one of the arguments: one that the viewer is in, or any for an admin.
    async fn group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The short name.")] name: Option<String>,
    ) -> Option<Result<Group>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let row = match (id, number, name) {
                (Some(id), None, None) => domain::group::get(app, viewer, id::uid(Kind::Group, "id", &id)?).await?,
                (None, Some(number), None) => domain::group::get_by_number(app, viewer, i64::from(number)).await?,
                (None, None, Some(name)) => domain::group::get_by_name(app, viewer, &name).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id, number and name.").into()),
            };
            Ok(Some(Group(Arc::new(row))))
        })
        .await
    }

    /// The groups that the viewer is in, or all for an admin.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "GroupOrder::NameAsc")] order: GroupOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<GroupConnection> {
        let (app, viewer) = asked(ctx)?;
        let order = order.into();
        let found = domain::group::list(app, viewer, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::group::count(app, viewer)).await?;
        Ok(GroupConnection::of(found, |row| cursor(order, row), |row| Group(Arc::new(row)), total))
    }
}

//! Making and changing groups and their members.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::group;
use uuid::Uuid;

use super::Group;
use crate::{
    app::App,
    domain::{
        self,
        group::{GroupChange, NewGroup},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
    viewer::Viewer,
};

/// A group to make.
#[derive(Clone, Debug, InputObject)]
pub struct GroupCreateInput {
    /// A short unique name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: String,
    /// Who is in it and why; at most 10,000 characters.
    #[graphql(default)]
    description: String,
}

/// A change of a group; what is absent or null stays.
#[derive(Clone, Debug, InputObject)]
pub struct GroupUpdateInput {
    /// Which group.
    group_id: ID,
    /// A new short name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: Option<String>,
    /// A new description; at most 10,000 characters.
    description: Option<String>,
}

/// Whom to put into which group.
#[derive(Clone, Debug, InputObject)]
pub struct GroupMemberAddInput {
    /// Which group.
    group_id: ID,
    /// Which user.
    user_id: ID,
}

/// Whom to take out of which group.
#[derive(Clone, Debug, InputObject)]
pub struct GroupMemberRemoveInput {
    /// Which group.
    group_id: ID,
    /// Which user.
    user_id: ID,
}

id_inputs! { group_id, "Its global id.";
    GroupDeleteInput "Which group to remove.",
}

payloads! { group: Group, "The group.";
    GroupCreatePayload "A group that was made.",
    GroupUpdatePayload "A group that was changed.",
    GroupDeletePayload "A group that was removed, as it was.",
    GroupMemberAddPayload "A group that the user is in.",
    GroupMemberRemovePayload "A group that the user is not in any more.",
}

/// Making and changing groups and their members.
#[derive(Debug, Default)]
pub struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Makes a group without members. Only an admin may.
    async fn group_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The group to make.")] input: GroupCreateInput,
    ) -> Result<GroupCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewGroup { name: input.name, description: input.description };
        payload(domain::group::create(app, viewer, new).await)
    }

    /// Changes a group. Only an admin may.
    async fn group_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: GroupUpdateInput,
    ) -> Result<GroupUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.group_id)?;
        let change = GroupChange { name: input.name, description: input.description };
        payload(domain::group::update(app, viewer, uid, change).await)
    }

    /// Removes a group, with the roles that projects gave it. Only an admin may.
    async fn group_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group.")] input: GroupDeleteInput,
    ) -> Result<GroupDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.group_id)?;
        payload(domain::group::delete(app, viewer, uid).await)
    }

    /// Puts a user into a group: it has the group's roles at once. Only an admin may.
    async fn group_member_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and which group.")] input: GroupMemberAddInput,
    ) -> Result<GroupMemberAddPayload> {
        let (app, viewer, uid) = one(ctx, &input.group_id)?;
        let user = id::uid(Kind::User, "userId", &input.user_id)?;
        payload(domain::group::add_member(app, viewer, uid, user).await)
    }

    /// Takes a user out of a group: it loses the group's roles at once. Only an admin may.
    async fn group_member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and which group.")] input: GroupMemberRemoveInput,
    ) -> Result<GroupMemberRemovePayload> {
        let (app, viewer, uid) = one(ctx, &input.group_id)?;
        let user = id::uid(Kind::User, "userId", &input.user_id)?;
        payload(domain::group::remove_member(app, viewer, uid, user).await)
    }
}

fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Group, "groupId", id)?))
}

fn payload<P: From<Group>>(row: crate::error::Result<group::Model>) -> Result<P> {
    Ok(Group(Arc::new(row?)).into())
}

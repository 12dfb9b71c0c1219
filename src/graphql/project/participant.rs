//! Everybody who takes part in a project.

use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject};

use super::ProjectRole;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, counted},
        user::{User, UserOrder},
    },
    page::{PageRequest, cursor},
};

connection!(ProjectParticipantConnection, ProjectParticipantEdge, ProjectParticipant, "participants");

/// A user who takes part in a project.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProjectParticipant {
    /// The user.
    user: User,
    /// The highest role of those that the user has by itself and through groups.
    role: ProjectRole,
}

/// A page of the users who take part in a project (`project.id`).
pub async fn page_of_participants(
    ctx: &Context<'_>,
    project_id: i64,
    order: UserOrder,
    request: &PageRequest,
) -> Result<ProjectParticipantConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::project::participants(app, viewer, project_id, order, request).await?;
    let total = counted(ctx, domain::project::count_participants(app, viewer, project_id)).await?;
    let node = |(row, role): (_, entity::project_member::Role)| ProjectParticipant {
        user: User(Arc::new(row)),
        role: role.into(),
    };
    Ok(ProjectParticipantConnection::of(found, |(row, _)| cursor(order, row), node, total))
}

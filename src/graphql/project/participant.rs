//! Everybody who takes part in a project.

use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject};

use super::ProjectRole;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, asks_for},
        user::{User, UserOrder},
    },
    page::{Page, PageRequest, cursor},
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
    let Page { rows, has_next, has_previous } =
        domain::project::participants(app, viewer, project_id, order, request).await?;
    let counted = asks_for(ctx, "totalCount");
    let total = if counted { Some(domain::project::count_participants(app, viewer, project_id).await?) } else { None };
    let cursors = rows.iter().map(|(row, _)| cursor(order, row)).collect();
    let node = |(row, role): (_, entity::project_member::Role)| ProjectParticipant {
        user: User(Arc::new(row)),
        role: role.into(),
    };
    Ok(ProjectParticipantConnection::new(rows.into_iter().map(node).collect(), cursors, has_next, has_previous, total))
}

//! Sets of labels that waiting jobs ask of their runner.

use sea_orm::entity::prelude::*;

use crate::{Labels, Time};

/// A row of `requirement`: one set of labels that jobs of one service ask for. Together they are the service's queues,
/// besides the one of the jobs that any runner may take.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requirement")]
pub struct Model {
    /// What jobs name it by; never 0, which stands for no labels.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The service.
    pub service_id: i64,
    /// Whose it is: one user's sets must not use up another's.
    pub owner_id: i64,
    /// The labels.
    pub labels: Labels,
    /// SHA-256 of the labels, unique within the service.
    pub labels_hash: Vec<u8>,
    /// When it was first asked for.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

//! Mails that wait to be sent, and what became of those that did.

use sea_orm::entity::prelude::*;

use crate::Time;

/// What has become of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum State {
    /// It waits for its first attempt, or for the next one.
    Queued,
    /// The mail server took it.
    Sent,
    /// It was refused for good, or its time was over.
    Failed,
    /// What it was about was undone.
    Withdrawn,
}

/// A row of `mail`: the outbox, written in the transaction that causes the mail.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id, and the first part of the mail's `Message-ID`.
    pub uid: Uuid,
    /// The address that it goes to.
    pub recipient: String,
    /// Which mail it is: the name of its templates.
    pub template: String,
    /// The surface whose templates are asked first.
    pub origin: String,
    /// The user whom it is about; it is not sent any more when that one is gone.
    pub user_id: Option<i64>,
    /// What is filled in, the link with its secret included, sealed with a key that is not in the database. Gone as soon
    /// as it is not needed any more.
    pub sealed: Option<Vec<u8>>,
    /// See [`State`].
    pub state: State,
    /// Attempts so far; the number of the one that runs now.
    pub attempts: i32,
    /// When the next attempt is due.
    pub due_at: Time,
    /// Until when the attempt that runs now has it for itself.
    pub leased_until: Option<Time>,
    /// When it is given up.
    pub expires_at: Time,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Time,
    /// When it came into its last state.
    pub ended_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

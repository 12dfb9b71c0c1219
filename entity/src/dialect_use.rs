//! How much the routes of older APIs are still used, and by whom.

use sea_orm::entity::prelude::*;

use crate::{Time, legacy_number::Dialect};

/// What a caller showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Caller {
    /// Nothing, and it got nothing.
    #[sea_orm(string_value = "nobody")]
    Nobody,
    /// Nothing: the user that the operator lets stand in acted.
    #[sea_orm(string_value = "stand_in")]
    StandIn,
    /// A log-in of the user.
    #[sea_orm(string_value = "session")]
    Session,
    /// An API token of the user.
    #[sea_orm(string_value = "token")]
    Token,
    /// A runner's token.
    #[sea_orm(string_value = "runner")]
    Runner,
}

impl Caller {
    /// Its word, at the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::StandIn => "stand-in",
            Self::Session => "session",
            Self::Token => "token",
            Self::Runner => "runner",
        }
    }
}

/// A row of `dialect_use`: one for each route and caller, counted up.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dialect_use")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The older API.
    pub dialect: Dialect,
    /// The route's method.
    pub method: String,
    /// The route's path below its mount, with `{names}`.
    pub route: String,
    /// What the caller showed.
    pub caller: Caller,
    /// The user (of a session, a token or a stand-in), the runner, or 0 for nobody.
    pub caller_id: i64,
    /// `token.id` of a user's API token; 0 for everything else.
    pub token_id: i64,
    /// How many requests were answered.
    pub count: i64,
    /// When the first of them was.
    pub first_at: Time,
    /// When the last of them was, to some seconds.
    pub last_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

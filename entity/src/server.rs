//! Servers that offer services: this one, and others that it knows.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time};

/// How a server tells what it offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Protocol {
    /// GraphQL, as every docket speaks it.
    #[sea_orm(string_value = "docket")]
    Docket,
    /// The lists of Mobyle2's HTTP API.
    #[sea_orm(string_value = "mobyle2")]
    Mobyle2,
}

/// A row of `server`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "server")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// A slug, unique: the last part of its services' full names.
    pub name: String,
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// Whether it is this server. There is one such row.
    pub is_local: bool,
    /// Whether an admin lets it be used.
    pub is_enabled: bool,
    /// Whether its last probe went well. This server always is.
    pub is_active: bool,
    /// How it tells what it offers; none until that was found out.
    pub protocol: Option<Protocol>,
    /// Who registered it (`user.id`), and whose its services are here in name; none for this server.
    pub owner_id: Option<i64>,
    /// Probes that failed since the last one that went well.
    pub failures: i32,
    /// Why the last probe failed.
    pub last_error: Option<String>,
    /// The end of the last probe.
    pub last_probed_at: Option<Time>,
    /// The end of the last probe that went well.
    pub last_active_at: Option<Time>,
    /// When it is to be probed; none for this server, and while it is not enabled.
    pub next_probe_at: Option<Time>,
    /// Names the probe that is under way. The end of another one changes nothing.
    pub probe_key: Option<i64>,
    /// When that probe counts as lost.
    pub probe_ends_at: Option<Time>,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed other than by a probe.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The servers that `scope` may see: all, except for runners. `anonymous` says whether callers without a credential
    /// read services here.
    #[must_use]
    pub fn visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        match *scope {
            Scope::All | Scope::User { .. } => Self::find(),
            Scope::Nobody if anonymous => Self::find(),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}

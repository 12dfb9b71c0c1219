//! Bytes in the object store: what is known of them.

use sea_orm::{Condition, QuerySelect as _, QueryTrait as _, entity::prelude::*, sea_query::ExprTrait as _};

use crate::{Scope, Time, job, project_data};

/// Whether the bytes are there. Only a file that is ready exists for anybody but the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum State {
    /// They are arriving. A crash leaves this behind, and the sweeper clears it.
    #[sea_orm(string_value = "uploading")]
    Uploading,
    /// They are there, all of them.
    #[sea_orm(string_value = "ready")]
    Ready,
    /// They are being taken away.
    #[sea_orm(string_value = "removed")]
    Removed,
}

/// What a file is to its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// For the worker to read.
    #[sea_orm(string_value = "input")]
    Input,
    /// What the worker made.
    #[sea_orm(string_value = "output")]
    Output,
}

/// A row of `file`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "file")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id (UUID v7), and the name of the object in the store: what people call a file never gets there.
    pub uid: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What its owner says it is (`text/csv`).
    pub media_type: String,
    /// Bytes; while they arrive, how many were announced.
    pub size: i64,
    /// SHA-256 of the bytes, 32 bytes itself; there as soon as the file is ready.
    pub sha256: Option<Vec<u8>>,
    /// Who brought it; of a worker's output the owner of the job.
    pub owner_id: i64,
    /// The job that it is attached to.
    pub job_id: Option<i64>,
    /// The data of a project that it is attached to.
    pub data_id: Option<i64>,
    /// What it is to that job.
    pub role: Option<Role>,
    /// Whether the bytes are there.
    pub state: State,
    /// When the upload began.
    pub created_at: Time,
    /// When it was attached.
    pub attached_at: Option<Time>,
    /// When the sweeper removes it; none while it is attached.
    pub expires_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The files that `scope` may see: one's own, and those of the jobs that it may see. Those of projects' data are
    /// [`Entity::of_data_visible_to`].
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        Self::ready().filter(visible(scope))
    }

    /// The files of the data that `scope` may see. `anonymous` says whether callers without a credential read what is
    /// public here.
    #[must_use]
    pub fn of_data_visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        Self::ready().filter(of_visible_data(scope, anonymous))
    }

    /// Both of them.
    #[must_use]
    pub fn all_visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        Self::ready().filter(Condition::any().add(visible(scope)).add(of_visible_data(scope, anonymous)))
    }

    /// The files that exist.
    fn ready() -> Select<Self> {
        Self::find().filter(Column::State.eq(State::Ready))
    }
}

fn visible(scope: &Scope) -> Condition {
    match *scope {
        Scope::All => Condition::all(),
        Scope::Nobody => Condition::all().add(Expr::val(false)),
        Scope::User { id, .. } => Condition::any().add(Column::OwnerId.eq(id)).add(of_visible_job(scope)),
        Scope::Runner { .. } => Condition::any().add(of_visible_job(scope)),
    }
}

/// Asked of one file at a time, by the job's key: as a list of all visible jobs it would cost as much as there are.
fn of_visible_job(scope: &Scope) -> Expr {
    let its_job = Expr::col((job::Entity, job::Column::Id)).equals((Entity, Column::JobId));
    Expr::exists(job::Entity::visible_to(scope).select_only().expr(Expr::val(1)).filter(its_job).into_query())
}

/// The same by the key of the data.
fn of_visible_data(scope: &Scope, anonymous: bool) -> Expr {
    let its_data = Expr::col((project_data::Entity, project_data::Column::Id)).equals((Entity, Column::DataId));
    let visible = project_data::Entity::visible_to(scope, anonymous);
    Expr::exists(visible.select_only().expr(Expr::val(1)).filter(its_data).into_query())
}

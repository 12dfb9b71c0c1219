//! A recorded job that is about to be changed, in one statement with all that the change depends on.

use entity::{
    account,
    job::{self, Columns, Part},
    job_slurm,
};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, JoinType, QueryFilter, QueryResult, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use crate::{
    db::Tx,
    domain::job::{Texts, Which, text::Purpose},
    error::{Error, Result},
};

/// A recorded job whose row is locked.
pub(super) struct Locked {
    /// The job, with what a change looks at, and what was asked for beside.
    pub part: Part,
    /// What the batch system says of it.
    pub slurm: job_slurm::Model,
    /// Whether its account charges recorded jobs. It is not locked: who changes that meanwhile does so after this change.
    pub charges: Option<bool>,
}

/// What a change of a recorded job looks at, and what its events tell.
fn needed() -> Columns {
    use job::Column::{
        AccountId, Amount, Attempt, FinishedAt, Held, Id, Origin, OwnerId, ProjectId, Revision, ServiceId, StartedAt,
        Status, SubmittedAt, Uid, UpdatedAt,
    };
    Columns::of(&[
        Id,
        Uid,
        Origin,
        ServiceId,
        ProjectId,
        OwnerId,
        Status,
        Attempt,
        Revision,
        SubmittedAt,
        StartedAt,
        FinishedAt,
        UpdatedAt,
        AccountId,
        Held,
        Amount,
    ])
}

/// Locks a recorded job. Any other one is not there.
pub(super) async fn locked(tx: &Tx, texts: &Texts, which: Which, columns: Columns) -> Result<Locked> {
    let columns = needed().with(columns);
    let statement = texts.statement(Purpose::Record, (which, columns), None, |which| {
        locked_query(which, columns).build(tx.db.get_database_backend())
    });
    Locked::find_by_statement(statement).one(&tx.db).await?.ok_or(Error::NotFound("job"))
}

/// The query for such a job.
pub(in crate::domain::job) fn locked_query(which: Which, columns: Columns) -> Select<job::Entity> {
    let slurm = job::Entity::belongs_to(job_slurm::Entity).from(job::Column::Id).to(job_slurm::Column::JobId);
    let mut query = columns.select(which.of(job::Entity::bare())).join(JoinType::InnerJoin, slurm.into());
    let statement = QueryTrait::query(&mut query);
    statement.columns(job_slurm::Column::iter().map(|column| (job_slurm::Entity, column)));
    let charges = account::Entity::find()
        .select_only()
        .column(account::Column::ChargesRecorded)
        .filter(Expr::col((account::Entity, account::Column::Id)).equals((job::Entity, job::Column::AccountId)));
    let charges = SimpleExpr::SubQuery(None, Box::new(charges.into_query().into()));
    query.expr_as(charges, "charges").limit(1).lock_exclusive()
}

impl FromQueryResult for Locked {
    fn from_query_result(from: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let part = Part::from_query_result(from, prefix)?;
        let first = part.columns.width();
        let slurm = job_slurm::Model::at(first, from)?;
        let charges = from.try_get_by_index(first + job_slurm::Column::iter().count())?;
        Ok(Self { part, slurm, charges })
    }
}

//! Long lists of recorded jobs, by their numbers alone.

use std::collections::HashMap;

use entity::{
    Amount, Scope, Time, Total,
    job::{self, Columns, Part},
    job_slurm,
    legacy_number::{Column as NumberColumn, Dialect, Entity as LegacyNumber, Noun},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use crate::{
    app::App,
    domain::legacy_number,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Numbers of one page at most.
pub const PAGE_MOST: i64 = 1_000;

/// What a job has cost, or holds before its end.
const COSTS: &str = "COALESCE(amount, held, 0)";

/// Which recorded jobs; conditions are ANDed, absent ones do not bind. A moment of whole seconds stands for its second.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    /// The one with this number.
    pub number: Option<i64>,
    /// By the id in the batch system.
    pub slurm_id: Option<String>,
    /// Whether the batch system reports them under a key of theirs.
    pub has_key: Option<bool>,
    /// By the owner's number in `MyBRC`.
    pub owner_number: Option<i64>,
    /// By the account's number in `MyBRC`.
    pub account_number: Option<i64>,
    /// By the batch system's number of the state.
    pub state_code: Option<i64>,
    /// By the partition's number; 0 is also that of which nothing was said.
    pub partition: Option<i64>,
    /// By the number of the quality of service, likewise.
    pub qos: Option<i64>,
    /// By what it holds or has cost.
    pub amount: Option<Amount>,
    /// By the moment of submission.
    pub submitted_at: Option<Time>,
    /// By when it began to run.
    pub started_at: Option<Time>,
    /// Begun at or after.
    pub started_from: Option<Time>,
    /// Begun before.
    pub started_before: Option<Time>,
    /// By when it ended.
    pub finished_at: Option<Time>,
    /// By when it was recorded.
    pub created_at: Option<Time>,
    /// By when it last changed.
    pub updated_at: Option<Time>,
}

/// A column of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// How many there are in all.
    pub total: i64,
    /// Those of the page.
    pub numbers: Vec<i64>,
}

/// The numbers of the recorded jobs that the viewer may see, by state code and number: `take` of them after the first
/// `skip`. How many there are in all is exact; without a filter a counter says it.
///
/// `take` is 0 to [`PAGE_MOST`]. A page near the end is read from there.
pub async fn numbers(app: &App, viewer: &Viewer, filter: &RecordFilter, skip: i64, take: i64) -> Result<Numbers> {
    viewer.require_read(Permission::JobsRead)?;
    if skip < 0 || !(0..=PAGE_MOST).contains(&take) {
        return Err(Error::invalid("take", format!("Take 0 to {PAGE_MOST} numbers, and skip none or more.")));
    }
    let (filtered, conditions, _) = query(viewer, filter);
    let db = app.db.read();
    let total = if conditions {
        count(db, filtered.clone()).await?
    } else {
        legacy_number::jobs_in(db, Dialect::Mybrc).await?
    };
    let left = Ord::min(total.saturating_sub(skip), take);
    if left <= 0 {
        return Ok(Numbers { total, numbers: Vec::new() });
    }
    // Skipping is reading: from whichever end is nearer.
    let backwards = skip > total / 2;
    let from = if backwards { total - skip - left } else { skip };
    let ordered = if backwards {
        filtered.order_by_desc(job_slurm::Column::ListedCode).order_by_desc(job_slurm::Column::Number)
    } else {
        filtered.order_by_asc(job_slurm::Column::ListedCode).order_by_asc(job_slurm::Column::Number)
    };
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    let page = ordered.offset(unsigned(from)).limit(unsigned(left)).into_query();
    let mut numbers = column(db, page).await?;
    if backwards {
        numbers.reverse();
    }
    Ok(Numbers { total, numbers })
}

/// The jobs with these numbers in `MyBRC`, in their order, whoever asks: for what [`numbers`] has listed.
pub async fn by_numbers(app: &App, numbers: &[i64], columns: Columns) -> Result<Vec<Part>> {
    let columns = columns.with(Columns::of(&[job::Column::DialectNumber]));
    let query = job::Entity::find()
        .filter(job::Column::Dialect.eq(Dialect::Mybrc))
        .filter(job::Column::DialectNumber.is_in(numbers.iter().copied()));
    let rows: Vec<Part> = columns.select(query).into_model().all(app.db.read()).await?;
    let mut rows: HashMap<i64, Part> =
        rows.into_iter().filter_map(|part| Some((part.row.dialect_number?, part))).collect();
    Ok(numbers.iter().filter_map(|number| rows.remove(number)).collect())
}

/// What recorded jobs come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordSums {
    /// Hours times processors, as far as they are known.
    pub cpu_hours: f64,
    /// What they hold or have cost.
    pub amount: Total,
}

/// The sums of all recorded jobs that the viewer may see under this filter.
pub async fn sums(app: &App, viewer: &Viewer, filter: &RecordFilter) -> Result<RecordSums> {
    viewer.require_read(Permission::JobsRead)?;
    let (filtered, _, joined) = query(viewer, filter);
    let filtered = if joined { filtered } else { with_job(filtered) };
    // Units and millionths apart, so that no sum leaves the range of a number on the way.
    let summed = filtered
        .select_only()
        .expr_as(Expr::cust("COALESCE(SUM(cpu_hours), 0.0)"), "hours")
        .expr_as(Expr::cust(format!("CAST(COALESCE(SUM({COSTS} / 1000000), 0) AS BIGINT)")), "units")
        .expr_as(Expr::cust(format!("CAST(COALESCE(SUM({COSTS} % 1000000), 0) AS BIGINT)")), "rest");
    let (cpu_hours, units, rest) = summed.into_tuple::<(f64, i64, i64)>().one(app.db.read()).await?.unwrap_or_default();
    Ok(RecordSums { cpu_hours, amount: Total(i128::from(units) * i128::from(Amount::UNIT) + i128::from(rest)) })
}

async fn count<C: ConnectionTrait>(db: &C, query: Select<job_slurm::Entity>) -> Result<i64> {
    Ok(i64::try_from(query.count(db).await?).unwrap_or(i64::MAX))
}

/// A query of one column of numbers as one row: the driver's cost is by the row.
pub(in crate::domain) async fn column<C: ConnectionTrait>(db: &C, page: SelectStatement) -> Result<Vec<i64>> {
    let together = match db.get_database_backend() {
        DbBackend::Postgres => "STRING_AGG(CAST(number AS TEXT), ',')",
        _ => "GROUP_CONCAT(number, ',')",
    };
    let mut aggregated = Query::select();
    aggregated.expr(Expr::cust(together)).from_subquery(page, Alias::new("page"));
    let row = db.query_one(&aggregated).await?;
    let text: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    let numbers = text.unwrap_or_default();
    let numbers = numbers.split(',').filter(|number| !number.is_empty()).map(str::parse);
    numbers.collect::<Result<_, _>>().map_err(Error::internal)
}

/// The query of the filter, whether it leaves anything out, and whether it is joined with the jobs.
fn query(viewer: &Viewer, filter: &RecordFilter) -> (Select<job_slurm::Entity>, bool, bool) {
    use job_slurm::Column::{AccountId, ListedCode, OwnerId, Partition, Qos, SlurmId, SlurmKey};
    let base = job_slurm::Entity::find().select_only().column(job_slurm::Column::Number);
    let (mut query, mut narrowed) = match viewer.scope() {
        Scope::All | Scope::User { keeps_accounts: true, .. } => (base, false),
        Scope::User { id, .. } => (base.filter(OwnerId.eq(id)), true),
        Scope::Nobody | Scope::Runner { .. } => (base.filter(Expr::val(false)), true),
    };
    let row_of = |noun: Noun, number: i64| {
        LegacyNumber::find()
            .select_only()
            .column(NumberColumn::RowId)
            .filter(NumberColumn::Dialect.eq(Dialect::Mybrc))
            .filter(NumberColumn::Noun.eq(noun))
            .filter(NumberColumn::Number.eq(number))
            .into_query()
    };
    let in_span = filter.started_from.is_some() || filter.started_before.is_some();
    let mut conditions = Vec::new();
    conditions.extend(filter.number.map(|number| job_slurm::Column::Number.eq(number)));
    conditions.extend(filter.has_key.map(|has| if has { SlurmKey.is_not_null() } else { SlurmKey.is_null() }));
    conditions.extend(filter.slurm_id.as_ref().map(|id| SlurmId.eq(id)));
    // A span of time is read from indexes of the jobs, which begin with whose they are.
    let of = |noun, number, own: job_slurm::Column, of_job: job::Column| match row_of(noun, number) {
        row if in_span => of_job.in_subquery(row),
        row => own.in_subquery(row),
    };
    conditions.extend(filter.owner_number.map(|number| of(Noun::User, number, OwnerId, job::Column::OwnerId)));
    conditions.extend(filter.account_number.map(|number| of(Noun::Account, number, AccountId, job::Column::AccountId)));
    conditions.extend(filter.state_code.map(|code| ListedCode.eq(code)));
    conditions.extend(filter.partition.map(|partition| numbered(Partition, partition)));
    conditions.extend(filter.qos.map(|qos| numbered(Qos, qos)));
    let of_job = of_job(filter);
    let joins = !of_job.is_empty();
    if joins {
        query = with_job(query);
    }
    narrowed |= !conditions.is_empty() || !of_job.is_empty();
    for condition in conditions.into_iter().chain(of_job) {
        query = query.filter(condition);
    }
    (query, narrowed, joins)
}

/// Of a number that lists show as 0 where nothing was said.
fn numbered(column: job_slurm::Column, number: i64) -> SimpleExpr {
    // Apart, so that any other number is read from its index.
    if number == 0 { column.eq(0).or(column.is_null()) } else { column.eq(number) }
}

/// At this moment. One of whole seconds stands for all of its second, which is what `MyBRC` shows of a moment.
pub(in crate::domain) fn within_second<C: ColumnTrait>(column: C, time: Time) -> SimpleExpr {
    const SECOND: i64 = 1_000_000;
    if time.0.rem_euclid(SECOND) == 0 {
        column.gte(time).and(column.lt(Time(time.0.saturating_add(SECOND))))
    } else {
        column.eq(time)
    }
}

/// The conditions on the jobs' own rows.
fn of_job(filter: &RecordFilter) -> Vec<SimpleExpr> {
    let moments = [
        (job::Column::SubmittedAt, filter.submitted_at),
        (job::Column::StartedAt, filter.started_at),
        (job::Column::FinishedAt, filter.finished_at),
        (job::Column::CreatedAt, filter.created_at),
        (job::Column::UpdatedAt, filter.updated_at),
    ];
    let mut conditions: Vec<_> =
        moments.into_iter().filter_map(|(column, time)| time.map(|time| within_second(column, time))).collect();
    conditions.extend(filter.amount.map(|amount| Expr::cust(COSTS).eq(amount.0)));
    let span = [
        filter.started_from.map(|from| job::Column::StartedAt.gte(from)),
        filter.started_before.map(|before| job::Column::StartedAt.lt(before)),
    ];
    if span.iter().any(Option::is_some) {
        // In the words of the indexes `job_started*`.
        conditions.push(Expr::cust("job.origin = 'recorded'"));
    }
    conditions.extend(span.into_iter().flatten());
    conditions
}

fn with_job(query: Select<job_slurm::Entity>) -> Select<job_slurm::Entity> {
    let its_job = job_slurm::Entity::belongs_to(job::Entity).from(job_slurm::Column::JobId).to(job::Column::Id);
    query.join(JoinType::InnerJoin, its_job.into())
}

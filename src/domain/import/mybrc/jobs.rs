//! Jobs, of which there are many.

use std::collections::{HashMap, hash_map::Entry};

use entity::{
    Amount, Time, Words,
    job::{self, Origin, Status},
    job_slurm,
    legacy_number::{Dialect, Noun},
};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, JoinType, QuerySelect, Statement,
};

use crate::{
    db::Tx,
    domain::{
        import::{
            Report, Source,
            number::count,
            table::{Row, Table},
        },
        job::unworked,
        legacy_number::MOST,
    },
    error::{Error, Result},
};

const FILE: &str = "jobs.csv";
const COLUMNS: &[&str] = &[
    "JobNumber",
    "JobSlurmID",
    "SubmitDate",
    "StartDate",
    "EndDate",
    "UserID",
    "AccountID",
    "Amount",
    "JobStatus",
    "Partition",
    "QOS",
    "Created",
    "Updated",
];
/// Rows of one statement: of a job's some sixty columns, so many fit both databases' bounds on values.
const BATCH: usize = 400;

/// A row that was read.
struct Read {
    number: i64,
    slurm_id: i64,
    submitted: Option<Time>,
    started: Option<Time>,
    finished: Option<Time>,
    owner_id: i64,
    account_id: i64,
    amount: Amount,
    state_code: i64,
    partition: i64,
    qos: i64,
    created: Option<Time>,
    updated: Option<Time>,
}

/// What tells one job from another that claims its number: whose it is, its id at the batch system, and when it was
/// submitted. Few bytes, since those of all jobs are kept in memory.
struct Identity {
    owner_id: i64,
    slurm_id: Option<i64>,
    submitted: Option<Time>,
}

impl Identity {
    fn of(read: &Read) -> Self {
        Self { owner_id: read.owner_id, slurm_id: Some(read.slurm_id), submitted: read.submitted.or(read.created) }
    }

    /// Whether this is the same job. A moment that nobody knows is any.
    fn is_that_of(&self, read: &Read) -> bool {
        let other = Self::of(read);
        let moments = self.submitted.zip(other.submitted);
        (self.owner_id, self.slurm_id) == (other.owner_id, other.slurm_id)
            && moments.is_none_or(|(own, other)| own == other)
    }
}

/// The jobs that are here already, by their numbers.
async fn known(tx: &Tx) -> Result<HashMap<i64, Identity>> {
    let its_job = job_slurm::Entity::belongs_to(job::Entity).from(job_slurm::Column::JobId).to(job::Column::Id);
    let jobs = job_slurm::Entity::find()
        .select_only()
        .columns([job_slurm::Column::Number, job_slurm::Column::OwnerId])
        .column(job_slurm::Column::SlurmId)
        .column(job::Column::SubmittedAt)
        .join(JoinType::InnerJoin, its_job.into());
    let jobs: Vec<(i64, i64, Option<String>, Time)> = jobs.into_tuple().all(&tx.db).await?;
    let identity = |owner_id, slurm_id: Option<String>, submitted| Identity {
        owner_id,
        slurm_id: slurm_id.and_then(|id| id.parse().ok()),
        submitted: Some(submitted),
    };
    Ok(jobs.into_iter().map(|(number, owner, slurm, at)| (number, identity(owner, slurm, at))).collect())
}

pub(super) async fn run(
    tx: &Tx,
    source: &Source,
    users: &HashMap<i64, i64>,
    accounts: &HashMap<i64, i64>,
    report: &mut Report,
) -> Result<()> {
    count(tx, Dialect::Mybrc, Noun::Job, 0, 0).await?;
    report.added(FILE, 0);
    let mut table = Table::open(&source.path, FILE, COLUMNS, &source.progress)?;
    let mut known = known(tx).await?;
    let (mut batch, mut last, mut added) = (Vec::with_capacity(BATCH), 0, 0_i64);
    while let Some(row) = table.next() {
        let read = row.and_then(|row| {
            self::read(&row, users, accounts).map(|read| (row.line, read)).map_err(|why| (row.line, why))
        });
        let (line, read) = match read {
            Ok(read) => read,
            Err((line, why)) => {
                report.refuse(FILE, line, why);
                continue;
            }
        };
        match known.entry(read.number) {
            Entry::Vacant(free) => {
                free.insert(Identity::of(&read));
            }
            Entry::Occupied(taken) if taken.get().is_that_of(&read) => {
                report.known(FILE);
                continue;
            }
            Entry::Occupied(_) => {
                report.refuse(FILE, line, format!("The JobNumber {} belongs to another job already.", read.number));
                continue;
            }
        }
        last = last.max(read.number);
        added += 1;
        batch.push(read);
        if batch.len() == BATCH {
            store(tx, &batch).await?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        store(tx, &batch).await?;
    }
    report.added(FILE, added.unsigned_abs());
    count(tx, Dialect::Mybrc, Noun::Job, last, added).await
}

fn read(row: &Row, users: &HashMap<i64, i64>, accounts: &HashMap<i64, i64>) -> Result<Read, String> {
    let (user, account) = (row.number(5, "UserID", 1, MOST)?, row.number(6, "AccountID", 1, MOST)?);
    let created = row.moment(11, "Created")?;
    Ok(Read {
        number: row.number(0, "JobNumber", 1, MOST)?,
        slurm_id: row.number(1, "JobSlurmID", i64::from(i32::MIN), MOST)?,
        submitted: row.moment(2, "SubmitDate")?,
        started: row.moment(3, "StartDate")?,
        finished: row.moment(4, "EndDate")?,
        owner_id: *users.get(&user).ok_or_else(|| format!("There is no user {user}."))?,
        account_id: *accounts.get(&account).ok_or_else(|| format!("There is no account {account}."))?,
        amount: row.amount(7, "Amount")?,
        state_code: row.number(8, "JobStatus", -128, 127)?,
        partition: row.number(9, "Partition", -128, 127)?,
        qos: row.number(10, "QOS", -32_768, 32_767)?,
        created,
        updated: row.moment(12, "Updated")?.or(created),
    })
}

async fn store(tx: &Tx, batch: &[Read]) -> Result<()> {
    let ids = reserve(tx, batch.len()).await?;
    let jobs = ids.iter().zip(batch).map(|(id, read)| job_row(tx, *id, read).into_active_model().reset_all());
    job::Entity::insert_many(jobs.collect::<Vec<_>>()).exec_without_returning(&tx.db).await?;
    let slurm = ids.iter().zip(batch).map(|(id, read)| slurm_row(*id, read).into_active_model().reset_all());
    job_slurm::Entity::insert_many(slurm.collect::<Vec<_>>()).exec_without_returning(&tx.db).await?;
    Ok(())
}

/// So many new internal ids. On SQLite nobody else makes any meanwhile.
async fn reserve(tx: &Tx, rows: usize) -> Result<Vec<i64>> {
    let backend = tx.db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => format!(
            "SELECT STRING_AGG(CAST(id AS TEXT), ',') FROM (SELECT nextval(pg_get_serial_sequence('job', 'id')) AS id \
             FROM generate_series(1, {rows})) drawn"
        ),
        _ => "SELECT CAST(COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'job'), 0) AS TEXT)".to_owned(),
    };
    let row = tx.db.query_one_raw(Statement::from_string(backend, sql)).await?;
    let text: String = row.ok_or_else(|| Error::internal("no ids were drawn"))?.try_get_by_index(0)?;
    if backend == DbBackend::Postgres {
        return text.split(',').map(str::parse).collect::<Result<_, _>>().map_err(Error::internal);
    }
    let last: i64 = text.parse().map_err(Error::internal)?;
    Ok((last + 1..).take(rows).collect())
}

fn job_row(tx: &Tx, id: i64, read: &Read) -> job::Model {
    let status = match (read.started, read.finished) {
        (_, Some(_)) => Status::Succeeded,
        (Some(_), None) => Status::Running,
        (None, None) => Status::Queued,
    };
    let created_at = read.created.unwrap_or(tx.now);
    let submitted_at = read.submitted.unwrap_or(created_at);
    job::Model {
        id,
        dialect: Some(Dialect::Mybrc),
        dialect_number: Some(read.number),
        status,
        submitted_at,
        run_after: submitted_at,
        started_at: read.started,
        finished_at: read.finished,
        account_id: Some(read.account_id),
        held: (!status.is_final()).then_some(Amount::ZERO),
        amount: Some(read.amount),
        created_at,
        updated_at: read.updated.unwrap_or(created_at),
        ..unworked(Origin::Recorded, read.owner_id, tx.now)
    }
}

fn slurm_row(job_id: i64, read: &Read) -> job_slurm::Model {
    // Read within the bounds of these types.
    let small = |number: i64| i32::try_from(number).unwrap_or_default();
    job_slurm::Model {
        job_id,
        number: read.number,
        owner_id: read.owner_id,
        account_id: Some(read.account_id),
        listed_code: small(read.state_code),
        slurm_key: None,
        submission_told: read.submitted.is_some(),
        slurm_id: Some(read.slurm_id.to_string()),
        partition: Some(small(read.partition)),
        qos: Some(small(read.qos)),
        state_code: Some(small(read.state_code)),
        partition_name: None,
        qos_name: None,
        state_name: None,
        nodes: Words::default(),
        nodes_requested: None,
        nodes_allocated: None,
        cpus: None,
        raw_hours: None,
        cpu_hours: None,
    }
}

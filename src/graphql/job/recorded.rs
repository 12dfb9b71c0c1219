//! Recorded jobs in long lists, and changes of them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::{
    Job,
    columns::{needed, needed_by_nodes},
    list::with_related,
    record::{JobSlurmInput, amount_of},
};
use crate::{
    domain::{
        self,
        job::{Changed, RecordChange, RecordFilter, RecordSums, Which},
    },
    error::Error,
    graphql::{
        context::{asked, asks_for, loaders},
        dialect::{Dialect, only_with_a_number},
        enrolled::asks_for_nodes,
        id::{self, Kind},
        nodes::Nodes,
        payload::payloads,
        scalar::{DateTime, Decimal, number},
    },
};

/// A part of the recorded jobs.
#[derive(Clone, Debug, SimpleObject)]
pub struct RecordedJobs {
    /// How many there are in all.
    total_count: i32,
    /// The numbers of those that were asked for.
    numbers: Vec<i32>,
    /// The jobs behind them, at most 100.
    nodes: Nodes<Vec<Job>>,
    /// Hours times processors of all of them, as far as the batch system said so. They are added up when this is asked for.
    cpu_hours: f64,
    /// What all of them hold or have cost, in service units. It is added up when this is asked for.
    amount: Decimal,
}

/// Which recorded jobs; conditions are ANDed. A moment of whole seconds stands for all of its second.
#[derive(Clone, Debug, Default, InputObject)]
pub struct RecordedJobFilter {
    /// The one with this number in MyBRC.
    number: Option<i32>,
    /// With this id in the batch system.
    slurm_id: Option<String>,
    /// Only those that the batch system reports under a key of theirs, or only the others.
    has_key: Option<bool>,
    /// Of the user with this number in MyBRC.
    user_number: Option<i32>,
    /// Of the account with this number in MyBRC.
    account_number: Option<i32>,
    /// With this state in the batch system; 0 also matches those of which nothing was said.
    state_code: Option<i32>,
    /// Of this partition; 0 also matches those of which nothing was said.
    partition: Option<i32>,
    /// Of this quality of service; 0 also matches those of which nothing was said.
    qos: Option<i32>,
    /// That hold or have cost exactly this.
    amount: Option<Decimal>,
    /// Submitted at this moment; one of whole seconds stands for its second.
    submitted_at: Option<DateTime>,
    /// Begun at this moment; one of whole seconds stands for its second.
    started_at: Option<DateTime>,
    /// Begun at or after this moment.
    started_from: Option<DateTime>,
    /// Begun before this moment.
    started_before: Option<DateTime>,
    /// Ended at this moment; one of whole seconds stands for its second.
    finished_at: Option<DateTime>,
    /// Recorded at this moment; one of whole seconds stands for its second.
    created_at: Option<DateTime>,
    /// Last changed at this moment; one of whole seconds stands for its second.
    updated_at: Option<DateTime>,
}

impl TryFrom<RecordedJobFilter> for RecordFilter {
    type Error = Error;

    fn try_from(input: RecordedJobFilter) -> Result<Self, Error> {
        Ok(Self {
            number: input.number.map(i64::from),
            slurm_id: input.slurm_id,
            owner_number: input.user_number.map(i64::from),
            account_number: input.account_number.map(i64::from),
            state_code: input.state_code.map(i64::from),
            partition: input.partition.map(i64::from),
            qos: input.qos.map(i64::from),
            amount: amount_of(input.amount, "filter/amount")?,
            submitted_at: input.submitted_at.map(|at| at.0),
            has_key: input.has_key,
            started_at: input.started_at.map(|at| at.0),
            started_from: input.started_from.map(|at| at.0),
            started_before: input.started_before.map(|at| at.0),
            finished_at: input.finished_at.map(|at| at.0),
            created_at: input.created_at.map(|at| at.0),
            updated_at: input.updated_at.map(|at| at.0),
        })
    }
}

/// Reading long lists of recorded jobs.
#[derive(Debug, Default)]
pub struct RecordedJobQuery;

#[Object]
impl RecordedJobQuery {
    /// The recorded jobs that the viewer may see, by state code and number in MyBRC: one's own, or all for admins and the
    /// role `accounting`.
    async fn recorded_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<RecordedJobFilter>,
        #[graphql(desc = "How many to pass over.", default = 0)] skip: i32,
        #[graphql(desc = "How many to give, 0 to 1000, and at most 100 with `nodes`.", default = 20)] take: i32,
    ) -> Result<RecordedJobs> {
        let (app, viewer) = asked(ctx)?;
        let whole = asks_for_nodes(ctx, take)?;
        let filter = RecordFilter::try_from(filter.unwrap_or_default())?;
        let found = domain::job::numbers(app, viewer, &filter, skip.into(), take.into()).await?;
        let summed = asks_for(ctx, "cpuHours") || asks_for(ctx, "amount");
        let sums = if summed { domain::job::sums(app, viewer, &filter).await? } else { RecordSums::default() };
        let rows = if whole {
            domain::job::by_numbers(app, &found.numbers, needed_by_nodes(ctx.field())).await?
        } else {
            Vec::new()
        };
        Ok(RecordedJobs {
            total_count: number(found.total),
            numbers: found.numbers.into_iter().map(number).collect(),
            nodes: Nodes(with_related(ctx, app, rows).await?),
            cpu_hours: sums.cpu_hours,
            amount: sums.amount.into(),
        })
    }
}

/// A change of a recorded job; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct JobRecordUpdateInput {
    /// Which job, by its global id; either this or `number`.
    job_id: Option<ID>,
    /// Which job, by its short number.
    number: Option<i32>,
    /// The older API whose `number` is meant; without it, docket's own is.
    dialect: Option<Dialect>,
    /// The user whose job it is. A job that is reported under a key keeps it, and its account.
    owner_id: Option<ID>,
    /// The account that it is charged to. What was booked for the job moves there.
    account_id: Option<ID>,
    /// When it was submitted there.
    submitted_at: Option<DateTime>,
    /// When it began to run; null takes that back.
    started_at: MaybeUndefined<DateTime>,
    /// When it ended, not before it began; null takes that back.
    finished_at: MaybeUndefined<DateTime>,
    /// What it cost, in service units; the difference is booked where the account charges recorded jobs. Of a job that
    /// is reported under a key it is what is held until its end, 0 or more.
    amount: Option<Decimal>,
    /// What the batch system says of it now; what is absent there stays, too.
    slurm: Option<JobSlurmInput>,
}

payloads! { job: in place Job, "The job.";
    JobRecordUpdatePayload "A recorded job that was changed.",
}

/// Changing recorded jobs.
#[derive(Debug, Default)]
pub struct RecordedJobMutation;

#[Object]
impl RecordedJobMutation {
    /// Changes what is recorded of a job that another system ran. Its state follows from its dates, and `updatedAt`
    /// moves even when nothing else does. Admins and users with the role `accounting` may.
    async fn job_record_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: JobRecordUpdateInput,
    ) -> Result<JobRecordUpdatePayload> {
        let (app, viewer) = asked(ctx)?;
        only_with_a_number(input.dialect, input.number)?;
        let which = match (input.job_id, input.number) {
            (Some(id), None) => Which::Id(id::uid(Kind::Job, "jobId", &id)?),
            (None, Some(number)) => Which::Number(input.dialect.map(Into::into), number.into()),
            _ => return Err(Error::invalid("jobId", "Give exactly one of jobId and number.").into()),
        };
        let change = RecordChange {
            owner_id: input.owner_id.map(|id| id::uid(Kind::User, "ownerId", &id)).transpose()?,
            account_id: input.account_id.map(|id| id::uid(Kind::Account, "accountId", &id)).transpose()?,
            submitted_at: input.submitted_at.map(|at| at.0),
            started_at: input.started_at.map_value(|at| at.0).into(),
            finished_at: input.finished_at.map_value(|at| at.0).into(),
            amount: amount_of(input.amount, "amount")?,
            slurm: input.slurm.map(Into::into).unwrap_or_default(),
        };
        let payload = ctx.field();
        let asked: Vec<_> = payload.selection_set().flat_map(|job| job.selection_set().collect::<Vec<_>>()).collect();
        let columns = needed(asked.iter().copied());
        let Changed { job, slurm } = domain::job::update_record(app, viewer, which, change, columns).await?;
        loaders(ctx)?.know_slurm(slurm).await;
        Ok(Job::from(job).with_numbered(viewer, asked.iter().copied()).into())
    }
}

//! Rows of `job` of which only some columns are read.
//!
//! SQLite's driver copies every value of a row between threads and the row has over 50 of them: a page that shows three is
//! several times cheaper when it reads three.

use sea_orm::{
    DbErr, FromQueryResult, IdenStatic, Iterable, QueryResult, QuerySelect, QueryTrait, Select, prelude::Expr,
};

use super::{Amount, Column, Document, Entity, Labels, Model, Origin, Status, Time, Uuid};

/// A set of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(i64);

impl Columns {
    /// No column.
    pub const NONE: Self = Self(0);
    /// Every column.
    pub const ALL: Self = Self((1 << 57) - 1);

    /// Every column but the parameters and the results, which may be large and which no change of state needs.
    #[must_use]
    pub fn head() -> Self {
        Self::ALL.without_bodies()
    }

    fn without_bodies(self) -> Self {
        Self(self.0 & !Self::of(&Self::BODIES).0)
    }

    /// These columns.
    #[must_use]
    pub fn of(columns: &[Column]) -> Self {
        Self(columns.iter().fold(0, |set, column| set | 1 << *column as i64))
    }

    /// The columns of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `column` is among them.
    #[must_use]
    pub const fn has(self, column: Column) -> bool {
        self.0 >> column as i64 & 1 == 1
    }

    /// How many columns a row of [`Columns::select`] has: what stands before those that a query reads beside.
    #[must_use]
    pub const fn width(self) -> usize {
        1 + self.0.count_ones() as usize
    }

    /// Makes a query read these columns only; its rows are [`Part`]s.
    #[must_use]
    pub fn select(self, query: Select<Entity>) -> Select<Entity> {
        let mut query = query.select_only();
        // Written into the statement in place: sea-orm's own `columns` moves the whole of it for each column, and makes a
        // definition of each to see whether it is one of PostgreSQL's enums, of which there are none here.
        let statement = QueryTrait::query(&mut query);
        // Each row says first which columns follow: decoding then needs no names and no state.
        statement.expr_as(Expr::val(self.0), "part");
        statement.columns(Column::iter().filter(|column| self.has(*column)).map(|column| (Entity, column)));
        query
    }
}

/// Bytes of parameters and results that a row of many brings by itself.
const SMALL: i64 = 16_384;

/// In the word of a row that has left them where they are, and of one that says how large they are: no column has these
/// places.
const LEFT: i64 = 1 << 62;
const SIZED: i64 = 1 << 61;

impl Columns {
    const BODIES: [Column; 2] = [Column::Parameters, Column::Results];

    /// Those of parameters and results that are among them.
    #[must_use]
    pub fn bodies(self) -> Self {
        Self(self.0 & Self::of(&Self::BODIES).0)
    }

    /// How many bytes these are, which neither database has to read them to know.
    fn size(self) -> String {
        let asked = Self::BODIES.into_iter().filter(|column| self.has(*column));
        let bytes = asked.map(|column| format!("coalesce(octet_length(\"job\".\"{}\"), 0)", column.as_str()));
        bytes.collect::<Vec<_>>().join(" + ")
    }

    /// The same for a query that may have many rows: one with large parameters or results leaves them where they are, so
    /// that not all of them come into memory at once. Each row says how large they are.
    #[must_use]
    pub fn select_small(self, query: Select<Entity>) -> Select<Entity> {
        if self.bodies() == Self::NONE {
            return self.select(query);
        }
        let size = self.size();
        let is_small = || Expr::cust(format!("{size} <= {SMALL}"));
        let word = Expr::case(is_small(), self.0 | SIZED).finally(self.0 | SIZED | LEFT);
        let read = Column::iter().filter(|column| self.has(*column));
        let query = read.fold(query.select_only().expr_as(word, "part"), |query, column| {
            if matches!(column, Column::Parameters | Column::Results) {
                query.expr_as(Expr::case(is_small(), Expr::col((Entity, column))), column.as_str())
            } else {
                query.column(column)
            }
        });
        query.expr_as(Expr::cust(format!("CAST({size} AS BIGINT)")), "size")
    }
}

/// A row that was read through [`Columns::select`]; the columns that were not read hold nothing of meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What was read.
    pub columns: Columns,
    /// The row.
    pub row: Model,
    /// Bytes of those of its parameters and results that were asked for through [`Columns::select_small`].
    pub size: i64,
}

impl Part {
    /// Whether parameters or results were left where they are.
    #[must_use]
    pub fn is_left(&self, asked: Columns) -> bool {
        self.columns != asked
    }
}

/// One arm for each column: a new one does not compile until it is here.
macro_rules! read {
    ($row:ident, $from:ident, $column:ident, $index:ident; $($variant:ident $field:ident),+ $(,)?) => {
        match $column {
            $(Column::$variant => $row.$field = $from.try_get_by_index($index)?,)+
        }
    };
}

impl FromQueryResult for Part {
    fn from_query_result(from: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let word: i64 = from.try_get_by_index(0)?;
        let asked = Columns(word & !(LEFT | SIZED));
        let columns = if word & LEFT == 0 { asked } else { asked.without_bodies() };
        let (mut row, mut index) = (Model::blank(), 0);
        for column in Column::iter().filter(|column| asked.has(*column)) {
            index += 1;
            if !columns.has(column) {
                continue;
            }
            read!(row, from, column, index;
                Id id, Uid uid, Origin origin, ServiceId service_id, ServiceVersionId service_version_id,
                ProjectId project_id, Dialect dialect, DialectNumber dialect_number, OwnerId owner_id, IdempotencyKey idempotency_key, KeyOwnerId key_owner_id,
                IdempotencyHash idempotency_hash,
                Status status, Labels labels, Requires requires, RequirementId requirement_id,
                Parameters parameters, Results results, Priority priority, ScheduledAt scheduled_at,
                RunAfter run_after,
                Attempt attempt, MaxAttempts max_attempts, LeaseSeconds lease_seconds,
                MaxRunSeconds max_run_seconds, RetryTimeouts retry_timeouts, Pushed pushed,
                Losses losses, Releases releases,
                Backoffs backoffs, Progress progress, Message message, FailureKind failure_kind,
                FailureCode failure_code, FailureMessage failure_message, CancelRequested cancel_requested,
                Revision revision, LogBytes log_bytes, LogTruncated log_truncated, RunnerId runner_id,
                LeaseHash lease_hash, LeaseExpiresAt lease_expires_at, ClaimedAt claimed_at, CreatedAt created_at,
                SubmittedAt submitted_at, StartedAt started_at, FinishedAt finished_at, UpdatedAt updated_at,
                DownloadedAt downloaded_at,
                AccountId account_id, Cpus cpus, PricePerJob price_per_job, PricePerHour price_per_hour, Held held,
                Amount amount, RunningSince running_since, RanMicros ran_micros,
            );
        }
        let size = if word & SIZED == 0 { 0 } else { from.try_get_by_index(index + 1)? };
        Ok(Self { columns, row, size })
    }
}

impl Model {
    /// A row of which nothing is known: every column has its zero, its first word or nothing.
    #[must_use]
    pub fn blank() -> Self {
        Self {
            id: 0,
            uid: Uuid::nil(),
            origin: Origin::Submitted,
            service_id: None,
            service_version_id: None,
            project_id: None,
            dialect: None,
            dialect_number: None,
            owner_id: 0,
            idempotency_key: None,
            key_owner_id: None,
            idempotency_hash: None,
            status: Status::Queued,
            labels: Labels::default(),
            requires: Labels::default(),
            requirement_id: 0,
            parameters: Document::default(),
            results: None,
            priority: 0,
            scheduled_at: None,
            run_after: Time(0),
            attempt: 0,
            max_attempts: None,
            lease_seconds: 0,
            max_run_seconds: None,
            retry_timeouts: false,
            pushed: false,
            losses: 0,
            releases: 0,
            backoffs: 0,
            progress: None,
            message: None,
            failure_kind: None,
            failure_code: None,
            failure_message: None,
            cancel_requested: false,
            revision: 0,
            log_bytes: 0,
            log_truncated: false,
            runner_id: None,
            lease_hash: None,
            lease_expires_at: None,
            claimed_at: None,
            created_at: Time(0),
            submitted_at: Time(0),
            started_at: None,
            finished_at: None,
            updated_at: Time(0),
            downloaded_at: None,
            account_id: None,
            cpus: 0,
            price_per_job: Amount::ZERO,
            price_per_hour: Amount::ZERO,
            held: None,
            amount: None,
            running_since: None,
            ran_micros: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_a_bit_for_each_column() {
        assert!(Column::iter().all(|column| Columns::ALL.has(column)));
        assert_eq!(Columns::of(&Column::iter().collect::<Vec<_>>()), Columns::ALL, "ALL counts the columns");
        assert!(!Columns::head().has(Column::Parameters) && Columns::head().has(Column::Status));
        assert!(!Columns::NONE.has(Column::Id));
    }
}

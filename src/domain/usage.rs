//! What was spent, added up from the ledger.

use std::collections::HashMap;

use entity::{Amount, Time, Total, ledger};
use sea_orm::{
    ColumnTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, SelectGetableTuple, Selector,
    sea_query::{Expr, ExprTrait},
};

use super::ledger::{LedgerFilter, filtered};
use crate::{
    app::App,
    error::{Error, Result},
    page::Page,
    viewer::{Permission, Viewer},
};

/// Rows of a page at most.
pub const PAGE: i64 = 100;

/// By what to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageGroup {
    /// By whose jobs they were.
    User,
    /// By service.
    Service,
    /// By project.
    Project,
    /// By day (UTC) of the booking.
    Day,
}

impl UsageGroup {
    /// The key of a row: an internal id, 0 for entries that name none; for days their number since 1970-01-01.
    const fn key(self) -> &'static str {
        match self {
            Self::User => "COALESCE(user_id, 0)",
            Self::Service => "COALESCE(service_id, 0)",
            Self::Project => "COALESCE(project_id, 0)",
            Self::Day => "created_at / 86400000000",
        }
    }
}

/// What was spent on one user, service, project or day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// See [`UsageGroup`].
    pub key: i64,
    /// What was taken less what was given back.
    pub spent: Total,
    /// How many times a job was paid.
    pub jobs: i64,
    /// Milliseconds that these jobs ran.
    pub ran_millis: i64,
}

/// Units and millionths are added up apart: so no sum of fewer than a million entries leaves the range of a number.
#[derive(FromQueryResult)]
struct Sums {
    key: i64,
    units: i64,
    rest: i64,
    jobs: i64,
    ran_millis: i64,
}

/// The next `first` (1 to [`PAGE`]) rows in the order of their keys, after the key `after`: of the entries that the
/// viewer may see under this filter.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    group: UsageGroup,
    filter: &LedgerFilter,
    first: i64,
    after: Option<i64>,
) -> Result<Page<Usage>> {
    viewer.require_read(Permission::AccountsRead)?;
    let Some(limit) = u64::try_from(first).ok().filter(|_| (1..=PAGE).contains(&first)) else {
        return Err(Error::invalid("first", format!("{first} is not a page size; take 1 to {PAGE}.")));
    };
    let key = || Expr::cust(group.key());
    let mut query = filtered(viewer, filter)
        .filter(ledger::Column::Spent.ne(Amount::ZERO))
        .select_only()
        .column_as(key(), "key")
        .column_as(Expr::cust("CAST(SUM(spent / 1000000) AS BIGINT)"), "units")
        .column_as(Expr::cust("CAST(SUM(spent % 1000000) AS BIGINT)"), "rest")
        .column_as(Expr::cust("CAST(SUM(CASE WHEN kind = 'settle' THEN 1 ELSE 0 END) AS BIGINT)"), "jobs")
        .column_as(Expr::cust("CAST(COALESCE(SUM(ran_micros / 1000), 0) AS BIGINT)"), "ran_millis");
    if let Some(after) = after {
        query = query.filter(key().gt(after));
    }
    let query = query.group_by(key()).order_by_asc(key()).limit(limit + 1);
    let mut rows: Vec<Usage> =
        query.into_model::<Sums>().all(app.db.read()).await?.into_iter().map(Usage::from).collect();
    let has_next = rows.len() as u64 > limit;
    if has_next {
        rows.pop();
    }
    Ok(Page { rows, has_next, has_previous: after.is_some() })
}

/// Of whom, and in which span of time, is asked what was used: an account, or one user of it (internal ids).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsedOf {
    /// The account.
    pub account_id: i64,
    /// The user; none means all together.
    pub user_id: Option<i64>,
    /// From this moment on.
    pub from: Option<Time>,
    /// Before this moment.
    pub before: Option<Time>,
}

/// Whether of users; from when on, and before when.
type Kind = (bool, Option<Time>, Option<Time>);

/// What accounts, or users of them, spent from a moment on and before another, and came to hold then for jobs that hold it
/// still, of the entries that the viewer may see. A hold that was made before, and settled then, counts as what it came
/// to. One statement for each span of time and kind that is asked for, however many accounts that is.
pub async fn used(app: &App, viewer: &Viewer, asked: &[UsedOf]) -> Result<HashMap<UsedOf, Total>> {
    viewer.require_read(Permission::AccountsRead)?;
    let mut kinds: HashMap<Kind, Vec<&UsedOf>> = HashMap::new();
    for of in asked {
        kinds.entry((of.user_id.is_some(), of.from, of.before)).or_default().push(of);
    }
    let mut found: HashMap<UsedOf, Total> = asked.iter().map(|of| (*of, Total(0))).collect();
    for ((by_user, from, before), of) in kinds {
        let mut accounts: Vec<i64> = of.iter().map(|of| of.account_id).collect();
        let mut users: Vec<i64> = of.iter().filter_map(|of| of.user_id).collect();
        for ids in [&mut accounts, &mut users] {
            ids.sort_unstable();
            ids.dedup();
        }
        let filter = LedgerFilter { created_from: from, created_before: before, ..Default::default() };
        let mut query = filtered(viewer, &filter).filter(ledger::Column::AccountId.is_in(accounts));
        if by_user {
            query = query.filter(ledger::Column::UserId.is_in(users));
        }
        for (account_id, user_id, units, rest) in summed(query, by_user, from).all(app.db.read()).await? {
            let key = UsedOf { account_id, user_id: by_user.then_some(user_id), from, before };
            // Of two users and two accounts of a page, only some are members.
            found.entry(key).and_modify(|sum| *sum = total(units, rest));
        }
    }
    Ok(found)
}

/// Account, user (0 where all count together), units and millionths of what was used.
fn summed(
    query: Select<ledger::Entity>,
    by_user: bool,
    from: Option<Time>,
) -> Selector<SelectGetableTuple<(i64, i64, i64, i64)>> {
    // Of a job whose hold began earlier, what was added or given back since is no use of its own.
    let earlier = from.map_or_else(String::new, |from| {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM ledger_entry earlier WHERE earlier.job_uid = ledger_entry.job_uid \
             AND earlier.held > 0 AND earlier.created_at < {})",
            from.0
        )
    });
    let open = format!(
        "CASE WHEN ledger_entry.held <> 0 AND EXISTS (SELECT 1 FROM job WHERE job.id = ledger_entry.job_id \
         AND job.held > 0){earlier} THEN ledger_entry.held ELSE 0 END"
    );
    let sum = |part: &str| Expr::cust(format!("CAST(COALESCE(SUM(({open}) {part} + spent {part}), 0) AS BIGINT)"));
    let user = if by_user { "ledger_entry.user_id" } else { "CAST(0 AS BIGINT)" };
    let mut query = query
        .select_only()
        .column(ledger::Column::AccountId)
        .expr_as(Expr::cust(user), "of_user")
        .expr_as(sum("/ 1000000"), "units")
        .expr_as(sum("% 1000000"), "rest")
        .group_by(ledger::Column::AccountId);
    if by_user {
        query = query.group_by(ledger::Column::UserId);
    }
    query.into_tuple()
}

fn total(units: i64, rest: i64) -> Total {
    Total(i128::from(units) * i128::from(Amount::UNIT) + i128::from(rest))
}

impl From<Sums> for Usage {
    fn from(sums: Sums) -> Self {
        Self { key: sums.key, spent: total(sums.units, sums.rest), jobs: sums.jobs, ran_millis: sums.ran_millis }
    }
}

//! What was spent, added up.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime as Chrono, Days};

use super::{
    connection::PageInfo,
    context::{asked, loaders, nullable},
    filter::IdFilter,
    id::Kind,
    project::Project,
    scalar::{DateTime, Decimal, Long},
    service::Service,
    user::User,
};
use crate::{
    domain::{
        self,
        ledger::LedgerFilter,
        usage::{Usage, UsageGroup as Group},
    },
    error::Error,
};

/// By what to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "UsageGroup", remote = "crate::domain::usage::UsageGroup")]
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

/// Which entries to add up; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct UsageFilter {
    /// By account.
    #[graphql(name = "accountId")]
    account: Option<IdFilter>,
    /// By whose jobs they were.
    #[graphql(name = "userId")]
    user: Option<IdFilter>,
    /// By service.
    #[graphql(name = "serviceId")]
    service: Option<IdFilter>,
    /// By project.
    #[graphql(name = "projectId")]
    project: Option<IdFilter>,
}

/// What was spent on one user, one service, one project or one day.
#[derive(Clone, Debug)]
pub struct UsageRow {
    group: Group,
    usage: Usage,
}

/// What was spent on one user, one service, one project or one day.
#[Object]
impl UsageRow {
    /// The user; null unless it was added up by user, and for what is about no user.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match self.group {
                Group::User => Ok(loaders(ctx)?.user(self.usage.key).await?.map(User)),
                Group::Service | Group::Project | Group::Day => Ok(None),
            }
        })
        .await
    }

    /// The service; null unless it was added up by service, and for what is about no service.
    async fn service(&self, ctx: &Context<'_>) -> Option<Result<Service>> {
        nullable(async move {
            match self.group {
                Group::Service => Ok(loaders(ctx)?.service(self.usage.key).await?.map(Service)),
                Group::User | Group::Project | Group::Day => Ok(None),
            }
        })
        .await
    }

    /// The project; null unless it was added up by project, for what is about no project, and for those who may not see
    /// it.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move {
            match self.group {
                Group::Project => Ok(loaders(ctx)?.paid_project(self.usage.key).await?.map(Project::shared)),
                Group::User | Group::Service | Group::Day => Ok(None),
            }
        })
        .await
    }

    /// The day in UTC, such as `2026-03-01`; null unless it was added up by day.
    async fn day(&self) -> Option<String> {
        let days = u64::try_from(self.usage.key).ok().filter(|_| self.group == Group::Day)?;
        let day = Chrono::UNIX_EPOCH.date_naive().checked_add_days(Days::new(days))?;
        Some(day.format("%Y-%m-%d").to_string())
    }

    /// What was taken less what was given back, in service units.
    async fn spent(&self) -> Decimal {
        self.usage.spent.into()
    }

    /// How many times a job was paid.
    async fn jobs(&self) -> Long {
        Long(self.usage.jobs)
    }

    /// Seconds that these jobs ran.
    async fn run_seconds(&self) -> f64 {
        std::time::Duration::from_millis(self.usage.ran_millis.unsigned_abs()).as_secs_f64()
    }
}

/// A page of what was spent.
#[derive(Clone, Debug, SimpleObject)]
pub struct UsageReport {
    /// The rows: users, services and projects in the order of their numbers, what is about none first; days from the earliest
    /// on.
    rows: Vec<UsageRow>,
    /// Where the page lies in the report.
    page_info: PageInfo,
}

/// Reading usage.
#[derive(Debug, Default)]
pub struct UsageQuery;

#[Object]
impl UsageQuery {
    /// What was spent, added up from those entries of the ledger that the viewer may see: settlements, refunds and
    /// adjustments.
    #[expect(clippy::too_many_arguments, reason = "a page and a span of time have two arguments each")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By what to add up.")] group_by: UsageGroup,
        #[graphql(desc = "Booked at this moment or later.")] from: Option<DateTime>,
        #[graphql(desc = "Booked before this moment.")] to: Option<DateTime>,
        #[graphql(desc = "Which entries.")] filter: Option<UsageFilter>,
        #[graphql(desc = "How many rows, 1 to 100.", default = 100)] first: i32,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
    ) -> Result<UsageReport> {
        let (app, viewer) = asked(ctx)?;
        let filter = filter.unwrap_or_default();
        let filter = LedgerFilter {
            account_ids: IdFilter::uids(filter.account, Kind::Account, "filter/accountId")?,
            user_ids: IdFilter::uids(filter.user, Kind::User, "filter/userId")?,
            service_ids: IdFilter::uids(filter.service, Kind::Service, "filter/serviceId")?,
            project_ids: IdFilter::uids(filter.project, Kind::Project, "filter/projectId")?,
            created_from: from.map(|from| from.0),
            created_before: to.map(|to| to.0),
            ..LedgerFilter::default()
        };
        let group = Group::from(group_by);
        let after = after.map(|after| key(group, &after)).transpose()?;
        let found = domain::usage::list(app, viewer, group, &filter, i64::from(first), after).await?;
        let cursors = found.rows.iter().map(|row| cursor(group, row.key));
        let page_info = PageInfo::new(found.has_next, found.has_previous, cursors.collect::<Vec<_>>().into_iter());
        let rows = found.rows.into_iter().map(|usage| UsageRow { group, usage }).collect();
        Ok(UsageReport { rows, page_info })
    }
}

const fn word(group: Group) -> char {
    match group {
        Group::User => 'u',
        Group::Service => 's',
        Group::Project => 'p',
        Group::Day => 'd',
    }
}

fn cursor(group: Group, key: i64) -> String {
    format!("{}{key:x}", word(group))
}

fn key(group: Group, cursor: &str) -> Result<i64, Error> {
    let digits =
        cursor.strip_prefix(word(group)).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    digits
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::invalid("after", "This is not a cursor of this report. Take one from pageInfo."))
}

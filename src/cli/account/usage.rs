//! What was spent, added up.

use std::collections::HashMap;

use chrono::{DateTime, Days};
use clap::ValueEnum;
use entity::Time;
use serde_json::json;

use super::{find, statement::moment};
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Output, Record, record};
use crate::domain::ledger::LedgerFilter;
use crate::domain::usage::{self, Usage, UsageGroup};
use crate::domain::{project, service, user};
use crate::error::Result;
use crate::viewer::Viewer;

/// What to add up.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Used {
    /// By what
    #[arg(long, value_enum)]
    by: By,
    /// Only of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Booked at this moment or later, such as 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Time>,
    /// Booked before this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Time>,
    /// Print CSV, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    format: Format,
}

/// The groups, as words of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// Whose jobs they were
    User,
    /// The service
    Service,
    /// The project
    Project,
    /// The day of the booking, in UTC
    Day,
}

impl By {
    const fn group(self) -> UsageGroup {
        match self {
            Self::User => UsageGroup::User,
            Self::Service => UsageGroup::Service,
            Self::Project => UsageGroup::Project,
            Self::Day => UsageGroup::Day,
        }
    }

    /// The column that says of whom or what a row is.
    const fn column(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Project => "project",
            Self::Day => "day",
        }
    }
}

/// Prints it. What names no user, service or project has a row of its own.
pub(super) async fn run(used: &Used, app: &App, mut output: Output) -> Result<(), Failure> {
    let account_ids = match &used.account {
        Some(name) => Some(vec![find(app, name).await?.uid]),
        None => None,
    };
    let filter =
        LedgerFilter { account_ids, created_from: used.from, created_before: used.to, ..LedgerFilter::default() };
    let rows = rows(app, used.by.group(), &filter).await?;
    let names = names(app, used.by, &rows).await?;
    let describe = |row: &Usage| {
        let mut record = Record::new();
        record.insert(used.by.column().to_owned(), json!(names.get(&row.key)));
        record.extend(record! {
            "spent": row.spent.to_string(),
            "jobs": row.jobs,
            "runSeconds": std::time::Duration::from_millis(row.ran_millis.unsigned_abs()).as_secs_f64(),
        });
        record
    };
    let records: Vec<Record> = rows.iter().map(describe).collect();
    let columns = [used.by.column(), "spent", "jobs", "runSeconds"];
    if used.csv {
        output.csv(&records, &columns)?;
    } else {
        output.list(used.format, records, &columns)?;
    }
    Ok(())
}

async fn rows(app: &App, group: UsageGroup, filter: &LedgerFilter) -> Result<Vec<Usage>> {
    let mut rows: Vec<Usage> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.key);
        let page = usage::list(app, &Viewer::local_operator(), group, filter, usage::PAGE, after).await?;
        rows.extend(page.rows);
        if !page.has_next {
            return Ok(rows);
        }
    }
}

/// What the keys of these rows stand for.
async fn names(app: &App, by: By, rows: &[Usage]) -> Result<HashMap<i64, String>> {
    let keys: Vec<i64> = rows.iter().map(|row| row.key).collect();
    let mut names = HashMap::new();
    for keys in keys.chunks(100) {
        match by {
            By::User => names.extend(user::by_ids(app, keys).await?.into_iter().map(|user| (user.id, user.username))),
            By::Service => {
                names.extend(service::by_ids(app, keys).await?.into_iter().map(|service| (service.id, service.name)));
            }
            By::Project => {
                let found = project::by_ids_of_entries(app, &Viewer::local_operator(), keys).await?;
                names.extend(found.into_iter().map(|project| (project.id, project.name)));
            }
            By::Day => names.extend(keys.iter().filter_map(|key| Some((*key, day(*key)?)))),
        }
    }
    Ok(names)
}

fn day(days: i64) -> Option<String> {
    let days = Days::new(days.try_into().ok()?);
    Some(DateTime::UNIX_EPOCH.date_naive().checked_add_days(days)?.format("%Y-%m-%d").to_string())
}

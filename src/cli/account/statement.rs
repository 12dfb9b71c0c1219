//! The entries of an account, and what it had after each.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::ledger::{Kind, Model};
use entity::{Time, Total};

use super::find;
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Output, Record, record, time};
use crate::cli::pages::all;
use crate::domain::ledger::{self, LedgerFilter, LedgerOrder};
use crate::domain::{service, user};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// Which entries.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Statement {
    /// The account's name
    name: String,
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

const COLUMNS: [&str; 10] =
    ["bookedAt", "kind", "granted", "held", "spent", "available", "job", "user", "service", "reason"];

pub(super) fn moment(text: &str) -> Result<Time, String> {
    let parsed =
        DateTime::parse_from_rfc3339(text).map_err(|_| "a moment like 2026-03-01T00:00:00Z is needed".to_owned())?;
    Ok(parsed.with_timezone(&Utc).into())
}

/// Prints the statement.
pub(super) async fn run(statement: &Statement, app: &App, mut output: Output) -> Result<(), Failure> {
    let account = find(app, &statement.name).await?;
    let filter = LedgerFilter {
        account_ids: Some(vec![account.uid]),
        // The balance before `from` is the sum of what was booked before.
        created_before: statement.to,
        ..LedgerFilter::default()
    };
    let viewer = Viewer::local_operator();
    let entries = all(
        async |request| ledger::list(app, &viewer, &filter, LedgerOrder::CreatedAtAsc, &request).await,
        |row| cursor(LedgerOrder::CreatedAtAsc, row),
    );
    let records = records(app, &entries.await?, statement.from).await?;
    if statement.csv {
        output.csv(&records, &COLUMNS)?;
    } else {
        output.list(statement.format, records, &COLUMNS)?;
    }
    Ok(())
}

async fn records(app: &App, entries: &[Model], from: Option<Time>) -> Result<Vec<Record>> {
    let users = users(app, entries).await?;
    let services = services(app, entries).await?;
    let mut available = Total::default();
    let mut records = Vec::new();
    for entry in entries {
        available.0 += entry.granted.wide() - entry.held.wide() - entry.spent.wide();
        if from.is_some_and(|from| entry.created_at < from) {
            continue;
        }
        records.push(record! {
            "bookedAt": time(entry.created_at),
            "kind": kind(entry.kind),
            "granted": entry.granted.to_string(),
            "held": entry.held.to_string(),
            "spent": entry.spent.to_string(),
            "available": available.to_string(),
            "job": entry.job_id,
            "user": entry.user_id.and_then(|id| users.get(&id)),
            "service": entry.service_id.and_then(|id| services.get(&id)),
            "reason": entry.reason,
            "actor": entry.actor_id.and_then(|id| users.get(&id)),
        });
    }
    Ok(records)
}

async fn users(app: &App, entries: &[Model]) -> Result<HashMap<i64, String>> {
    let ids: HashSet<i64> = entries.iter().flat_map(|entry| [entry.user_id, entry.actor_id]).flatten().collect();
    let mut names = HashMap::new();
    for ids in ids.into_iter().collect::<Vec<_>>().chunks(100) {
        names.extend(user::by_ids(app, ids).await?.into_iter().map(|user| (user.id, user.username)));
    }
    Ok(names)
}

async fn services(app: &App, entries: &[Model]) -> Result<HashMap<i64, String>> {
    let ids: HashSet<i64> = entries.iter().filter_map(|entry| entry.service_id).collect();
    let mut names = HashMap::new();
    for ids in ids.into_iter().collect::<Vec<_>>().chunks(100) {
        names.extend(service::by_ids(app, ids).await?.into_iter().map(|service| (service.id, service.name)));
    }
    Ok(names)
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Grant => "GRANT",
        Kind::Hold => "HOLD",
        Kind::Release => "RELEASE",
        Kind::Settle => "SETTLE",
        Kind::Refund => "REFUND",
        Kind::Adjustment => "ADJUSTMENT",
    }
}

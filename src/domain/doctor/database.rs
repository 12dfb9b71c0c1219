//! The database, and the disks.

use std::{io::ErrorKind, path::Path};

use entity::Time;
use sea_orm::{ConnectionTrait, Value};

use super::{Finding, Verdict};
use crate::{
    app::App,
    db::{Blocker, raw},
    error::Result,
    infra::disk,
};

/// Microseconds that the database's clock may be away from this machine's without a word.
const APART: i64 = 2_000_000;
/// Microseconds that a transaction may write to the log of events: what docket does itself takes less.
const WRITES: i64 = 1_000_000;
/// The same before it is wrong: then servers refuse new followers.
const BLOCKS: i64 = 6_000_000;
/// Events that wait behind a transaction, counted at most.
const COUNTED: i64 = 1_000;
/// Connections of a server beside its pools: one watches the database, one listens for notices.
const BESIDE: i64 = 2;
const MIB: u64 = 1024 * 1024;
/// Below this, things fail soon.
const FULL: u64 = 256 * MIB;

/// What the database is and how it is set up.
pub(super) async fn setup(app: &App) -> Result<Vec<Finding>> {
    let vitals = app.db.vitals().await?;
    let mut findings = vec![Finding::ok("database", format!("{} answers.", vitals.version))];
    let advice = "Set it right in the database's own configuration, and restart what needs it.";
    findings.extend(vitals.unsafe_settings.iter().map(|fault| Finding::wrong("settings", format!("{fault}."), advice)));
    if vitals.unsafe_settings.is_empty() {
        findings.push(Finding::ok("settings", "What is acknowledged is on disk."));
    }
    if let Some((open, most)) = vitals.connections {
        let wanted = i64::from(app.config.database.readers) + i64::from(app.config.database.writers) + BESIDE;
        let found = format!("{open} of {most} connections are open; a server takes up to {wanted}.");
        findings.push(if open + wanted > most {
            Finding::notice("connections", found, "Raise max_connections, or lower database.readers and .writers.")
        } else {
            Finding::ok("connections", found)
        });
    }
    if let Some(ahead) = vitals.clock_ahead {
        let found = format!("The database's clock and this machine's are {} ms apart.", ahead.abs() / 1_000);
        findings.push(if ahead.abs() > APART {
            let advice = "Leases go by the database's clock, logs by this one: let both follow the same time server.";
            Finding::notice("clock", found, advice)
        } else {
            Finding::ok("clock", found)
        });
    }
    Ok(findings)
}

/// Whether something can be written at all.
pub(super) async fn writing(app: &App) -> Result<Vec<Finding>> {
    let advice = "Look for a program that has the database open and a transaction unfinished, and for a disk or a \
                  database that takes no writes.";
    Ok(vec![match app.db.try_to_write().await {
        Ok(()) => Finding::ok("writing", "An empty transaction came to its end."),
        Err(error) => Finding { advice: Some(advice.to_owned()), ..Finding::failed("writing", &error) },
    }])
}

/// Whether the tables are those of this docket.
pub(super) async fn schema(app: &App) -> Result<Vec<Finding>> {
    let schema = app.db.schema();
    let steps = schema.steps().await?;
    if let Err(error) = schema.require_known().await {
        return Ok(vec![Finding::wrong("schema", error.to_string(), "Use the newer docket with this database.")]);
    }
    let missing = steps.iter().filter(|step| !step.applied).count();
    if missing > 0 {
        let found = format!("{missing} of {} migrations are missing.", steps.len());
        return Ok(vec![Finding::wrong("schema", found, "docket db migrate, or start the server.")]);
    }
    let mut findings = vec![Finding::ok("schema", format!("All {} migrations were applied.", steps.len()))];
    if !app.db.commits_in_order() {
        // Of a file the same look reads everything, which is for `docket db check`.
        let faults = schema.faults().await?;
        let advice = "Mend it with PostgreSQL's own tools.";
        findings.extend(faults.into_iter().map(|fault| Finding::wrong("schema", format!("{fault}."), advice)));
    }
    Ok(findings)
}

/// Whether an unfinished transaction holds back the log of events, and whose it is.
pub(super) async fn log(app: &App) -> Result<Vec<Finding>> {
    let now = app.clock.now_micros();
    let mut findings = Vec::new();
    for blocker in app.db.blockers().await? {
        if blocker.since.is_none_or(|since| now - since.0 >= WRITES) {
            let waiting = match blocker.since {
                Some(since) => written_since(app, since).await?,
                None => 0,
            };
            findings.push(told(&blocker, now, waiting));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("event log", "Nothing holds it back."));
    }
    Ok(findings)
}

async fn written_since(app: &App, since: Time) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM event WHERE created_at >= ? LIMIT ?) AS later";
    let values: [Value; 2] = [since.0.into(), COUNTED.into()];
    let row = app.db.read().query_one_raw(raw(app.db.read().get_database_backend(), sql, values)).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

fn told(blocker: &Blocker, now: i64, waiting: i64) -> Finding {
    let lasted = blocker.since.map(|since| now - since.0);
    let who = match (&blocker.prepared, blocker.pid) {
        (Some(name), _) => format!("The prepared transaction {name}"),
        (None, Some(pid)) => format!("A transaction of pid {pid}"),
        (None, None) => "A prepared transaction".to_owned(),
    };
    let known = [
        blocker.application.as_ref().filter(|name| !name.is_empty()).map(|name| format!("application {name}")),
        blocker.username.as_ref().map(|name| format!("user {name}")),
        blocker.address.as_ref().map(|address| format!("from {address}")),
        blocker.state.clone(),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    let since = match (lasted, blocker.since) {
        (Some(lasted), Some(since)) => format!(
            "since {}, which is {} s; {} events wait behind it",
            since.to_chrono().format("%Y-%m-%d %H:%M:%S UTC"),
            lasted / 1_000_000,
            if waiting < COUNTED { waiting.to_string() } else { format!("at least {COUNTED}") }
        ),
        _ => "since a moment that docket's user may not know (GRANT pg_read_all_stats)".to_owned(),
    };
    let advice = match (&blocker.prepared, blocker.pid) {
        (Some(name), _) => format!("COMMIT PREPARED '{0}' or ROLLBACK PREPARED '{0}'", name.replace('\'', "''")),
        (None, Some(pid)) => format!("End it in its own program, or: SELECT pg_terminate_backend({pid})"),
        (None, None) => "See pg_prepared_xacts, and commit it or roll it back.".to_owned(),
    };
    let verdict = if lasted.is_some_and(|lasted| lasted >= BLOCKS) { Verdict::Wrong } else { Verdict::Notice };
    let finding = format!("{who}{known} has written to the log and not ended, {since}.");
    Finding { check: "event log", verdict, finding, advice: Some(advice) }
}

/// Whether there is room for files, and for a database that is one.
pub(super) fn disks(app: &App) -> Vec<Finding> {
    let store = app.storage.folder().map(|folder| ("files", folder));
    let file = app.config.database.path().map(|path| ("database", path));
    let mut findings: Vec<Finding> = [store, file].into_iter().flatten().map(|(what, path)| room(what, path)).collect();
    if store.is_none() {
        findings.push(Finding::ok("disk", "Files lie in a bucket, which says by itself when it is full."));
    }
    findings
}

fn room(what: &str, path: &Path) -> Finding {
    let disk = match disk::under(path) {
        Ok(disk) => disk,
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            return Finding::ok("disk", format!("How much room the {what} have cannot be found out on this system."));
        }
        Err(error) => {
            let found = format!("The folder of the {what}, {}, cannot be looked at: {error}.", path.display());
            return Finding::wrong("disk", found, "Let docket's own user into it.");
        }
    };
    let found = format!("{} MiB of {} are free for the {what}.", disk.free / MIB, disk.total / MIB);
    let advice = "Make room, or move it to a larger disk.";
    if disk.free < FULL {
        Finding::wrong("disk", found, advice)
    } else if disk.free < disk.total / 20 {
        Finding::notice("disk", found, advice)
    } else {
        Finding::ok("disk", found)
    }
}

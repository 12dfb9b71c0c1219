//! Runners, jobs, and the books.

use entity::Time;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::Finding;
use crate::{
    app::App,
    db::raw,
    domain::{account, legacy_number, runner::WORKS},
    error::Result,
};

/// Seconds that a claim may wait, during which its runner gives no sign of life.
const CLAIM_WAITS: i64 = 30;
/// Runners and services that are named.
const NAMED: u8 = 10;
/// Seconds after which somebody should have taken back what is due: two sweeps, and a bit.
const LATE: i64 = 10;
/// Seconds for which a job may hold money before that is worth a word.
const HELD: i64 = 7 * 86_400;

async fn rows(app: &App, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>> {
    Ok(app.db.read().query_all_raw(raw(app.db.read().get_database_backend(), sql, values)).await?)
}

async fn count(app: &App, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<i64> {
    Ok(rows(app, sql, values).await?.first().map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Runners that are registered and were not heard of for longer than their services wait.
pub(super) async fn runners(app: &App) -> Result<Vec<Finding>> {
    let gone = "SELECT runner.name, runner.last_heartbeat_at FROM runner WHERE runner.registered_at IS NOT NULL \
                AND runner.last_heartbeat_at < ? - 1000000 * (? + COALESCE((SELECT MAX(service.timeout_seconds) \
                    FROM runner_service JOIN service ON service.id = runner_service.service_id \
                    WHERE runner_service.runner_id = runner.id), 0)) \
                ORDER BY runner.last_heartbeat_at DESC, runner.id LIMIT ?";
    let values = [app.clock.now_micros(), CLAIM_WAITS, i64::from(NAMED) + 1].map(Value::from);
    let gone = rows(app, gone, values).await?;
    if gone.is_empty() {
        let all = count(app, "SELECT COUNT(*) FROM runner", []).await?;
        return Ok(vec![Finding::ok("runners", format!("None of {all} has gone without a word."))]);
    }
    let named = gone.iter().take(NAMED.into()).map(|row| {
        let (name, heard): (String, Time) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(format!("{name} (last heard of {})", moment(heard)))
    });
    let named = named.collect::<Result<Vec<_>>>()?.join(", ");
    let more = if gone.len() > NAMED.into() { " and others" } else { "" };
    let found = format!("Registered, and gone without a word: {named}{more}.");
    Ok(vec![Finding::notice("runners", found, "Start them again; docket runner delete removes one for good.")])
}

fn moment(time: Time) -> String {
    time.to_chrono().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What is due and was not done, what waits for nobody, and what holds money for long.
pub(super) async fn jobs(app: &App) -> Result<Vec<Finding>> {
    let now = app.clock.now_micros();
    let mut findings = Vec::new();
    let late = now - 1_000_000 * (2 * i64::from(app.config.jobs.sweep_seconds) + LATE);
    let leases = "SELECT COUNT(*) FROM job INDEXED BY job_held WHERE lease_expires_at IS NOT NULL \
                  AND lease_expires_at <= ?";
    let scheduled = "SELECT COUNT(*) FROM job INDEXED BY job_scheduled WHERE status = 'scheduled' AND run_after <= ?";
    for (what, sql) in
        [("leases have expired and were not taken back", leases), ("moments of scheduled jobs have passed", scheduled)]
    {
        let due = count(app, sql, [late.into()]).await?;
        if due > 0 {
            let found = format!("{due} {what}: no server sweeps.");
            findings.push(Finding::wrong("jobs", found, "Start docket serve, or look for its errors."));
        }
    }
    findings.extend(unserved(app, now).await?);
    let held = "SELECT COUNT(*) FROM job WHERE held > 0 AND submitted_at < ?";
    let held = count(app, held, [(now - 1_000_000 * HELD).into()]).await?;
    if held > 0 {
        let found = format!("{held} jobs have held money for more than a week.");
        findings.push(Finding::notice("jobs", found, "docket account holds --older 7d lists them, --release ends it."));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("jobs", "None is stuck."));
    }
    Ok(findings)
}

/// Services of which jobs wait while no runner that could have them was heard of lately. TopChef's workers are no
/// runners.
async fn unserved(app: &App, now: i64) -> Result<Vec<Finding>> {
    let sql = format!(
        "SELECT service.name, COUNT(*), MIN(waiting.run_after) FROM job AS waiting \
         JOIN service ON service.id = waiting.service_id \
         WHERE waiting.status = 'queued' AND waiting.origin = 'submitted' AND waiting.run_after <= ? \
         AND (service.dialect IS NULL OR service.dialect <> 'topchef') AND NOT EXISTS (SELECT 1 FROM runner_service \
             JOIN runner ON runner.id = runner_service.runner_id WHERE runner_service.service_id = service.id \
             AND {WORKS} AND runner.last_heartbeat_at >= ? - 1000000 * (? + service.timeout_seconds)) \
         GROUP BY service.id, service.name ORDER BY MIN(waiting.run_after) LIMIT ?"
    );
    let values = [now, now, CLAIM_WAITS, NAMED.into()].map(Value::from);
    let told = |row: &QueryResult| {
        let (name, jobs, since): (String, i64, Time) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let found = format!("{jobs} jobs of {name} wait since {}, and no runner of it was heard of.", moment(since));
        Ok(Finding::notice("jobs", found, "Start a worker for it; docket runner list shows whose there are."))
    };
    rows(app, &sql, values).await?.iter().map(told).collect()
}

/// Whether the sums are those of their entries, and every hold that of a live job.
pub(super) async fn books(app: &App) -> Result<Vec<Finding>> {
    let mut faults = account::audit(&app.db).await?;
    faults.extend(legacy_number::audit(&app.db).await?);
    if faults.is_empty() {
        return Ok(vec![Finding::ok("accounts", "The sums are those of their entries, and holds those of live jobs.")]);
    }
    let advice = "Somebody has written to the tables by hand, or this is a defect: restore a backup, or report it.";
    Ok(faults.into_iter().map(|fault| Finding::wrong("accounts", format!("{fault}."), advice)).collect())
}

//! Who pays, by hand: a hold at the submission, a settlement at the end. Each makes the rows that docket makes for it.

use uuid::Uuid;

use super::Answer;
use super::db::Tx;
use super::work::{Changed, refuse};

const HOLD: &str = "UPDATE account SET held = held + $1, updated_at = $2 \
                    WHERE id = $3 AND granted - held - spent >= $1";
const SETTLE: &str = "UPDATE account SET held = held - $1, spent = spent + $1, updated_at = $2 WHERE id = $3";
const MEMBER_HOLD: &str = "UPDATE account_member SET held = held + $1, updated_at = $2 \
                           WHERE account_id = $3 AND user_id = $4";
const MEMBER_SETTLE: &str = "UPDATE account_member SET held = held - $1, spent = spent + $1, updated_at = $2 \
                             WHERE account_id = $3 AND user_id = $4";
const ENTRY: &str = "INSERT INTO ledger_entry (uid, account_id, kind, granted, held, spent, job_id, job_uid, user_id, \
                     service_id, created_at) VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10)";

/// Reserves what a job costs.
pub async fn hold(tx: &mut Tx<'_>, account: i64, cost: i64, job: &Changed, now: i64) -> Answer<()> {
    if change(tx, [HOLD, MEMBER_HOLD], account, cost, job.5, now).await? == 0 {
        return Err(refuse("there is not enough money"));
    }
    enter(tx, account, "hold", [cost, 0], job, now).await
}

/// Takes what was reserved.
pub async fn settle(tx: &mut Tx<'_>, account: i64, cost: i64, job: &Changed, now: i64) -> Answer<()> {
    change(tx, [SETTLE, MEMBER_SETTLE], account, cost, job.5, now).await?;
    enter(tx, account, "settle", [-cost, cost], job, now).await
}

/// Changes the sums of the account and of the member; how many of both there were.
async fn change(tx: &mut Tx<'_>, sql: [&'static str; 2], account: i64, cost: i64, user: i64, now: i64) -> Answer<u64> {
    let [sums, own] = sql;
    let changed = either!(Tx, tx, db => {
        let changed = sqlx::query(sums).bind(cost).bind(now).bind(account).execute(&mut **db).await?.rows_affected();
        if changed > 0 {
            sqlx::query(own).bind(cost).bind(now).bind(account).bind(user).execute(&mut **db).await?;
        }
        changed
    });
    Ok(changed)
}

async fn enter(
    tx: &mut Tx<'_>,
    account: i64,
    kind: &'static str,
    [held, spent]: [i64; 2],
    job: &Changed,
    now: i64,
) -> Answer<()> {
    let (id, uid, _, _, service, user) = *job;
    either!(Tx, tx, db => {
        let query = sqlx::query(ENTRY).bind(Uuid::now_v7()).bind(account).bind(kind).bind(held).bind(spent);
        query.bind(id).bind(uid).bind(user).bind(service).bind(now).execute(&mut **db).await?;
    });
    Ok(())
}

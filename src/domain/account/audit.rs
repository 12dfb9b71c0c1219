//! Whether the books are right: every sum is that of its entries, and every hold that of a live job.

use sea_orm::{ConnectionTrait, Statement};

use crate::{db::Db, error::Result};

/// Faults of one kind that are listed.
const LISTED: &str = "LIMIT 100";

/// Sums of entries. Units and millionths are added up apart: a database that adds 64-bit numbers in an order of its own
/// could leave their range on the way to a sum that lies within it.
const SUMS: &str = "SUM(granted / 1000000) AS gu, SUM(granted % 1000000) AS gr, SUM(held / 1000000) AS hu, \
     SUM(held % 1000000) AS hr, SUM(spent / 1000000) AS su, SUM(spent % 1000000) AS sr";

/// The condition that a column is not the sum whose two parts have these names.
fn differs(column: &str, sum: &str) -> String {
    format!("COALESCE(e.{sum}u, 0) * 1000000 + COALESCE(e.{sum}r, 0) <> COALESCE({column}, 0)")
}

/// What is wrong with accounts, members and jobs, in sentences; nothing when all is well. At most 100 faults of each
/// kind are told.
///
/// Each question is one statement, and so sees one state of the database, whatever a running server does meanwhile.
pub async fn audit(db: &Db) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for question in questions() {
        let statement = Statement::from_string(db.read().get_database_backend(), question);
        for row in db.read().query_all_raw(statement).await? {
            faults.push(row.try_get_by_index(0)?);
        }
    }
    Ok(faults)
}

fn questions() -> Vec<String> {
    let by = |keys: &str, which: &str| {
        format!("LEFT JOIN (SELECT {keys}, {SUMS} FROM ledger_entry WHERE {which} GROUP BY {keys}) e")
    };
    let all_three = |row: &str| {
        [("granted", "g"), ("held", "h"), ("spent", "s")]
            .map(|(column, sum)| differs(&format!("{row}.{column}"), sum))
            .join(" OR ")
    };
    let two = |held: &str, spent: &str| format!("{} OR {}", differs(held, "h"), differs(spent, "s"));
    vec![
        format!(
            "SELECT 'the sums of the account ' || a.name || ' are not those of its entries' FROM account a {} \
             ON e.account_id = a.id WHERE {} {LISTED}",
            by("account_id", "account_id > 0"),
            all_three("a")
        ),
        format!(
            "SELECT 'the sums of the user ' || u.username || ' in the account ' || a.name || ' are not those of the \
             entries' FROM account_member m JOIN account a ON a.id = m.account_id JOIN \"user\" u ON u.id = m.user_id \
             {} ON e.account_id = m.account_id AND e.user_id = m.user_id WHERE {} {LISTED}",
            by("account_id, user_id", "user_id IS NOT NULL"),
            two("m.held", "m.spent")
        ),
        format!(
            "SELECT 'entries of the account ' || a.name || ' are about a user who has no sums there' FROM account a \
             WHERE EXISTS (SELECT 1 FROM ledger_entry e WHERE e.account_id = a.id AND e.user_id IS NOT NULL AND NOT \
             EXISTS (SELECT 1 FROM account_member m WHERE m.account_id = a.id AND m.user_id = e.user_id)) {LISTED}"
        ),
        format!(
            "SELECT 'the account ' || a.name || ' holds something else than its unfinished jobs' FROM account a \
             LEFT JOIN (SELECT account_id, SUM(held / 1000000) AS hu, SUM(held % 1000000) AS hr FROM job \
             WHERE held IS NOT NULL GROUP BY account_id) e ON e.account_id = a.id WHERE {} {LISTED}",
            differs("a.held", "h")
        ),
        format!(
            "SELECT 'the entries about the job ' || CAST(j.id AS TEXT) || ' do not come to what it holds and cost' \
             FROM job j {} ON e.job_id = j.id WHERE j.account_id IS NOT NULL AND (j.origin = 'submitted' AND ({}) OR \
             j.origin = 'recorded' AND {}) {LISTED}",
            by("job_id", "job_id IS NOT NULL"),
            two("j.held", "j.amount"),
            // What was reported of a recorded job need not have been charged, and an import books no jobs.
            differs("j.held", "h")
        ),
        format!(
            "SELECT 'the account ' || name || ' is overdrawn, against its rule' FROM account \
             WHERE overrun <> 'allow' AND granted - held - spent < 0 {LISTED}"
        ),
    ]
}

//! Whether a job may be submitted.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::find;
use crate::compat::mybrc_rest::ask::Answer;
use crate::compat::mybrc_rest::envelope::{Refusal, reply};
use crate::compat::mybrc_rest::fields::decimal;
use crate::compat::mybrc_rest::wire::money;
use crate::compat::{Call, Operation};

/// See its document.
pub(in crate::compat::mybrc_rest) static AFFORDS: Operation<Cost, Affords> =
    Operation::new("MybrcRest_AccountAffords", include_str!("../operations/account_affords.graphql"));

/// What whose job would cost whom.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Cost {
    account_id: String,
    user_id: String,
    amount: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Affords {
    account_affords: Verdict,
}

#[derive(Debug, Deserialize)]
struct Verdict {
    obstacle: Option<Obstacle>,
    used: String,
    allocation: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Obstacle {
    NotAMember,
    NoAllocation,
    Account,
    Member,
}

/// The plugin rejects a job for `"success": false` alone: whatever is wrong with the question lets it in.
pub(in crate::compat::mybrc_rest) async fn may(
    call: Call,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Answer {
    let unread = |_| Refusal::unsubmittable(StatusCode::BAD_REQUEST, "The address is no text.");
    let Path((cost, uid, account)) = path.map_err(unread)?;
    answer(&call, &cost, &uid, &account).await.map_err(Refusal::into_unsubmittable)
}

async fn answer(call: &Call, cost: &str, uid: &str, account: &str) -> Answer {
    let amount = decimal(cost).map_err(|message| Refusal::unsubmittable(StatusCode::BAD_REQUEST, message))?;
    let user = find::by_uid(call, "userid", uid).await?;
    let payer = find::by_name(call, "accountid", account).await?;
    let asked = Cost { account_id: payer.id, user_id: user.id, amount: amount.clone() };
    let Verdict { obstacle, used: spent, allocation } = AFFORDS.run(call, asked).await?.account_affords;
    let exceeds = |whose: &str| {
        let (cost, spent, allocation) = (money(&amount), money(&spent), money(&allocation));
        format!("Adding job_cost {cost} to {whose} balance {spent} would exceed {whose} allocation {allocation}.")
    };
    let message = match obstacle {
        None => "A job with this cost can be submitted.".to_owned(),
        Some(Obstacle::NotAMember) => format!("User {} is not a member of account {account}.", user.username),
        Some(Obstacle::NoAllocation) => format!("Account {account} has no active compute allocation."),
        Some(Obstacle::Account) => exceeds("account"),
        Some(Obstacle::Member) => exceeds("user"),
    };
    Ok(reply(StatusCode::OK, &json!({ "success": obstacle.is_none(), "message": message })))
}

//! Whether a job may be submitted.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::find;
use crate::compat::failure::Failure;
use crate::compat::mybrc_rest::ask::Answer;
use crate::compat::mybrc_rest::envelope::{Refusal, reply};
use crate::compat::mybrc_rest::fields::decimal;
use crate::compat::mybrc_rest::wire::money;
use crate::compat::{Call, Operation};
use crate::error::Code;

/// See its document.
pub(in crate::compat::mybrc_rest) static AFFORDS: Operation<Cost, Affords> =
    Operation::new("MybrcRest_AccountAffords", include_str!("../operations/account_affords.graphql"));

/// See its document.
pub(in crate::compat::mybrc_rest) static RESERVE: Operation<Input, Reserved> =
    Operation::new("MybrcRest_AccountReserve", include_str!("../operations/account_reserve.graphql"));

/// What whose job would cost whom.
#[derive(Clone, Debug, Serialize)]
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

/// The same, and for how long it is kept free.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct Input {
    input: Kept,
}

#[derive(Debug, Serialize)]
struct Kept {
    #[serde(flatten)]
    cost: Cost,
    seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Reserved {
    account_reserve: Reservation,
}

#[derive(Debug, Deserialize)]
struct Reservation {
    verdict: Verdict,
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
    method: Method,
    headers: HeaderMap,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Answer {
    let unread = |_| Refusal::unsubmittable(StatusCode::BAD_REQUEST, "The address is no text.");
    let Path((cost, uid, account)) = path.map_err(unread)?;
    // Who asks for the headers only submits no job, nor does a browser that was led here and brings its cookie.
    let seconds = call.app().config.mybrc_rest.reserve_on_check_seconds;
    let reserves = seconds > 0 && method == Method::GET && headers.contains_key(AUTHORIZATION);
    let seconds = Some(seconds).filter(|_| reserves);
    answer(&call, &cost, &uid, &account, seconds).await.map_err(Refusal::into_unsubmittable)
}

async fn answer(call: &Call, cost: &str, uid: &str, account: &str, reserved: Option<u32>) -> Answer {
    let amount = decimal(cost).map_err(|message| Refusal::unsubmittable(StatusCode::BAD_REQUEST, message))?;
    let user = find::by_uid(call, "userid", uid).await?;
    let payer = find::by_name(call, "accountid", account).await?;
    if call.app().config.mybrc_rest.allow_all_jobs {
        return Ok(verdict(true, "All jobs can be submitted."));
    }
    let asked = Cost { account_id: payer.id, user_id: user.id, amount: amount.clone() };
    let Verdict { obstacle, used: spent, allocation } = ask(call, asked, reserved).await?;
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
    Ok(verdict(obstacle.is_none(), &message))
}

/// Asks, and has what the job costs kept free for so many seconds.
async fn ask(call: &Call, cost: Cost, reserved: Option<u32>) -> Result<Verdict, Failure> {
    if let Some(seconds) = reserved {
        let kept = Kept { cost: cost.clone(), seconds };
        match RESERVE.run(call, Input { input: kept }).await {
            // Others than those who keep accounts may ask all the same.
            Err(failure) if failure.code == Code::Forbidden => {}
            made => return Ok(made?.account_reserve.verdict),
        }
    }
    Ok(AFFORDS.run(call, cost).await?.account_affords)
}

fn verdict(success: bool, message: &str) -> Response {
    reply(StatusCode::OK, &json!({ "success": success, "message": message }))
}

//! Accounts.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Input, Listed, Number, Rest, changed, list as page, matches, shown, values};
use crate::compat::mybrc::ask::{Answer, Ask, removed};
use crate::compat::mybrc::envelope::{Noun, Refusal};
use crate::compat::mybrc::fields::{ACCOUNT, Values};
use crate::compat::mybrc::{metadata, wire};
use crate::compat::{Call, Failure, Operation};
use crate::error::Code;

/// See its document.
pub(in crate::compat::mybrc) static LIST: Operation<Listed, Accounts> =
    Operation::new("Mybrc_ListAccounts", include_str!("../operations/list_accounts.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static SHOW: Operation<Number, One> =
    Operation::new("Mybrc_ShowAccount", include_str!("../operations/show_account.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static RECORD: Operation<Input, Recorded> =
    Operation::new("Mybrc_RecordAccount", include_str!("../operations/record_account.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static UPDATE: Operation<Input, Updated> =
    Operation::new("Mybrc_UpdateAccount", include_str!("../operations/update_account.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static DELETE: Operation<Input, Value> =
    Operation::new("Mybrc_DeleteAccount", include_str!("../operations/delete_account.graphql"));

/// See its document.
pub(in crate::compat::mybrc) static MORE: Operation<Rest, More> =
    Operation::new("Mybrc_MoreMembers", include_str!("../operations/more_members.graphql"));

/// A page of accounts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Accounts {
    enrolled_accounts: wire::Numbers,
}

/// An account.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct One {
    account: wire::Account,
}

/// An account that was made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Recorded {
    account_record: One,
}

/// An account that was changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Updated {
    account_record_update: One,
}

/// More members of an account.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct More {
    account: Page,
}

#[derive(Debug, Deserialize)]
struct Page {
    members: wire::Nodes<wire::Member>,
}

/// The same account with all its members, however many pages they fill.
async fn whole(ask: &Ask, mut account: wire::Account) -> Result<wire::Account, Refusal> {
    while let Some(after) = account.members.rest() {
        let more = MORE.run(&ask.call, Rest { id: account.id.clone(), after }).await;
        account.members.extend(more.map_err(|failure| ask.failed(failure))?.account.members);
    }
    Ok(account)
}

fn found(ask: &Ask, listed: Listed) -> BoxFuture<'_, Result<wire::Numbers, Refusal>> {
    let page = async move {
        let page = LIST.run(&ask.call, listed).await;
        page.map(|page| page.enrolled_accounts).map_err(|failure| ask.failed(failure))
    };
    page.boxed()
}

pub(in crate::compat::mybrc) async fn list(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    page(&ask, "accountid", found).await
}

pub(in crate::compat::mybrc) async fn describe_list(_: Call, _: Request) -> Response {
    metadata::answer("Account List", "ViewSet for /api/accounts/", Some(("POST", ACCOUNT)))
}

async fn one(ask: &Ask) -> Result<wire::Account, Refusal> {
    let number = ask.number()?;
    SHOW.run(&ask.call, Number { number }).await.map(|found| found.account).map_err(|failure| ask.failed(failure))
}

pub(in crate::compat::mybrc) async fn show(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    if let Some(redirect) = ask.redirect() {
        return Ok(redirect);
    }
    let account = whole(&ask, one(&ask).await?).await?;
    Ok(shown(&ask, account.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn describe(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    let action = one(&ask).await.is_ok().then_some(("PUT", ACCOUNT));
    Ok(metadata::answer("Account Instance", "ViewSet for /api/accounts/", action))
}

pub(in crate::compat::mybrc) async fn create(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    let input = input(&values(&ask, ACCOUNT)?, None);
    let made = RECORD.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(ask.reply(ask.created(), false, made.account_record.account.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn replace(call: Call, request: Request) -> Answer {
    write(call, request, false).await
}

pub(in crate::compat::mybrc) async fn change(call: Call, request: Request) -> Answer {
    write(call, request, true).await
}

async fn write(call: Call, request: Request, partial: bool) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let account = one(&ask).await?;
    let values = changed(&ask, ACCOUNT, partial, &account.body(ask.profile))?;
    let input = input(&values, Some(account.id));
    let stored = UPDATE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    let stored = whole(&ask, stored.account_record_update.account).await?;
    Ok(ask.reply(StatusCode::OK, partial, stored.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn remove(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Account, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let account = one(&ask).await?;
    if account.has_members() {
        let message = "The account has members.";
        return Err(ask.failed(Failure::new(Code::InvalidState, message)));
    }
    let input = Input::new([("accountId", Some(json!(account.id)))]);
    DELETE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(removed())
}

/// What the operations take: a new account, or a change of the one with this id.
fn input(values: &Values, account: Option<String>) -> Input {
    let text = |name| values.text(name).map(|text| json!(text));
    Input::new([
        ("accountId", account.map(|id| json!(id))),
        ("title", text("accountname")),
        ("type", text("type")),
        ("description", text("description")),
        ("allocation", values.integer("accountallocation").map(|units| json!(units))),
        ("balance", values.integer("accountbalance").map(|units| json!(units))),
    ])
}

//! Users.

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
use crate::compat::mybrc::fields::{USER, Values};
use crate::compat::mybrc::{metadata, wire};
use crate::compat::{Call, Failure, Operation};
use crate::error::Code;

/// See its document.
pub(in crate::compat::mybrc) static LIST: Operation<Listed, Users> =
    Operation::new("Mybrc_ListUsers", include_str!("../operations/list_users.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static SHOW: Operation<Number, One> =
    Operation::new("Mybrc_ShowUser", include_str!("../operations/show_user.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static RECORD: Operation<Input, Recorded> =
    Operation::new("Mybrc_RecordUser", include_str!("../operations/record_user.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static UPDATE: Operation<Input, Updated> =
    Operation::new("Mybrc_UpdateUser", include_str!("../operations/update_user.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static DELETE: Operation<Input, Value> =
    Operation::new("Mybrc_DeleteUser", include_str!("../operations/delete_user.graphql"));

/// See its document.
pub(in crate::compat::mybrc) static MORE: Operation<Rest, More> =
    Operation::new("Mybrc_MoreAccounts", include_str!("../operations/more_accounts.graphql"));

/// A page of users.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Users {
    enrolled_users: wire::Numbers,
}

/// A user.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct One {
    user: wire::User,
}

/// A user that was made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Recorded {
    user_record: One,
}

/// A user that was changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Updated {
    user_record_update: One,
}

/// More accounts of a user.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct More {
    user: Page,
}

#[derive(Debug, Deserialize)]
struct Page {
    accounts: wire::Nodes<wire::Numbered>,
}

/// The same user with all its accounts, however many pages they fill.
async fn whole(ask: &Ask, mut user: wire::User) -> Result<wire::User, Refusal> {
    while let Some(after) = user.accounts.rest() {
        let more = MORE.run(&ask.call, Rest { id: user.id.clone(), after }).await;
        user.accounts.extend(more.map_err(|failure| ask.failed(failure))?.user.accounts);
    }
    Ok(user)
}

fn found(ask: &Ask, listed: Listed) -> BoxFuture<'_, Result<wire::Numbers, Refusal>> {
    let page = async move {
        let page = LIST.run(&ask.call, listed).await;
        page.map(|page| page.enrolled_users).map_err(|failure| ask.failed(failure))
    };
    page.boxed()
}

pub(in crate::compat::mybrc) async fn list(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    page(&ask, "userid", found).await
}

pub(in crate::compat::mybrc) async fn describe_list(_: Call, _: Request) -> Response {
    metadata::answer("User List", "ViewSet for /api/users/", Some(("POST", USER)))
}

async fn one(ask: &Ask) -> Result<wire::User, Refusal> {
    let number = ask.number()?;
    let found = SHOW.run(&ask.call, Number { number }).await.map_err(|failure| ask.failed(failure))?;
    // A user who was deleted is still a row, of which nothing is known.
    if found.user.is_known() { Ok(found.user) } else { Err(ask.absent()) }
}

pub(in crate::compat::mybrc) async fn show(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    if let Some(redirect) = ask.redirect() {
        return Ok(redirect);
    }
    let user = whole(&ask, one(&ask).await?).await?;
    Ok(shown(&ask, user.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn describe(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    let action = one(&ask).await.is_ok().then_some(("PUT", USER));
    Ok(metadata::answer("User Instance", "ViewSet for /api/users/", action))
}

pub(in crate::compat::mybrc) async fn create(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    let input = input(&values(&ask, USER)?, None);
    let made = RECORD.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(ask.reply(ask.created(), false, made.user_record.user.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn replace(call: Call, request: Request) -> Answer {
    write(call, request, false).await
}

pub(in crate::compat::mybrc) async fn change(call: Call, request: Request) -> Answer {
    write(call, request, true).await
}

async fn write(call: Call, request: Request, partial: bool) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let user = one(&ask).await?;
    let values = changed(&ask, USER, partial, &user.body(ask.profile))?;
    let input = input(&values, Some(user.id));
    let stored = UPDATE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    let stored = whole(&ask, stored.user_record_update.user).await?;
    Ok(ask.reply(StatusCode::OK, partial, stored.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn remove(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::User, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let user = one(&ask).await?;
    if user.has_accounts() {
        let message = "The user is a member of accounts.";
        return Err(ask.failed(Failure::new(Code::InvalidState, message)));
    }
    let input = Input::new([("userId", Some(json!(user.id)))]);
    DELETE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(removed())
}

/// What the operations take: a new user, or a change of the one with this id.
fn input(values: &Values, user: Option<String>) -> Input {
    let text = |name| values.text(name).map(|text| json!(text));
    Input::new([
        ("userId", user.map(|id| json!(id))),
        ("username", text("username")),
        ("metadata", text("usermetadata")),
        ("email", text("email")),
        ("ldapUid", values.integer("ldapuid").map(|uid| json!(uid.to_string()))),
    ])
}

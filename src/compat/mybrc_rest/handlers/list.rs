//! Lists of users, accounts, their members, and partitions.

use std::future::ready;

use axum::extract::Request;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::find;
use crate::compat::mybrc_rest::ask::{Answer, Ask, Found};
use crate::compat::mybrc_rest::envelope::Refusal;
use crate::compat::mybrc_rest::wire::{Account, Listed, Member, User};
use crate::compat::numbered::SIZE;
use crate::compat::{Call, Operation};
use crate::config::Partition;

/// See its document.
pub(in crate::compat::mybrc_rest) static USERS: Operation<Listing, Users> =
    Operation::new("MybrcRest_ListUsers", include_str!("../operations/list_users.graphql"));
/// See its document.
pub(in crate::compat::mybrc_rest) static ACCOUNTS: Operation<Spanned, Accounts> =
    Operation::new("MybrcRest_ListAccounts", include_str!("../operations/list_accounts.graphql"));
/// See its document.
pub(in crate::compat::mybrc_rest) static MEMBERS: Operation<Spanned, Members> =
    Operation::new("MybrcRest_ListMembers", include_str!("../operations/list_members.graphql"));

/// Which page of what.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct Listing {
    filter: Value,
    skip: i64,
}

/// Which page of what, and the span of time in which it is counted what was used.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct Spanned {
    filter: Value,
    skip: i64,
    #[serde(flatten)]
    span: Span,
}

#[derive(Clone, Debug, Serialize)]
struct Span {
    from: Option<String>,
    before: Option<String>,
}

impl Span {
    fn of(ask: &Ask) -> Result<Self, Refusal> {
        Ok(Self { from: ask.moment("start_time")?, before: ask.moment("end_time")? })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Users {
    enrolled_users: Listed<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Accounts {
    enrolled_accounts: Listed<Account>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Members {
    enrolled_members: Listed<Member>,
}

impl<T> Listed<T> {
    fn found(&self, row: fn(&T) -> Value) -> Found {
        Found { total: self.total_count, rows: self.nodes.iter().map(row).collect(), beside: Map::new() }
    }
}

pub(in crate::compat::mybrc_rest) async fn users(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let filter = json!({ "username": ask.parameter("username"), "ldapUid": ask.parameter("userid") });
    let page = |skip| {
        let asked = USERS.run(&ask.call, Listing { filter: filter.clone(), skip });
        async move { Ok(asked.await?.enrolled_users.found(User::body)) }.boxed()
    };
    ask.list(page).await
}

pub(in crate::compat::mybrc_rest) async fn accounts(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let filter = json!({ "title": ask.parameter("name") });
    list_accounts(&ask, filter, Account::body).await
}

pub(in crate::compat::mybrc_rest) async fn account_usages(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let filter = json!({ "number": find::account(&ask).await? });
    list_accounts(&ask, filter, Account::usage).await
}

pub(in crate::compat::mybrc_rest) async fn account_transactions(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let filter = json!({ "number": find::account(&ask).await? });
    list_accounts(&ask, filter, Account::transaction).await
}

pub(in crate::compat::mybrc_rest) async fn user_accounts(call: Call, request: Request) -> Answer {
    list_members(Ask::of(call, &request), Member::body).await
}

pub(in crate::compat::mybrc_rest) async fn member_usages(call: Call, request: Request) -> Answer {
    list_members(Ask::of(call, &request), Member::usage).await
}

pub(in crate::compat::mybrc_rest) async fn member_transactions(call: Call, request: Request) -> Answer {
    list_members(Ask::of(call, &request), Member::transaction).await
}

async fn list_accounts(ask: &Ask, filter: Value, row: fn(&Account) -> Value) -> Answer {
    let span = Span::of(ask)?;
    let page = |skip| {
        let asked = ACCOUNTS.run(&ask.call, Spanned { filter: filter.clone(), skip, span: span.clone() });
        async move { Ok(asked.await?.enrolled_accounts.found(row)) }.boxed()
    };
    ask.list(page).await
}

async fn list_members(ask: Ask, row: fn(&Member) -> Value) -> Answer {
    let filter = json!({ "userNumber": find::user(&ask).await?, "accountNumber": find::account(&ask).await? });
    let span = Span::of(&ask)?;
    let page = |skip| {
        let asked = MEMBERS.run(&ask.call, Spanned { filter: filter.clone(), skip, span: span.clone() });
        async move { Ok(asked.await?.enrolled_members.found(row)) }.boxed()
    };
    ask.list(page).await
}

pub(in crate::compat::mybrc_rest) async fn partitions(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let entries = &ask.call.app().config.mybrc_rest.partitions;
    let rows: Vec<Value> =
        entries.iter().filter_map(|entry| Partition::read(entry).ok()).map(|read| row(&read)).collect();
    let page = |skip: i64| {
        let before = usize::try_from(skip).unwrap_or(usize::MAX);
        let size = usize::try_from(SIZE).unwrap_or(usize::MAX);
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let rows = rows.iter().skip(before).take(size).cloned().collect();
        ready(Ok(Found { total, rows, beside: Map::new() })).boxed()
    };
    ask.list(page).await
}

fn row(partition: &Partition) -> Value {
    json!({
        "name": partition.name,
        "shared": partition.shared,
        "num_nodes": partition.nodes,
        "num_cores": partition.cores,
        "su_per_core_hour": partition.price,
    })
}

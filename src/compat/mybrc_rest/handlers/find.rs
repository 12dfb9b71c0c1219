//! Whom and what a request means: users by their uid on the cluster or by their name, accounts by their name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compat::mybrc_rest::ask::Ask;
use crate::compat::mybrc_rest::envelope::Refusal;
use crate::compat::{Call, Operation};

/// See its document.
pub(in crate::compat::mybrc_rest) static USER: Operation<ByFilter, Users> =
    Operation::new("MybrcRest_FindUser", include_str!("../operations/find_user.graphql"));
/// See its document.
pub(in crate::compat::mybrc_rest) static ACCOUNT: Operation<ByTitle, Accounts> =
    Operation::new("MybrcRest_FindAccount", include_str!("../operations/find_account.graphql"));

/// Which user.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct ByFilter {
    filter: Value,
}

/// Which account.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct ByTitle {
    title: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Users {
    enrolled_users: Matches,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Accounts {
    enrolled_accounts: Matches,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matches {
    total_count: i64,
    numbers: Vec<i32>,
    nodes: Vec<One>,
}

/// A user or an account.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc_rest) struct One {
    pub(in crate::compat::mybrc_rest) id: String,
    /// A user's name.
    #[serde(default)]
    pub(in crate::compat::mybrc_rest) username: String,
    /// Its number in `MyBRC`.
    #[serde(skip)]
    number: i32,
}

impl Matches {
    /// The only one. Uids and names need not be unique, and nobody is charged by guessing.
    fn one(mut self, field: &'static str, what: &str, value: &str) -> Result<One, Refusal> {
        match (self.total_count, self.nodes.pop(), self.numbers.first()) {
            (1, Some(one), Some(number)) => Ok(One { number: *number, ..one }),
            (0, ..) => Err(Refusal::field(field, format!("Object with {what}={value} does not exist."))),
            _ => Err(Refusal::field(field, format!("Several objects have {what}={value}."))),
        }
    }
}

/// The user with this uid on the cluster.
pub(super) async fn by_uid(call: &Call, field: &'static str, uid: &str) -> Result<One, Refusal> {
    let found = USER.run(call, ByFilter { filter: json!({ "ldapUid": uid }) }).await?;
    found.enrolled_users.one(field, "cluster_uid", uid)
}

/// The account with this name.
pub(super) async fn by_name(call: &Call, field: &'static str, name: &str) -> Result<One, Refusal> {
    let found = ACCOUNT.run(call, ByTitle { title: name.to_owned() }).await?;
    found.enrolled_accounts.one(field, "name", name)
}

/// The number of the user whom a list's address names, by uid or by name.
pub(super) async fn user(ask: &Ask) -> Result<Option<i32>, Refusal> {
    let Some(text) = ask.parameter("user") else { return Ok(None) };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return by_uid(&ask.call, "user", text).await.map(|user| Some(user.number));
    }
    let found = USER.run(&ask.call, ByFilter { filter: json!({ "username": text }) }).await?;
    found.enrolled_users.one("user", "username", text).map(|user| Some(user.number))
}

/// The number of the account that a list's address names.
pub(super) async fn account(ask: &Ask) -> Result<Option<i32>, Refusal> {
    match ask.parameter("account") {
        Some(name) => by_name(&ask.call, "account", name).await.map(|account| Some(account.number)),
        None => Ok(None),
    }
}

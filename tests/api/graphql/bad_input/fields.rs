//! Every argument of every root field with every kind of wrong value.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::{
    calls::{World, fields_of, inputs_of},
    support::code,
};

/// Values that are wrong nearly everywhere; where one is right, the call succeeds and that is fine as well.
fn nasty() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..62 {
        deep = json!([deep]);
    }
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(2_147_483_648_i64),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.5),
        json!(-1e308),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\u{202e}\u{feff}🦀\u{301}"),
        json!("'; DROP TABLE job; --"),
        json!("%_\\"),
        json!("x".repeat(100_000)),
        json!("job_00000000000000000000000000000000"),
        json!("dkl_AAAA"),
        json!([]),
        json!([null]),
        json!([[["x"]]]),
        json!({}),
        json!({ "": { "a": 1 } }),
        deep,
    ]
}

/// What a refusal may say here; `OK` where the value was fine.
const CODES: [&str; 11] = [
    "OK",
    "INVALID",
    "BAD_REQUEST",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "IDEMPOTENCY_MISMATCH",
    "INVALID_STATE",
    "INSUFFICIENT_FUNDS",
    "LEASE_LOST",
    "FORBIDDEN",
    "UNAUTHENTICATED",
];

/// The keys of input objects.
type Inputs = HashMap<String, Vec<(String, String)>>;

/// How deep values are replaced: an argument, its keys, theirs (`filter: { username: { startsWith: .. } }`).
const LEVELS: usize = 3;

async fn try_all(root: &str, share: usize) {
    let world = World::new().await;
    let admin = world.app.admin();
    let inputs = inputs_of(&admin).await;
    for field in fields_of(&admin, root).await.into_iter().skip(share).step_by(4) {
        let right = world.arguments(&field.name).await;
        let mut clients = vec![&admin];
        if field.name.starts_with("work") || field.name == "runnerRegister" {
            clients = vec![&world.runner];
        }
        for arguments in mutilated(&right, &field.arguments, &inputs) {
            // It would end the sessions that the calls after it are made with.
            let keeps = &arguments["input"]["keepCurrent"];
            if field.name == "sessionsDeleteAll" && (keeps.is_null() || *keeps == json!(false)) {
                continue;
            }
            for client in &clients {
                let document = field.document(root, &arguments);
                let answer = client.graphql(&document, arguments.clone()).await;
                let code = code(&answer);
                assert!(CODES.contains(&code.as_str()), "{}: {code}: {arguments}", field.name);
            }
        }
    }
}

/// The arguments with one value replaced or added at a time, also within input objects such as `input` and `filter` and
/// those within them.
fn mutilated(right: &Value, arguments: &[(String, String)], inputs: &Inputs) -> Vec<Value> {
    let mut all = Vec::new();
    for place in places(arguments, inputs, LEVELS) {
        for value in nasty() {
            let mut wrong = right.clone();
            let (last, above) = place.split_last().expect("a place has a name");
            // Indexing makes an object of what is absent, and may not be asked of anything else.
            let object = above.iter().fold(&mut wrong, |object, key| &mut object[key]);
            if object.is_null() || object.is_object() {
                object[last] = value;
                all.push(wrong);
            }
        }
    }
    all
}

/// The names of arguments, and the paths of keys below them.
fn places(keys: &[(String, String)], inputs: &Inputs, levels: usize) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for (name, ty) in keys {
        all.push(vec![name.clone()]);
        let below = inputs.get(ty.trim_end_matches('!')).filter(|_| levels > 1);
        for path in below.map(|keys| places(keys, inputs, levels - 1)).unwrap_or_default() {
            all.push([vec![name.clone()], path].concat());
        }
    }
    all
}

#[tokio::test]
async fn no_value_breaks_a_query() {
    for share in 0..4 {
        try_all("query", share).await;
    }
}

#[tokio::test]
async fn no_value_breaks_the_first_quarter_of_the_mutations() {
    try_all("mutation", 0).await;
}

#[tokio::test]
async fn no_value_breaks_the_second_quarter_of_the_mutations() {
    try_all("mutation", 1).await;
}

#[tokio::test]
async fn no_value_breaks_the_third_quarter_of_the_mutations() {
    try_all("mutation", 2).await;
}

#[tokio::test]
async fn no_value_breaks_the_last_quarter_of_the_mutations() {
    try_all("mutation", 3).await;
}

/// Every column of every table, and a few words that frameworks fall for.
const COLUMNS: &[&str] = &[
    "id",
    "uid",
    "number",
    "owner_id",
    "ownerId",
    "userId",
    "user_id",
    "status",
    "statusMessage",
    "is_admin",
    "isAdmin",
    "roles",
    "kind",
    "password_hash",
    "passwordHash",
    "token_hash",
    "tokenHash",
    "scopes",
    "createdAt",
    "created_at",
    "updatedAt",
    "expiresAt",
    "revokedAt",
    "version_id",
    "versionId",
    "version",
    "disabled",
    "isDisabled",
    "deletedAt",
    "lastSeenAt",
    "slots",
    "registeredAt",
    "lastHeartbeatAt",
    "attempt",
    "maxAttempts",
    "leaseSeconds",
    "losses",
    "releases",
    "backoffs",
    "results",
    "failureKind",
    "cancelRequested",
    "revision",
    "logBytes",
    "runnerId",
    "leaseHash",
    "leaseExpiresAt",
    "runAfter",
    "submittedAt",
    "finishedAt",
    "origin",
    "keyOwnerId",
    "requirementId",
    "idempotencyHash",
    "__typename",
    "__proto__",
    "constructor",
    "$where",
];

#[tokio::test]
async fn no_column_can_be_set_by_its_name() {
    let world = World::new().await;
    let admin = world.app.admin();
    for field in fields_of(&admin, "mutation").await {
        let right = world.arguments(&field.name).await;
        let Some(input) = right.get("input").and_then(Value::as_object) else { continue };
        let mut wrong: Map<String, Value> = input.clone();
        for column in COLUMNS {
            if !wrong.contains_key(*column) {
                wrong.insert((*column).to_owned(), json!(1));
            }
        }
        let arguments = json!({ "input": wrong });
        let found = admin.faults(&field.document("mutation", &arguments), arguments).await;
        for column in COLUMNS {
            let path = format!("input/{column}");
            // Some are fields of this input under the same name; those are wrong by their type, or fine.
            let named = found.iter().any(|(found, message)| *found == path && message.contains("is not a field"));
            // The refusal of another key lists what the input does have.
            let listed = |message: &str| message.split([' ', ',', ';', '.']).any(|word| word == *column);
            let listed = found.iter().any(|(found, message)| *found != path && listed(message));
            let declared =
                listed || found.iter().any(|(found, _)| found.starts_with(&path)) || input.contains_key(*column);
            let recorded = field.name == "jobRecord" && ["submittedAt", "finishedAt"].contains(column);
            let allowed = recorded || ["scopes", "expiresAt", "kind", "results", "slots"].contains(column);
            assert!(named || declared || allowed, "{} takes {column}: {found:?}", field.name);
        }
    }
}

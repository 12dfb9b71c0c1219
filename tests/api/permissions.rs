//! Every root field, asked by every kind of caller. The snapshots are the rights of docket: read them when they change.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use entity::user::Status;
use serde_json::{Value, json};

use crate::{
    calls::{Field, World, fields_of, held},
    support::{Client, Stream, code},
};

/// The kinds of callers. `owner` submitted the job and is a member of the account, `author` made the service and the
/// runner.
async fn callers(world: &World) -> Vec<(&'static str, Client)> {
    let app = &world.app;
    for (name, status) in [("pending", Status::Pending), ("suspended", Status::Suspended)] {
        app.author(name).await;
        app.set_status(name, status).await;
    }
    // Their old log-ins have ended.
    let (pending, suspended) = (app.anonymous().log_in("pending").await, app.anonymous().log_in("suspended").await);
    let stranger = app.author("stranger").await;
    let other = stranger.service(json!({})).await;
    let foreign = stranger.runner(json!({ "serviceIds": [other] })).await;
    held(&stranger, &other, &foreign).await;
    let accountant = app.user_with("accountant", &["accounting"], false).await;
    for user in [&accountant, &world.dora] {
        user.submit(&world.service, json!({})).await;
    }
    vec![
        ("anonymous", app.anonymous()),
        ("pending", pending),
        ("suspended", suspended),
        ("stranger", stranger),
        ("owner", world.ada.clone()),
        ("owner's token without scopes", world.ada.api_token(&[]).await),
        ("author", world.cara.clone()),
        ("author's token without scopes", world.cara.api_token(&[]).await),
        ("account manager", world.dora.clone()),
        ("account manager's token without scopes", world.dora.api_token(&[]).await),
        ("accountant", accountant),
        ("runner", world.runner.clone()),
        ("foreign runner", foreign),
        ("admin", app.admin()),
        ("admin's token without scopes", app.admin().api_token(&[]).await),
    ]
}

/// The same caller with a session of its own, which the call may end.
async fn expendable(world: &World, kind: &str, client: &Client) -> Client {
    let name = match kind {
        "owner" => "ada",
        "author" => "cara",
        "account manager" => "dora",
        "pending" | "suspended" | "stranger" | "accountant" | "admin" => kind,
        _ => return client.clone(),
    };
    world.app.anonymous().log_in(name).await
}

/// What came of a call: the code, or what was seen.
fn outcome(field: &Field, answer: &Value) -> String {
    let code = code(answer);
    if code != "OK" {
        return code;
    }
    let value = &answer["data"][&field.name];
    let type_of = |value: &Value| value["__typename"].as_str().unwrap_or("-").to_owned();
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(items) => items.iter().map(type_of).collect::<Vec<_>>().join(" "),
        _ => match value["nodes"].as_array() {
            None => "ok".to_owned(),
            Some(nodes) => format!("ok, {}", nodes.len()),
        },
    }
}

/// Fields with their outcomes, and the callers under each.
pub fn table(outcomes: &[(String, Vec<(&str, String)>)]) -> String {
    let mut text = String::new();
    for (field, outcomes) in outcomes {
        let mut by_outcome: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (kind, outcome) in outcomes {
            by_outcome.entry(outcome).or_default().push(kind);
        }
        writeln!(text, "{field}").expect("a text takes everything");
        for (outcome, kinds) in by_outcome {
            writeln!(text, "    {outcome}: {}", kinds.join(", ")).expect("a text takes everything");
        }
    }
    text
}

async fn ask(root: &str) -> String {
    let world = World::new().await;
    let callers = callers(&world).await;
    let mut rows = Vec::new();
    for field in fields_of(&world.app.admin(), root).await {
        let mut outcomes = Vec::new();
        for (kind, client) in &callers {
            let client =
                if field.name == "sessionDelete" { expendable(&world, kind, client).await } else { client.clone() };
            let arguments = world.arguments(&field.name).await;
            let answer = client.graphql(&field.document(root, &arguments), arguments).await;
            outcomes.push((*kind, outcome(&field, &answer)));
        }
        rows.push((field.name.clone(), outcomes));
    }
    table(&rows)
}

#[tokio::test]
async fn who_may_ask_what() {
    insta::assert_snapshot!(ask("query").await);
}

#[tokio::test]
async fn who_may_change_what() {
    insta::assert_snapshot!(ask("mutation").await);
}

#[tokio::test]
async fn who_may_follow_what() {
    let world = World::new().await;
    let callers = callers(&world).await;
    let mut rows = Vec::new();
    for field in fields_of(&world.app.admin(), "subscription").await {
        let mut outcomes = Vec::new();
        for (kind, client) in &callers {
            // Of the events everybody hears its own: what else they hear, `jobEvents` of the query tells.
            let arguments = match field.name.as_str() {
                "jobEvents" => json!({ "after": "e0" }),
                name => world.arguments(name).await,
            };
            let mut stream = client.subscribe(&field.document("subscription", &arguments), arguments).await;
            let answer = first(&world, &mut stream).await;
            outcomes.push((*kind, outcome(&field, &answer)));
        }
        rows.push((field.name.clone(), outcomes));
    }
    insta::assert_snapshot!(table(&rows));
}

/// The first thing that a stream says; a job enters the queue again and again until then.
async fn first(world: &World, stream: &mut Stream) -> Value {
    let mut again = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            biased;
            item = stream.next() => return item.expect("an item or an error"),
            _ = again.tick() => drop(world.ada.submit(&world.service, json!({})).await),
        }
    }
}

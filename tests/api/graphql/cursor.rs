//! A cursor belongs to one list in one order, and every other list refuses it: orders of different nouns have the same
//! words, and keys of different types, which PostgreSQL does not compare.

use serde_json::{Value, json};

use crate::{
    calls::{World, fields_of},
    support::{Client, text},
};

/// A list in one of its orders.
struct List {
    /// What it lists, and how: lists that agree in this take each other's cursors.
    order: (String, String),
    document: String,
    /// Where the connection is in the answer.
    path: String,
}

/// Every list that a field of the root gives, in every order that it has.
async fn roots(admin: &Client) -> Vec<List> {
    let mut lists = Vec::new();
    for field in fields_of(admin, "query").await {
        let Some((_, ty)) = field.arguments.iter().find(|(name, _)| name == "order") else { continue };
        let document = format!("{{ __type(name: \"{}\") {{ enumValues {{ name }} }} }}", ty.trim_end_matches('!'));
        let orders = admin.data(&document, json!({})).await["__type"]["enumValues"].take();
        for order in orders.as_array().expect("words").iter().map(|value| text(&value["name"])) {
            let name = &field.name;
            let ask = format!("{name}(order: {order}, first: 1, after: $after) {{ edges {{ cursor }} }}");
            let document = format!("query($after: String) {{ {ask} }}");
            lists.push(List { order: (name.clone(), order), document, path: format!("/data/{name}") });
        }
    }
    lists
}

/// The lists below objects, each in the order that it has of itself.
fn nested(world: &World) -> Vec<List> {
    let list = |root: &str, id: &str, field: &str, what: &str, order: &str| List {
        order: (what.to_owned(), order.to_owned()),
        document: format!(
            "query($after: String) {{ {root}(id: \"{id}\") {{ {field}(first: 1, after: $after) {{ edges {{ cursor }} }} }} }}"
        ),
        path: format!("/data/{root}/{field}"),
    };
    vec![
        list("account", &world.account, "members", "account members", "CREATED_AT_ASC"),
        list("account", &world.account, "ledger", "ledger", "CREATED_AT_DESC"),
        list("project", &world.project, "members", "project members", "CREATED_AT_ASC"),
        list("project", &world.project, "data", "data", "CREATED_AT_DESC"),
        list("group", &world.group, "members", "group members", "CREATED_AT_ASC"),
        list("runner", &world.runner.id, "jobs", "jobs", "SUBMITTED_AT_ASC"),
        list("runner", &world.runner.id, "services", "services", "CREATED_AT_ASC"),
    ]
}

#[tokio::test]
async fn every_list_refuses_every_other_lists_cursors() {
    let world = World::new().await;
    let admin = world.app.admin();
    admin.file("a.txt", "a").await;
    let mut lists = roots(&admin).await;
    lists.extend(nested(&world));
    let mut cursors = Vec::new();
    for list in &lists {
        let answer = admin.data(&list.document, json!({})).await;
        let cursor = json!({ "data": answer }).pointer(&format!("{}/edges/0/cursor", list.path)).cloned();
        if let Some(Value::String(cursor)) = cursor {
            cursors.push((&list.order, cursor));
        }
    }
    for noun in ["users", "services", "runners", "jobs", "accounts", "ledger", "projects", "groups", "files"] {
        assert!(cursors.iter().any(|((what, _), _)| what == noun), "{noun} were listed");
    }
    // Of a list in several orders only one is tried with everybody's cursors: they go the same way.
    let mut tried: Vec<&str> = Vec::new();
    for list in &lists {
        let known = tried.contains(&list.path.as_str());
        tried.push(&list.path);
        for (of, cursor) in cursors.iter().filter(|(of, _)| !known || of.0 == list.order.0) {
            let answer = admin.graphql(&list.document, json!({ "after": cursor })).await;
            let faults = answer["errors"][0]["extensions"]["fields"].as_array().cloned().unwrap_or_default();
            let paths: Vec<String> = faults.iter().map(|fault| text(&fault["path"])).collect();
            let expected: &[&str] = if **of == list.order { &[] } else { &["after"] };
            assert_eq!(paths, expected, "{of:?} in {:?}: {answer}", list.order);
            assert_eq!(answer["errors"].is_null(), expected.is_empty(), "{of:?} in {:?}: {answer}", list.order);
        }
    }
}

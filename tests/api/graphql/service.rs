//! Services.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

async fn service(client: &Client, id: &str, selection: &str) -> Value {
    let document = format!("query($id: ID!) {{ service(id: $id) {{ {selection} }} }}");
    client.data(&document, json!({ "id": id })).await["service"].take()
}

async fn name(client: &Client, input: Value) -> String {
    text(&client.change("serviceCreate", input, "service { name }").await["service"]["name"])
}

#[tokio::test]
async fn a_service_starts_with_the_documented_defaults() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let selection =
        "name title description kind version parametersSchema resultsSchema isDisabled isAvailable timeoutSeconds
        lastSeenAt hasTimedOut maxAttempts leaseSeconds maxRunSeconds retryTimeouts deletedAt owner { username }";
    let made = cara
        .change("serviceCreate", json!({ "title": "Word statistics" }), &format!("service {{ {selection} }}"))
        .await;
    let expected = json!({
        "name": "word-statistics", "title": "Word statistics", "description": "", "kind": "PROGRAM", "version": 1,
        "parametersSchema": true, "resultsSchema": true, "isDisabled": false, "isAvailable": true,
        "timeoutSeconds": 30, "lastSeenAt": null, "hasTimedOut": false, "maxAttempts": 3, "leaseSeconds": 30,
        "maxRunSeconds": 3600, "retryTimeouts": false, "deletedAt": null, "owner": { "username": "cara" },
    });
    assert_eq!(made["service"], expected);
}

#[tokio::test]
async fn a_name_is_derived_from_the_title_and_counted_up_on_a_clash() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (title, expected) in [
        ("Ein Größen-Test!", "ein-gr-en-test"),
        ("  Ein  größen/test  ", "ein-gr-en-test-2"),
        ("EIN GRÖSSEN TEST", "ein-gr-ssen-test"),
        ("ein gr en test", "ein-gr-en-test-3"),
        ("数え上げ", "service"),
        ("…", "service-2"),
        ("Server", "server-2"),
        (&"x".repeat(200), &"x".repeat(56)),
        (&"x".repeat(199), &format!("{}-2", "x".repeat(56))),
    ] {
        assert_eq!(name(&admin, json!({ "title": title })).await, expected, "{title}");
    }
    // A name that was given is taken as it is, or refused.
    assert_eq!(name(&admin, json!({ "title": "x", "name": "A_b.c-9" })).await, "A_b.c-9");
    let taken = json!({ "title": "x", "name": "A_b.c-9" });
    assert_eq!(admin.refused("serviceCreate", taken.clone()).await, "ALREADY_EXISTS");
    assert_eq!(admin.wrong("serviceCreate", taken).await, ["name"]);
}

#[tokio::test]
async fn only_admins_and_authors_make_services() {
    let app = TestApp::new().await;
    let input = json!({ "title": "x" });
    assert_eq!(app.anonymous().refused("serviceCreate", input.clone()).await, "UNAUTHENTICATED");
    assert_eq!(app.user("ada").await.refused("serviceCreate", input.clone()).await, "FORBIDDEN");
    let admin_word = app.user_with("eve", &["admin", "accounting"], false).await;
    assert_eq!(admin_word.refused("serviceCreate", input.clone()).await, "FORBIDDEN");
    assert_eq!(app.author("cara").await.refused("serviceCreate", input).await, "OK");
}

#[tokio::test]
async fn a_service_out_of_bounds_is_refused_with_every_reason() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let all = json!({ "title": "", "name": "a b", "description": "x".repeat(10_001),
        "limits": { "timeoutSeconds": 0, "maxAttempts": 101, "leaseSeconds": 86_401, "maxRunSeconds": -1 },
        "parametersSchema": { "type": "strin" }, "resultsSchema": [] });
    let paths = admin.wrong("serviceCreate", all).await;
    let expected = [
        "name",
        "title",
        "description",
        "timeoutSeconds",
        "maxAttempts",
        "leaseSeconds",
        "maxRunSeconds",
        "parametersSchema/type",
        "resultsSchema",
    ];
    assert_eq!(paths, expected);
    for (input, path) in [
        (json!({ "title": "x".repeat(201) }), "title"),
        (json!({ "title": "two\nlines" }), "title"),
        (json!({ "title": "bell\u{7}" }), "title"),
        (json!({ "title": "x", "name": "server" }), "name"),
        (json!({ "title": "x", "name": "" }), "name"),
        (json!({ "title": "x", "name": "x".repeat(65) }), "name"),
        (json!({ "title": "x", "name": "ünï" }), "name"),
        (json!({ "title": "x", "description": "bell\u{7}" }), "description"),
        (json!({ "title": "x", "description": "nul\0" }), "input/description"),
        (json!({ "title": "x", "parametersSchema": { "const": ["\0"] } }), "input/parametersSchema/const/0"),
    ] {
        assert_eq!(admin.wrong("serviceCreate", input.clone()).await, [path], "{input}");
    }
    let none = admin.data("{ services { totalCount } }", json!({})).await;
    assert_eq!(none["services"]["totalCount"], 0);
}

#[tokio::test]
async fn a_bad_schema_is_named_by_a_pointer() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut deep = json!(true);
    for _ in 0..50 {
        deep = json!({ "not": deep });
    }
    for (schema, path) in [
        (json!("object"), "parametersSchema"),
        (json!({ "properties": { "a/b": { "minimum": "one" } } }), "parametersSchema/properties/a~1b/minimum"),
        (json!({ "$schema": "http://example.org/schema" }), "parametersSchema/$schema"),
        (json!({ "$ref": "http://example.org/schema" }), "parametersSchema/$ref"),
        (json!({ "items": { "$ref": "file:///etc/passwd" } }), "parametersSchema/items/$ref"),
        (json!({ "$ref": "#/$defs/absent" }), "parametersSchema/$ref"),
        (json!({ "pattern": "(" }), "parametersSchema/pattern"),
        (json!({ "pattern": "^(?=a)" }), "parametersSchema/pattern"),
        (json!({ "description": "x".repeat(65_536) }), "parametersSchema"),
    ] {
        let input = json!({ "title": "x", "parametersSchema": schema });
        assert_eq!(
            admin.wrong("serviceCreate", input.clone()).await,
            [path],
            "{}",
            &schema.to_string()[..40.min(schema.to_string().len())]
        );
        // The same when it is changed, and when it is only tried.
        let violations =
            admin.change("schemaValidate", json!({ "schema": schema }), "isValid violations { path }").await;
        let expected =
            json!({ "isValid": false, "violations": [{ "path": path.replace("parametersSchema", "schema") }] });
        assert_eq!(violations, expected);
    }
    let fine = json!({ "title": "deep", "parametersSchema": deep });
    assert_eq!(admin.refused("serviceCreate", fine).await, "OK");
}

#[tokio::test]
async fn a_value_is_tried_against_a_schema() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" }, "t": { "type": "string" } } });
    let found = |instance: Value| {
        let input = json!({ "schema": schema, "instance": instance });
        ada.change("schemaValidate", input, "isValid violations { path message }")
    };
    let fine = json!({ "isValid": true, "violations": [] });
    assert_eq!(found(json!({ "n": 1 })).await, fine);
    let wrong = found(json!({ "n": 1.5, "t": 7 })).await;
    let paths: Vec<&str> =
        wrong["violations"].as_array().expect("a list").iter().filter_map(|found| found["path"].as_str()).collect();
    assert_eq!(paths, ["instance/n", "instance/t"]);
    // Null is a value like any other.
    assert_eq!(found(Value::Null).await["isValid"], false);
    let without = ada.change("schemaValidate", json!({ "schema": schema }), "isValid violations { path message }");
    assert_eq!(without.await, fine);
    assert_eq!(app.anonymous().refused("schemaValidate", json!({ "schema": true })).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_new_schema_is_a_new_version_and_old_jobs_keep_theirs() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let number = |name: &str| json!({ "type": "object", "required": [name] });
    let id = cara.service(json!({ "parametersSchema": number("a"), "resultsSchema": number("x") })).await;
    let runner = cara.runner(json!({ "serviceIds": [id] })).await;
    let old = cara.submit(&id, json!({ "a": 1 })).await;
    let change = json!({ "serviceId": id, "parametersSchema": number("b"), "resultsSchema": number("y") });
    let changed = cara.change("serviceUpdate", change, "service { version parametersSchema resultsSchema }").await;
    let expected = json!({ "version": 2, "parametersSchema": number("b"), "resultsSchema": number("y") });
    assert_eq!(changed["service"], expected);
    let input = json!({ "serviceId": id, "parameters": { "a": 1 } });
    assert_eq!(cara.wrong("jobSubmit", input).await, ["parameters"]);
    let new = cara.submit(&id, json!({ "b": 1 })).await;
    for (job, results, status) in [(&old, json!({ "x": 1 }), "SUCCEEDED"), (&new, json!({ "x": 1 }), "FAILED")] {
        let lease = runner.claim().await;
        assert_eq!(lease.job, *job);
        runner.change("workComplete", json!({ "leaseToken": lease.token, "results": results }), "job { id }").await;
        assert_eq!(cara.status(job).await, status);
    }
    // One schema alone keeps the other; no schema makes no version.
    let change = json!({ "serviceId": id, "resultsSchema": true });
    let changed = cara.change("serviceUpdate", change, "service { version parametersSchema resultsSchema }").await;
    assert_eq!(changed["service"], json!({ "version": 3, "parametersSchema": number("b"), "resultsSchema": true }));
    let change = json!({ "serviceId": id, "title": "New", "parametersSchema": null });
    assert_eq!(cara.change("serviceUpdate", change, "service { version title }").await["service"]["version"], 3);
}

#[tokio::test]
async fn a_change_changes_what_it_names_and_new_bounds_are_for_new_jobs() {
    let app = TestApp::new().await;
    let (cara, dan) = (app.author("cara").await, app.author("dan").await);
    let id = cara.service(json!({ "title": "One", "description": "first", "limits": { "maxAttempts": 5 } })).await;
    cara.service(json!({ "title": "Two" })).await;
    let job = cara.submit(&id, json!({})).await;
    let change = json!({ "serviceId": id, "kind": "WIDGET", "isAvailable": false, "limits": { "leaseSeconds": 9, "maxAttempts": 1 } });
    let selection = "service { name title description kind isAvailable leaseSeconds maxAttempts maxRunSeconds }";
    let changed = cara.change("serviceUpdate", change, selection).await;
    let expected = json!({ "name": "one", "title": "One", "description": "first", "kind": "WIDGET",
        "isAvailable": false, "leaseSeconds": 9, "maxAttempts": 1, "maxRunSeconds": 3600 });
    assert_eq!(changed["service"], expected);
    assert_eq!(cara.job(&job, "maxAttempts").await["maxAttempts"], 5);
    assert_eq!(cara.refused("serviceUpdate", json!({ "serviceId": id, "name": "two" })).await, "ALREADY_EXISTS");
    assert_eq!(cara.refused("serviceUpdate", json!({ "serviceId": id, "name": "one" })).await, "OK");
    for field in ["serviceUpdate", "serviceDisable", "serviceEnable", "serviceDelete", "serviceCheckIn"] {
        assert_eq!(dan.refused(field, json!({ "serviceId": id })).await, "FORBIDDEN", "{field}");
        assert_eq!(app.anonymous().refused(field, json!({ "serviceId": id })).await, "UNAUTHENTICATED", "{field}");
        let absent = format!("service_{}", "0".repeat(32));
        assert_eq!(cara.refused(field, json!({ "serviceId": absent })).await, "NOT_FOUND", "{field}");
        assert_eq!(cara.wrong(field, json!({ "serviceId": "one" })).await, ["serviceId"], "{field}");
    }
}

#[tokio::test]
async fn a_disabled_service_takes_no_jobs_and_finishes_those_that_it_has() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&id).await);
    let job = ada.submit(&id, json!({})).await;
    admin.change("serviceDisable", json!({ "serviceId": id }), "service { isDisabled }").await;
    assert_eq!(ada.refused("jobSubmit", json!({ "serviceId": id })).await, "INVALID_STATE");
    let lease = runner.claim().await;
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(ada.status(&job).await, "SUCCEEDED");
    admin.change("serviceEnable", json!({ "serviceId": id }), "service { isDisabled }").await;
    ada.submit(&id, json!({})).await;
}

#[tokio::test]
async fn a_service_with_unfinished_jobs_cannot_be_deleted() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.service(json!({ "name": "mine" })).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&id).await);
    let job = ada.submit(&id, json!({})).await;
    assert_eq!(admin.refused("serviceDelete", json!({ "serviceId": id })).await, "INVALID_STATE");
    let lease = runner.claim().await;
    assert_eq!(admin.refused("serviceDelete", json!({ "serviceId": id })).await, "INVALID_STATE");
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    admin.change("serviceDelete", json!({ "serviceId": id }), "service { deletedAt isDisabled }").await;
    // Gone from everywhere but its old jobs, and its name is free.
    let document = "query($id: ID!) { service(id: $id) { id } }";
    assert_eq!(admin.code(document, json!({ "id": id })).await, "NOT_FOUND");
    assert_eq!(admin.data("{ services { totalCount } }", json!({})).await["services"]["totalCount"], 0);
    assert_eq!(ada.refused("jobSubmit", json!({ "serviceId": id })).await, "NOT_FOUND");
    assert_eq!(admin.refused("serviceUpdate", json!({ "serviceId": id })).await, "NOT_FOUND");
    let old = ada.job(&job, "service { name deletedAt }").await;
    assert!(old["service"]["name"] == "mine" && old["service"]["deletedAt"].is_string(), "{old}");
    admin.service(json!({ "name": "mine" })).await;
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn a_check_in_holds_until_the_timeout() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let id = cara.service(json!({ "limits": { "timeoutSeconds": 60 } })).await;
    let other = cara.service(json!({})).await;
    let (runner, stranger) = (cara.runner(json!({ "serviceIds": [id] })).await, app.runner(&other).await);
    app.advance(61);
    assert_eq!(
        service(&cara, &id, "hasTimedOut lastSeenAt").await,
        json!({ "hasTimedOut": false, "lastSeenAt": null })
    );
    for client in [&cara, &runner, &app.admin()] {
        client.change("serviceCheckIn", json!({ "serviceId": id }), "service { lastSeenAt }").await;
        assert_eq!(service(&cara, &id, "hasTimedOut").await["hasTimedOut"], false);
        app.advance(59);
        assert_eq!(service(&cara, &id, "hasTimedOut").await["hasTimedOut"], false);
        app.advance(2);
        assert_eq!(service(&cara, &id, "hasTimedOut").await["hasTimedOut"], true);
    }
    // It blocks nothing.
    cara.submit(&id, json!({})).await;
    assert_eq!(stranger.refused("serviceCheckIn", json!({ "serviceId": id })).await, "NOT_FOUND");
    let narrow = cara.api_token(&["jobs:read"]).await;
    assert_eq!(narrow.refused("serviceCheckIn", json!({ "serviceId": id })).await, "FORBIDDEN");
}

#[tokio::test]
async fn everybody_reads_services_unless_a_setting_says_otherwise() {
    for anonymous_reads in [true, false] {
        let app = TestApp::with(|config| config.anonymous_reads_services = anonymous_reads).await;
        let id = app.service(json!({ "name": "mine" })).await;
        let document = "query($id: ID!) { services { totalCount } node(id: $id) { id } }";
        let seen = app.anonymous().data(document, json!({ "id": id })).await;
        let node = if anonymous_reads { json!({ "id": id }) } else { Value::Null };
        assert_eq!(seen, json!({ "services": { "totalCount": i32::from(anonymous_reads) }, "node": node }));
        let one = app.anonymous().code(r#"{ service(name: "mine") { title } }"#, json!({})).await;
        assert_eq!(one, if anonymous_reads { "OK" } else { "NOT_FOUND" });
        assert_eq!(app.user("ada").await.code(r#"{ service(name: "mine") { title } }"#, json!({})).await, "OK");
    }
}

#[tokio::test]
async fn services_are_filtered_and_ordered() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (name, kind) in [("b%", "WIDGET"), ("a_x", "PROGRAM"), ("abx", "WORKFLOW"), ("c", "PROGRAM")] {
        let name = name.replace('%', ".");
        admin.service(json!({ "name": name, "kind": kind })).await;
    }
    let disabled = admin.service(json!({ "name": "off" })).await;
    admin.change("serviceDisable", json!({ "serviceId": disabled }), "service { id }").await;
    let document = "query($filter: ServiceFilter, $order: ServiceOrder! = NAME_ASC) {
        services(filter: $filter, order: $order) { totalCount nodes { name } } }";
    for (filter, order, expected) in [
        (json!({}), "NAME_ASC", vec!["a_x", "abx", "b.", "c", "off"]),
        (json!({}), "CREATED_AT_ASC", vec!["b.", "a_x", "abx", "c", "off"]),
        (json!({}), "CREATED_AT_DESC", vec!["off", "c", "abx", "a_x", "b."]),
        // `_` is itself and no wildcard.
        (json!({ "name": { "startsWith": "a_" } }), "NAME_ASC", vec!["a_x"]),
        (json!({ "name": { "startsWith": "%" } }), "NAME_ASC", vec![]),
        (json!({ "name": { "startsWith": "" } }), "NAME_ASC", vec!["a_x", "abx", "b.", "c", "off"]),
        (json!({ "name": { "eq": "c", "in": ["c", "off"] } }), "NAME_ASC", vec!["c"]),
        (json!({ "name": { "in": [] } }), "NAME_ASC", vec![]),
        (json!({ "kind": { "in": ["WIDGET", "WORKFLOW"] } }), "NAME_ASC", vec!["abx", "b."]),
        (json!({ "isDisabled": true }), "NAME_ASC", vec!["off"]),
        (json!({ "isDisabled": false, "kind": { "eq": "PROGRAM" } }), "NAME_ASC", vec!["a_x", "c"]),
    ] {
        let data = admin.data(document, json!({ "filter": filter, "order": order })).await["services"].take();
        let names: Vec<&str> =
            data["nodes"].as_array().expect("a list").iter().filter_map(|node| node["name"].as_str()).collect();
        assert_eq!((names, &data["totalCount"]), (expected.clone(), &json!(expected.len())), "{filter} {order}");
    }
}

//! Content of declared types.

use docket::config::{Config, ContentType};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, alice, person, server, server_with, with_content};

#[tokio::test]
async fn content_is_made_shown_changed_and_removed() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    assert_eq!(alice.get("/documents").await.good(), json!([]));
    let body = json!({ "title": "Map", "author": "Ada", "id": 77, "owner": "x", "creation_date": "x", "more": 1,
        "__meta__": {} });
    let made = alice.post("/documents", body).await.good();
    let number = made["id"].as_i64().expect("a number");
    let at = made["creation_date"].as_str().expect("a moment");
    assert!(at.ends_with("+00:00") && at.len() == "2026-11-30T12:00:00.000000+00:00".len(), "{at}");
    let mut expected = json!({ "id": number, "title": "Map", "description": "", "categories": [], "author": "Ada",
        "size": 0, "pages": null, "attachment": null, "creation_date": at, "modification_date": at });
    assert_eq!(made, expected);
    let path = format!("/documents/{number}");
    assert_eq!(alice.get(&path).await.good(), expected);
    assert_eq!(alice.get("/documents").await.good(), json!([expected]));

    app.advance(5);
    let change = json!({ "description": "Of the moor", "size": 3, "categories": ["maps", "maps", "moors"] });
    let changed = alice.put(&path, change).await.good();
    assert_ne!(changed["modification_date"], made["modification_date"]);
    expected["modification_date"] = changed["modification_date"].clone();
    (expected["description"], expected["size"]) = ("Of the moor".into(), 3.into());
    expected["categories"] = json!(["maps", "moors"]);
    assert_eq!(changed, expected);
    // What was shown may be sent back as it is.
    let mut back = alice.put(&path, expected.clone()).await.good();
    back["modification_date"] = expected["modification_date"].clone();
    assert_eq!(back, expected);
    // A field with a default gets that again when it is left out.
    let renamed = alice.put(&path, json!({ "title": "Chart" })).await.good();
    let told = (&renamed["title"], &renamed["size"], &renamed["author"], &renamed["description"]);
    assert_eq!(told, (&json!("Chart"), &json!(0), &json!("Ada"), &json!("Of the moor")));

    assert_eq!(alice.delete(&path).await.good(), json!({}));
    alice.get(&path).await.not_found();
    assert_eq!(alice.get("/documents").await.good(), json!([]));
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let missing = [("title", "title is missing"), ("author", "author is missing")];
    alice.post("/documents", json!({})).await.blames(&missing);
    let faults = alice.post("/documents", json!({ "title": "", "author": 5, "size": "x", "categories": [1] })).await;
    let names: Vec<_> = faults.faults().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["title", "categories", "author", "size"]);
    let made = alice.post("/documents", json!({ "title": "x", "author": "y" })).await.good();
    let path = format!("/documents/{}", made["id"]);
    for nothing in [json!(""), json!(null)] {
        alice.put(&path, json!({ "title": nothing })).await.blames(&[("title", "Required")]);
    }
    assert_eq!(alice.put(&path, json!({ "author": "" })).await.faults()[0].0, "author");
    assert_eq!(
        alice.post("/documents", json!({ "title": "x".repeat(300), "author": "y" })).await.faults()[0].0,
        "title"
    );
}

#[tokio::test]
async fn who_made_it_changes_it_and_nobody_else() {
    let app = server_with(with_content).await;
    let (alice, bob) = (alice(&app).await, person(&app, "bob@foo.com", "bob", "Bob", "B").await);
    let made = alice.post("/documents", json!({ "title": "Map", "author": "Ada" })).await.good();
    let path = format!("/documents/{}", made["id"]);
    assert_eq!(bob.get(&path).await.good(), made, "everybody who is logged in reads it");
    assert_eq!(bob.get("/documents").await.good(), json!([made]));
    let (nobody, admin) = (Browser::new(&app), app.admin());
    for (method, body) in
        [(Method::PUT, json!({ "title": "x" })), (Method::PUT, json!({})), (Method::DELETE, json!({}))]
    {
        bob.send(bob.request(method.clone(), &path).json(&body)).await.forbidden();
        nobody.send(nobody.request(method.clone(), &path).json(&body)).await.forbidden();
        Answer::of(admin.request(method, &format!("/-{path}")).json(&body)).await.forbidden();
    }
    for path in [&*path, "/documents", "/documents/999"] {
        nobody.get(path).await.forbidden();
    }
    nobody.post("/documents", json!({})).await.forbidden();
    assert_eq!(alice.get(&path).await.good(), made);
}

#[tokio::test]
async fn a_type_shows_its_own_content_only() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let news = alice.post("/news", json!({ "title": "Rain" })).await.good();
    assert_eq!(news.as_object().map(serde_json::Map::len), Some(6), "{news}");
    alice.post("/documents", json!({ "title": "Map", "author": "Ada" })).await.good();
    assert_eq!(alice.get("/news").await.good(), json!([news]));
    alice.get(&format!("/documents/{}", news["id"])).await.not_found();
    for id in ["x", "-1", "1.0", "999", "99999999999"] {
        alice.get(&format!("/news/{id}")).await.not_found();
    }
    // Data of the same type that is not shared is nobody's business here.
    let ada = app.user("ada").await;
    let input = json!({ "projectId": ada.personal().await, "type": "news", "title": "Mine" });
    let data = ada.change("projectDataCreate", input, "data { number }").await;
    let path = format!("/-/news/{}", data["data"]["number"]);
    Answer::of(ada.get(&path)).await.not_found();
    assert_eq!(alice.get("/news").await.good().as_array().map(Vec::len), Some(1));
    // What nobody declared is not there.
    let bare = server().await;
    super::alice(&bare).await.get("/documents").await.not_found();
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    for number in 0..205 {
        alice.post("/news", json!({ "title": format!("No. {number}") })).await.good();
    }
    let list = alice.get("/news").await.good();
    let titles: Vec<_> = list.as_array().expect("a list").iter().map(|one| one["title"].clone()).collect();
    let expected: Vec<_> = (0..205).map(|number| Value::from(format!("No. {number}"))).collect();
    assert_eq!(titles, expected, "oldest first, each once");
}

#[tokio::test]
async fn content_goes_with_the_account() {
    let app = server_with(with_content).await;
    let (alice, bob) = (alice(&app).await, person(&app, "bob@foo.com", "bob", "Bob", "B").await);
    alice.post("/news", json!({ "title": "Mine" })).await.good();
    bob.post("/news", json!({ "title": "His" })).await.good();
    alice.post("/userprofile", json!({ "password": "alice" })).await.good();
    app.sweep_users().await;
    let left = bob.get("/news").await.good();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["title"]), (Some(1), &json!("His")));
}

#[tokio::test]
async fn graphql_shares_nothing_that_is_no_content_of_its_type() {
    let app = server_with(with_content).await;
    let ada = app.user("ada").await;
    let project = ada.project(json!({})).await;
    let input = |value: Value, is_shared: bool| {
        json!({ "projectId": project, "type": "document", "title": "x",
        "value": value, "isShared": is_shared })
    };
    for (value, field) in [
        (json!({ "author": "" }), "value/author"),
        (json!({ "author": "A", "size": "x" }), "value/size"),
        (json!({}), "value"),
        (json!(5), "value"),
        (Value::Null, "value"),
    ] {
        assert!(ada.wrong("projectDataCreate", input(value.clone(), true)).await[0].starts_with(field), "{value}");
        let made = ada.change("projectDataCreate", input(value.clone(), false), "data { id }").await;
        let change = |more: Value| {
            let mut change = json!({ "dataId": made["data"]["id"] });
            change.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            change
        };
        assert!(
            ada.wrong("projectDataUpdate", change(json!({ "isShared": true }))).await[0].starts_with(field),
            "{value}"
        );
        let mended = change(json!({ "isShared": true, "value": { "author": "A" } }));
        ada.change("projectDataUpdate", mended, "data { id }").await;
        assert!(
            ada.wrong("projectDataUpdate", change(json!({ "value": value }))).await[0].starts_with(field),
            "{value}"
        );
    }
}

#[tokio::test]
async fn graphql_shows_the_same() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let made = alice.post("/documents", json!({ "title": "Map", "author": "Ada" })).await.good();
    let ask =
        "{ sharedData(filter: { type: { eq: \"document\" } }) { totalCount nodes { number title value isShared } } }";
    let ada = app.user("ada").await;
    let found = ada.data(ask, json!({})).await;
    let value = json!({ "author": "Ada", "size": 0 });
    let node = json!({ "number": made["id"], "title": "Map", "value": value, "isShared": true });
    assert_eq!(found["sharedData"], json!({ "totalCount": 1, "nodes": [node] }));
    assert_eq!(app.anonymous().code(ask, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(ada.api_token(&["jobs:read"]).await.code(ask, json!({})).await, "FORBIDDEN");
    let service = app.service(json!({ "name": "echo" })).await;
    assert_eq!(app.runner(&service).await.code(ask, json!({})).await, "FORBIDDEN");
    let one = "query($number: Int!) { projectData(number: $number) { title viewerCan { edit delete } } }";
    let seen = ada.data(one, json!({ "number": made["id"] })).await;
    assert_eq!(seen["projectData"]["viewerCan"], json!({ "edit": false, "delete": false }));
}

/// A type with fields that may be left out, with and without null among their values.
fn with_books(config: &mut Config) {
    let schema = json!({ "required": ["author"], "properties": {
        "author": { "type": "string" },
        "pages": { "type": "integer" },
        "note": { "type": ["string", "null"] },
    } });
    config.backrest.content = vec![ContentType { name: "book".to_owned(), plural: true, file: None, schema }];
}

#[tokio::test]
async fn what_is_shown_is_taken_back() {
    let app = server_with(with_books).await;
    let alice = alice(&app).await;
    alice.post("/books", json!({ "title": "x", "author": null })).await.blames(&[("author", "Required")]);
    let made = alice.post("/books", json!({ "title": "x", "author": "y", "pages": null })).await.good();
    assert_eq!((&made["pages"], &made["note"]), (&Value::Null, &Value::Null));
    let path = format!("/books/{}", made["id"]);
    for _ in 0..2 {
        let mut back = alice.put(&path, alice.get(&path).await.good()).await.good();
        back["modification_date"] = made["modification_date"].clone();
        assert_eq!(back, made);
    }
    alice.put(&path, json!({ "pages": 3, "note": "n" })).await.good();
    // Null is a value where the schema has it as one, and stands for nothing where it has not.
    let changed = alice.put(&path, json!({ "author": null, "pages": null, "note": null })).await.good();
    let told = (&changed["author"], &changed["pages"], &changed["note"]);
    assert_eq!(told, (&json!("y"), &json!(3), &Value::Null));
    assert_eq!(alice.put(&path, json!({ "pages": "x" })).await.faults()[0].0, "pages");
}

#[tokio::test]
async fn fields_that_no_type_declares_stay() {
    let app = server_with(with_books).await;
    let ada = app.user("ada").await;
    let input = json!({ "projectId": ada.personal().await, "type": "book", "title": "x", "isShared": true,
        "value": { "author": "y", "shelf": 5 } });
    let made = ada.change("projectDataCreate", input, "data { id number }").await["data"].take();
    let path = format!("/-/books/{}", made["number"]);
    for change in [json!({ "title": "z" }), json!({ "pages": 3 }), json!({})] {
        let shown = Answer::of(ada.put(&path).json(&change)).await.good();
        assert_eq!(shown.get("shelf"), None, "it is not shown here");
    }
    let document = "query($id: ID!) { projectData(id: $id) { title value } }";
    let kept = ada.data(document, json!({ "id": made["id"] })).await["projectData"].take();
    assert_eq!(kept, json!({ "title": "z", "value": { "author": "y", "shelf": 5, "pages": 3 } }));
}

#[tokio::test]
async fn of_two_changes_of_different_fields_none_is_lost() {
    let app = server_with(with_books).await;
    let alice = alice(&app).await;
    let made = alice.post("/books", json!({ "title": "x", "author": "y" })).await.good();
    let path = format!("/books/{}", made["id"]);
    for round in 0..20 {
        let (author, pages) = (json!({ "author": format!("y{round}") }), json!({ "pages": round }));
        let (one, two) = tokio::join!(alice.put(&path, author), alice.put(&path, pages));
        one.good();
        two.good();
        let both = alice.get(&path).await.good();
        assert_eq!((&both["author"], &both["pages"]), (&json!(format!("y{round}")), &json!(round)));
    }
}

#[tokio::test]
async fn bounds_are_told_under_the_names_that_clients_know() {
    let app = server_with(|config| {
        with_content(config);
        config.jobs.parameters_bytes = 2_000;
        config.files.upload_bytes = 10;
    })
    .await;
    let alice = alice(&app).await;
    let made = alice.post("/documents", json!({ "title": "x", "author": "y" })).await.good();
    let path = format!("/documents/{}", made["id"]);
    let (words, text) = (vec!["w"; 33], "x".repeat(10_001));
    for (more, name) in [
        // All own fields together have no name.
        (json!({ "author": "x".repeat(3_000) }), "null"),
        (json!({ "description": text }), "description"),
        (json!({ "categories": words }), "categories"),
        (json!({ "categories": ["x".repeat(65)] }), "categories"),
        (json!({ "attachment": { "filename": "a", "data": "x".repeat(11) } }), "attachment"),
        (json!({ "attachment": { "filename": "x".repeat(300), "data": "x" } }), "attachment"),
    ] {
        let mut body = json!({ "title": "x", "author": "y" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        for answer in [alice.post("/documents", body.clone()).await, alice.put(&path, body).await] {
            let names: Vec<_> = answer.faults().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, [name], "{}", answer.text);
        }
    }
}

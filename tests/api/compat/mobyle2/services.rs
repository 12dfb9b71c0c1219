//! Services, beyond the document's listing.

use serde_json::{Value, json};

use super::{refused, shown};
use crate::support::{Client, TestApp};

async fn authorized(client: &Client, name: &str) -> Value {
    shown(client, &format!("/services/{name}")).await["authorized"].take()
}

#[tokio::test]
async fn what_is_no_projects_has_the_reserved_word() {
    let app = TestApp::new().await;
    app.service(json!({ "name": "echo", "kind": "WIDGET", "isExported": true })).await;
    let expected = json!({ "name": "echo", "server": "localhost", "project": "server", "type": "widget", "exported": true,
        "disabled": false, "authorized": false });
    assert_eq!(shown(&app.anonymous(), "/services").await, json!({ "echo::server::localhost": expected }));
    for (field, input) in [
        ("projectCreate", json!({ "title": "x", "name": "server" })),
        ("serviceCreate", json!({ "title": "x", "name": "server" })),
        ("serviceCreate", json!({ "title": "x", "name": "a::b" })),
        ("serviceCreate", json!({ "title": "x", "name": "a/b" })),
        ("projectCreate", json!({ "title": "x", "name": "a b" })),
        ("serverRegister", json!({ "name": "server", "url": "http://x" })),
    ] {
        assert_eq!(app.admin().wrong(field, input.clone()).await, ["name"], "{field} {input}");
    }
}

#[tokio::test]
async fn whether_the_caller_may_call_it_depends_on_the_caller() {
    let app = TestApp::new().await;
    let echo = app.service(json!({ "name": "echo" })).await;
    let (owner, watcher, stranger) = (app.user("olga").await, app.user("wanda").await, app.user("stan").await);
    let project = owner.project(json!({ "title": "Team", "isPublic": true })).await;
    owner.enrol(&project, &watcher, "WATCHER").await;
    owner.service(json!({ "projectId": project, "name": "plot", "isExported": true })).await;
    let name = "echo::server::localhost";
    let nobody = app.anonymous();
    for (client, may) in [(&app.admin(), true), (&owner, true), (&stranger, true), (&nobody, false)] {
        assert_eq!(authorized(client, name).await, may);
    }
    for (client, may) in [(&owner, true), (&watcher, false), (&stranger, false), (&nobody, false)] {
        assert_eq!(authorized(client, "plot::team::localhost").await, may);
    }
    let token = stranger.api_token(&["jobs:read"]).await;
    assert_eq!(authorized(&token, name).await, false, "the token may not submit");
    app.set_status("stan", entity::user::Status::Suspended).await;
    let suspended = app.anonymous().log_in("stan").await;
    assert_eq!(authorized(&suspended, name).await, false);
    app.admin().change("serviceDisable", json!({ "serviceId": echo }), "service { id }").await;
    let shown = shown(&app.admin(), &format!("/services/{name}")).await;
    assert_eq!((&shown["disabled"], &shown["authorized"]), (&json!(true), &json!(false)), "nobody may");
}

#[tokio::test]
async fn what_is_private_is_left_out_and_not_there() {
    let app = TestApp::new().await;
    let owner = app.user("olga").await;
    let project = owner.project(json!({ "title": "Team" })).await;
    owner.service(json!({ "projectId": project, "name": "plot", "isExported": true })).await;
    assert_eq!(shown(&owner, "/services").await["plot::team::localhost"]["authorized"], true);
    for client in [app.anonymous(), app.user("stan").await] {
        assert_eq!(shown(&client, "/services").await, json!({}));
        let hidden = refused(&client, "/services/plot::team::localhost").await;
        assert_eq!(hidden, (404, "NOT_FOUND".to_owned()));
        assert_eq!(hidden, refused(&client, "/services/nothing::team::localhost").await);
    }
    for wrong in ["plot", "plot::team", "::", "a::b::c::d", "%00::server::localhost", "%ff"] {
        let (status, _) = refused(&app.admin(), &format!("/services/{wrong}")).await;
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
    }
}

#[tokio::test]
async fn a_full_name_is_whole_also_where_its_project_is_hidden() {
    let app = TestApp::new().await;
    let owner = app.user("olga").await;
    let mut services = Vec::new();
    for title in ["Team", "Crew"] {
        let project = owner.project(json!({ "title": title })).await;
        services.push(owner.service(json!({ "projectId": project, "name": "plot" })).await);
    }
    let token = owner.api_token(&["jobs:read"]).await;
    let list = shown(&token, "/services").await;
    let names: Vec<_> = list.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["plot::team::localhost", "plot::crew::localhost"]);
    assert_eq!(list["plot::team::localhost"]["project"], "team");
    assert_eq!(shown(&token, "/services/plot::team::localhost").await, list["plot::team::localhost"]);
    let runner = owner.runner(json!({ "serviceIds": services })).await;
    let seen = runner.data("{ services { nodes { fullName project { name } } } }", json!({})).await;
    let nodes = seen["services"]["nodes"].as_array().expect("a page");
    assert_eq!(nodes.len(), 2);
    for node in nodes {
        assert!(
            node["project"].is_null() && !node["fullName"].as_str().expect("a name").contains("::server::"),
            "{node}"
        );
    }
}

#[tokio::test]
async fn services_of_other_servers_are_theirs() {
    let (here, there) = (TestApp::new().await, TestApp::new().await);
    let project = there.admin().project(json!({ "title": "Open", "isPublic": true })).await;
    there.admin().service(json!({ "projectId": project, "name": "plot", "isExported": true })).await;
    here.register("lab", &format!("http://{}", there.server.address)).await;
    here.probe().await;
    let expected = json!({ "name": "plot", "server": "lab", "project": "open", "type": "program", "exported": true,
        "disabled": false, "authorized": false });
    assert_eq!(shown(&here.admin(), "/services/plot::open::lab").await, expected);
    assert_eq!(shown(&here.anonymous(), "/services").await, json!({ "plot::open::lab": expected }));
}

#[tokio::test]
async fn answers_are_kept_by_nobody_else_and_asked_for_again() {
    let app = TestApp::new().await;
    let echo = app.service(json!({ "name": "echo" })).await;
    let get = |tag: Option<&str>| {
        let request = app.anonymous().get("/mobyle2/services/");
        let request = if let Some(tag) = tag { request.header("if-none-match", tag.to_owned()) } else { request };
        async move { request.send().await.expect("an answer") }
    };
    let first = get(None).await;
    let header = |name: &str| first.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("cache-control"), "private, no-cache");
    let vary: Vec<_> = first.headers().get_all("vary").iter().map(|value| value.to_str().expect("text")).collect();
    assert!(vary.contains(&"Authorization, Cookie"), "{vary:?}");
    let tag = header("etag");
    for known in [tag.as_str(), "*", &format!("W/{tag}"), &format!("\"x\", {tag}")] {
        let again = get(Some(known)).await;
        assert_eq!((again.status().as_u16(), again.text().await.expect("a body")), (304, String::new()), "{known}");
    }
    assert_eq!(get(Some("\"x\"")).await.status(), 200);
    app.admin().change("serviceDisable", json!({ "serviceId": echo }), "service { id }").await;
    assert_eq!(get(Some(&tag)).await.status(), 200);
}

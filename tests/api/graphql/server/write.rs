//! Registering servers.

use entity::server;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::{Remote, Reply, TestApp, text};

#[tokio::test]
async fn this_server_is_an_entry_that_follows_the_configuration() {
    let app = TestApp::with(|config| config.server_name = "lab".to_owned()).await;
    app.service(json!({ "title": "Echo" })).await;
    let document = "{ servers { totalCount nodes { id name url isLocal isEnabled isActive protocol services { nodes { fullName } } } } }";
    let mut shown = app.anonymous().data(document, json!({})).await["servers"].take();
    let id = text(&shown["nodes"][0]["id"].take());
    let node = json!({ "id": null, "name": "lab", "url": format!("http://{}", app.server.address), "isLocal": true,
        "isEnabled": true, "isActive": true, "protocol": null, "services": { "nodes": [{ "fullName": "echo::server::lab" }] } });
    assert_eq!(shown, json!({ "totalCount": 1, "nodes": [node] }));
    for field in ["serverUpdate", "serverRemove", "serverProbe"] {
        assert_eq!(app.admin().wrong(field, json!({ "serverId": id })).await, ["serverId"], "{field}");
    }
    assert_eq!(app.admin().wrong("serverRegister", json!({ "name": "lab", "url": "http://x" })).await, ["name"]);
}

#[tokio::test]
async fn only_admins_register_servers() {
    let app = TestApp::new().await;
    let server = app.register("lab", "http://127.0.0.1:9").await;
    let ada = app.author("ada").await;
    let (user, nobody) = (&ada, &app.anonymous());
    let new = json!({ "name": "x", "url": "http://x" });
    for (field, input) in [
        ("serverRegister", new),
        ("serverUpdate", json!({ "serverId": server })),
        ("serverRemove", json!({ "serverId": server })),
        ("serverProbe", json!({ "serverId": server })),
    ] {
        assert_eq!(user.refused(field, input.clone()).await, "FORBIDDEN", "{field}");
        assert_eq!(nobody.refused(field, input).await, "UNAUTHENTICATED", "{field}");
    }
    let runner = app.runner(&app.service(json!({})).await).await;
    assert_eq!(runner.data("{ servers { totalCount } }", json!({})).await["servers"]["totalCount"], 0);
    let closed = TestApp::with(|config| config.anonymous_reads_services = false).await;
    let shown = closed.anonymous().data("{ servers { nodes { name } } }", json!({})).await["servers"].take();
    assert_eq!(shown, json!({ "nodes": [] }));
}

#[tokio::test]
async fn wrong_servers_are_named() {
    let app = TestApp::new().await;
    let server = app.register("lab", "https://lab.example.org").await;
    let admin = app.admin();
    for name in ["", "a b", "a::b", "server", "localhost", "lab", &"x".repeat(65)] {
        let input = json!({ "name": name, "url": "http://x" });
        assert_eq!(admin.wrong("serverRegister", input).await, ["name"], "{name}");
    }
    let long = format!("http://x/{}", "y".repeat(500));
    for url in [
        "",
        "x",
        "/x",
        "x.example.org",
        "ftp://x",
        "file:///etc/passwd",
        "gopher://x",
        "http://",
        "http://user:secret@x",
        "http://user@x",
        "http://x?y=z",
        "http://x#y",
        "http://x/../y",
        "http://x/%2e%2e/y",
        "http://x y",
        "http://x\r\ny",
        &long,
    ] {
        assert_eq!(admin.wrong("serverRegister", json!({ "name": "x", "url": url })).await, ["url"], "{url}");
        assert_eq!(admin.wrong("serverUpdate", json!({ "serverId": server, "url": url })).await, ["url"], "{url}");
    }
    let trimmed = admin.change("serverRegister", json!({ "name": "y", "url": "https://y/z//" }), "server { url }");
    assert_eq!(trimmed.await["server"]["url"], "https://y/z");
    assert_eq!(admin.wrong("serverUpdate", json!({ "serverId": server, "name": "y" })).await, ["name"]);
    let document = "query($id: ID, $name: String) { server(id: $id, name: $name) { name } }";
    for (given, code) in [
        (json!({}), "INVALID"),
        (json!({ "id": server, "name": "lab" }), "INVALID"),
        (json!({ "id": "lab" }), "INVALID"),
        (json!({ "name": "nobody" }), "NOT_FOUND"),
        (json!({ "name": "lab" }), "OK"),
        (json!({ "id": server }), "OK"),
    ] {
        assert_eq!(admin.code(document, given.clone()).await, code, "{given}");
    }
}

#[tokio::test]
async fn the_audit_tells_who_registers_changes_and_removes_a_server() {
    let app = TestApp::new().await;
    let (server, admin) = (app.register("lab", "http://127.0.0.1:9").await, app.admin());
    let change = json!({ "serverId": server, "name": "den", "url": "http://127.0.0.1:10" });
    admin.change("serverUpdate", change, "server { id }").await;
    admin.change("serverRemove", json!({ "serverId": server }), "server { id }").await;
    let document = "query($id: ID!) { auditEntries(filter: { subjectId: { eq: $id } }, order: CREATED_AT_ASC) { nodes {
        action subjectName detail actor { username } } } }";
    let told = admin.data(document, json!({ "id": server })).await["auditEntries"]["nodes"].take();
    let entry = |action: &str, name: &str, url: &str| {
        let actor = json!({ "username": "admin" });
        json!({ "action": action, "subjectName": name, "detail": url, "actor": actor })
    };
    let (before, after) = ("http://127.0.0.1:9", "http://127.0.0.1:10");
    let expected = [
        entry("SERVER_REGISTERED", "lab", before),
        entry("SERVER_UPDATED", "den", after),
        entry("SERVER_REMOVED", "den", after),
    ];
    assert_eq!(told, json!(expected));
}

#[tokio::test]
async fn the_configuration_names_the_hosts_that_are_asked() {
    let hosts = vec!["Lab.example.org".to_owned(), "127.0.0.1".to_owned()];
    let app = TestApp::with(|config| config.federation.hosts = hosts).await;
    let admin = app.admin();
    for url in
        ["http://localhost:8080", "http://169.254.169.254/", "http://lab.example.org.evil.example", "http://[::1]/"]
    {
        assert_eq!(admin.wrong("serverRegister", json!({ "name": "x", "url": url })).await, ["url"], "{url}");
    }
    app.register("lab", "https://lab.example.org:8443/docket").await;
    let server = app.register("near", "http://127.0.0.1:9").await;
    let probed = admin.change("serverProbe", json!({ "serverId": server }), "server { isActive lastError }").await;
    assert_eq!(probed["server"]["isActive"], Value::Bool(false));
    assert!(text(&probed["server"]["lastError"]).contains("cannot be reached"), "{probed}");
}

#[tokio::test]
async fn a_host_that_is_no_longer_named_is_not_asked() {
    let hosts = vec!["127.0.0.1".to_owned()];
    let app = TestApp::with(|config| config.federation.hosts = hosts).await;
    let mut remote = Remote::new(|_| Reply::Json(json!({}))).await;
    let server = app.register("lab", &remote.url()).await;
    // As if it had been registered under another configuration: the same place by another name.
    let url = remote.url().replace("127.0.0.1", "localhost");
    let write = app.server.app.db.write(url, |tx, url| {
        Box::pin(async move {
            let moved = server::ActiveModel { url: Set(url.clone()), ..Default::default() };
            let others = server::Entity::update_many().set(moved).filter(server::Column::Name.eq("lab"));
            Ok(others.exec(&tx.db).await?.rows_affected)
        })
    });
    assert_eq!(write.await.expect("it is stored"), 1);
    assert_eq!(app.probe().await, 1, "it is due");
    let selection = "server { isActive lastError }";
    let probed = app.admin().change("serverProbe", json!({ "serverId": server }), selection).await["server"].take();
    assert_eq!(probed["isActive"], false);
    assert!(text(&probed["lastError"]).contains("`federation.hosts`"), "{probed}");
    assert_eq!(remote.heads(), [""; 0]);
}

//! The document's own listings. Its keys and values disagree on the names of one server and one project; here both are
//! what the keys say.

use entity::user;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{id, shown};
use crate::support::{Remote, Reply, TestApp, text};

const SERVERS: &str = include_str!("listings/servers.json");
const SERVICES: &str = include_str!("listings/services.json");
const USERS: &str = include_str!("listings/users.json");
const PROJECTS: &str = include_str!("listings/projects.json");

fn listing(text: &str) -> Value {
    serde_json::from_str(text).expect("the document's listings are JSON")
}

/// The other server of the document: it answers the same API.
async fn other() -> Remote {
    let remote = Remote::new(|_| Reply::Silence).await;
    let service = |name: &str| json!({ "name": name, "server": "server_2", "type": "program", "exported": true });
    let services = json!({ "a": service("service_2"), "b": service("service_4"), "c": service("service_6") });
    let servers = json!({ "server_2": { "url": remote.url(), "services": [], "active": true } });
    remote.answer(move |path| match path {
        "/servers/" => Reply::Json(servers.clone()),
        "/services/" => Reply::Json(services.clone()),
        _ => Reply::Json(Value::Null),
    });
    remote
}

#[tokio::test]
async fn the_list_of_servers() {
    let app = TestApp::with(|config| config.server_name = "server1".to_owned()).await;
    for name in ["service_1", "service_2", "service_3"] {
        app.service(json!({ "name": name })).await;
    }
    let remote = other().await;
    app.register("server2", &remote.url()).await;
    app.probe().await;
    let own = format!("http://{}/mobyle2", app.server.address);
    let text = SERVERS.replace("[mobyle2 server 1 URL]", &own).replace("[mobyle2 server 2 URL]", &remote.url());
    let expected = listing(&text);
    for path in ["/servers/", "/servers"] {
        assert_eq!(shown(&app.anonymous(), path).await, expected, "{path}");
    }
    for path in ["/servers/server1/", "/servers/server1"] {
        assert_eq!(shown(&app.anonymous(), path).await, expected["server1"], "{path}");
    }
}

#[tokio::test]
async fn the_list_of_services() {
    let app = TestApp::with(|config| config.server_name = "server1".to_owned()).await;
    let herve = app.user("herve").await;
    let project = herve.project(json!({ "title": "project1", "isPublic": true })).await;
    for name in ["service1", "service2"] {
        herve.service(json!({ "projectId": project, "name": name, "isExported": true })).await;
    }
    let expected = listing(SERVICES);
    for path in ["/services/", "/services"] {
        assert_eq!(shown(&herve, path).await, expected, "{path}");
    }
    for path in ["service1::project1::server1", "service1::project1::server1/", "service1%3A%3Aproject1%3a%3aserver1"] {
        assert_eq!(
            shown(&herve, &format!("/services/{path}")).await,
            expected["service1::project1::server1"],
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_list_of_users() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for number in 2..4 {
        admin.project(json!({ "title": format!("Project {number}") })).await;
        app.group(json!({ "name": format!("group{}", number - 1) }), &[&admin]).await;
    }
    for name in ["two", "three", "four"] {
        app.user(name).await;
    }
    app.set_status("three", user::Status::Suspended).await;
    app.set_status("four", user::Status::Pending).await;
    let expected = listing(USERS);
    for (number, email) in [(1, Some("herve@example@com")), (2, Some("[email protected]")), (3, None), (4, None)] {
        become_the_documents(&app, number, email, &expected[format!("{number:011}")]).await;
    }
    app.advance(2);
    for path in ["/users/", "/users"] {
        assert_eq!(shown(&admin, path).await, expected, "{path}");
    }
    for path in ["/users/00000000004", "/users/00000000004/"] {
        assert_eq!(shown(&admin, path).await, expected["00000000004"], "{path}");
    }
}

/// Gives a user what only a directory, or a caller without a log-in, would.
async fn become_the_documents(app: &TestApp, number: i64, email: Option<&str>, expected: &Value) {
    let anonymous = expected["type"] == "anonymous";
    let change = user::ActiveModel {
        email: Set(email.map(ToOwned::to_owned)),
        email_lower: Set(email.map(ToOwned::to_owned)),
        kind: Set(if anonymous { user::Kind::Anonymous } else { user::Kind::Authenticated }),
        authentication_type: Set(if anonymous {
            user::AuthenticationType::Native
        } else {
            user::AuthenticationType::Ldap
        }),
        status_message: Set(expected["status_message"].as_str().map(ToOwned::to_owned)),
        ..Default::default()
    };
    let write = app.server.app.db.write((number, change), |tx, (number, change)| {
        Box::pin(async move {
            let change = user::Entity::update_many().set(change.clone()).filter(user::Column::Id.eq(*number));
            Ok(change.exec(&tx.db).await?.rows_affected)
        })
    });
    assert_eq!(write.await.expect("it is written"), 1);
}

#[tokio::test]
async fn the_list_of_projects() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut users = vec![admin.clone()];
    for number in 2..16 {
        users.push(app.user(&format!("user{number}")).await);
    }
    let first = admin.project(json!({ "title": "First" })).await;
    let second = admin.project(json!({ "title": "Second" })).await;
    for manager in [10, 12, 15] {
        admin.enrol(&first, &users[manager - 1], "MANAGER").await;
    }
    admin.enrol(&first, &users[10], "CONTRIBUTOR").await;
    admin.enrol(&second, &users[11], "CONTRIBUTOR").await;
    let mut service = String::new();
    for name in ["workflow_1", "workflow_2", "workflow3"] {
        service = admin.service(json!({ "projectId": first, "name": name })).await;
    }
    for _ in 0..3 {
        admin.submit_with(json!({ "serviceId": service, "projectId": first })).await;
    }
    for _ in 0..2 {
        admin.data_of(&first, json!({})).await;
    }
    let favorites = json!({ "projectId": first, "favoriteServices": ["server1/p"] });
    admin.change("projectUpdate", favorites, "project { id }").await;
    let (expected, all) = (listing(PROJECTS), shown(&admin, "/projects").await);
    assert_eq!(all.as_object().expect("an object").len(), 17, "everybody has one, too");
    assert_eq!(shown(&admin, "/projects/").await, all);
    for (project, listed) in [(first, "00000000001"), (second, "00000000002")] {
        let number = id(&admin, &project).await;
        assert_eq!(all[&number], expected[listed]);
        for path in [format!("/projects/{number}"), format!("/projects/{number}/")] {
            assert_eq!(shown(&admin, &path).await, expected[listed], "{path}");
        }
    }
    assert_eq!(text(&all["00000000001"]["owner"]), "00000000001");
}

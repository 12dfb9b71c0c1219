//! Users, beyond the document's listing.

use entity::user::Status;
use serde_json::{Value, json};

use super::{id, refused, shown};
use crate::support::{Client, PASSWORD, TestApp};

#[tokio::test]
async fn a_user_sees_itself_and_admins_see_all() {
    let app = TestApp::new().await;
    let (admin, ada, bob) = (app.admin(), app.user("ada").await, app.user("bob").await);
    app.group(json!({ "name": "lab" }), &[&ada]).await;
    let (path, project) = (format!("/users/{}", id(&admin, &ada.id).await), id(&admin, &ada.personal().await).await);
    let expected = json!({ "email": "ada@example.org", "type": "authenticated", "authentication_type": "native", 
        "status": "active", "is_admin": false, "groups": ["lab"], "projects": [project] });
    for client in [&ada, &admin] {
        assert_eq!(shown(client, &path).await, expected);
    }
    let forbidden = (403, "FORBIDDEN".to_owned());
    for path in [path.as_str(), "/users/00000009999", "/users/1", "/users/x"] {
        assert_eq!(refused(&bob, path).await, forbidden, "{path}: nobody learns who there is");
        assert_eq!(refused(&app.anonymous(), path).await, (401, "UNAUTHENTICATED".to_owned()), "{path}");
    }
    for path in ["/users/00000009999", "/users/1", "/users/x", "/users/99999999999"] {
        assert_eq!(refused(&admin, path).await, (404, "NOT_FOUND".to_owned()), "{path}");
    }
    let (eve, gone) = (app.user("eve").await, (404, "NOT_FOUND".to_owned()));
    let past = format!("/users/{}", id(&admin, &eve.id).await);
    let confirmed = json!({ "userId": eve.id, "confirmPassword": PASSWORD });
    admin.change("userDelete", confirmed, "user { status }").await;
    assert_eq!(refused(&admin, &past).await, gone, "what is no longer listed");
    assert!(shown(&admin, "/users").await.get(past.trim_start_matches("/users/")).is_none());
    for client in [&bob, &admin.api_token(&["projects:read"]).await] {
        assert_eq!(refused(client, "/users").await, forbidden);
    }
    assert_eq!(refused(&app.anonymous(), "/users/").await, (401, "UNAUTHENTICATED".to_owned()));
    let runner = app.runner(&app.service(json!({})).await).await;
    assert_eq!(refused(&runner, &path).await, forbidden);
    assert_eq!(refused(&runner, "/users").await, forbidden);
}

#[tokio::test]
async fn who_is_not_active_reads_why_and_nothing_else() {
    let app = TestApp::new().await;
    for (name, status, word) in [("sue", Status::Suspended, "suspended"), ("pam", Status::Pending, "pending")] {
        let user = app.user(name).await;
        app.group(json!({ "name": word }), &[&user]).await;
        let own = format!("/users/{}", id(&app.admin(), &user.id).await);
        app.set_status(name, status).await;
        let user = app.anonymous().log_in(name).await;
        let expected = json!({ "email": format!("{name}@example.org"), "type": "authenticated", "authentication_type": "native",
             "status": word, "status_message": "By the test.", "is_admin": false,
            "groups": [], "projects": [] });
        assert_eq!(shown(&user, &own).await, expected);
        assert_eq!(shown(&app.admin(), &own).await["groups"], json!([word]));
        for path in ["/users", "/users/00000000001", "/projects", "/projects/00000000001"] {
            assert_eq!(refused(&user, path).await.0, 403, "{path}");
        }
    }
}

#[tokio::test]
async fn a_list_is_the_same_as_its_items() {
    let app = TestApp::new().await;
    for name in ["ada", "bob", "cy"] {
        app.user(name).await;
    }
    let admin = app.admin();
    for noun in ["users", "projects"] {
        let list = shown(&admin, &format!("/{noun}")).await;
        assert_eq!(list.as_object().expect("an object").len(), 4);
        for (id, value) in list.as_object().expect("an object") {
            assert_eq!(shown(&admin, &format!("/{noun}/{id}")).await, *value);
        }
    }
    kept_by_nobody(&admin, "/mobyle2/users").await;
    kept_by_nobody(&admin, "/mobyle2/users/00000000001").await;
    kept_by_nobody(&admin, "/mobyle2/projects/").await;
    kept_by_nobody(&admin, "/mobyle2/projects/00000000001").await;
}

async fn kept_by_nobody(client: &Client, path: &str) {
    let answer = client.get(path).send().await.expect("an answer");
    assert_eq!(answer.headers()["cache-control"], "private, no-store", "{path}");
    assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
    let body: Value = answer.json().await.expect("JSON");
    assert!(body.is_object(), "{path}");
}

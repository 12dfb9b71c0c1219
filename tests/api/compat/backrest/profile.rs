//! What users are called, and the end of their accounts.

use entity::user;
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use super::{Answer, Browser, alice, person, server};
use crate::support::PASSWORD;

#[tokio::test]
async fn names_change_and_cannot_be_taken_away() {
    let app = server().await;
    let alice = alice(&app).await;
    let before = alice.get("/userprofile").await.good();
    assert_eq!(before.as_object().map(serde_json::Map::len), Some(6), "{before}");
    let body = json!({ "firstname": "Alien", "email": "x@y.zz", "password": "x", "roles": ["admin"], "id": 1 });
    alice.put("/userprofile", body).await.succeeded();
    let mut expected = before;
    expected["firstname"] = "Alien".into();
    assert_eq!(alice.get("/userprofile").await.good(), expected);
    for nothing in [json!({}), json!({ "firstname": null, "lastname": "" }), json!({ "__meta__": {} })] {
        alice.put("/userprofile", nothing).await.succeeded();
    }
    assert_eq!(alice.get("/userprofile").await.good(), expected);
    let odd = json!({ "firstname": 5, "lastname": ["x"] });
    alice.put("/userprofile", odd).await.blames(&[
        ("firstname", "5 is not a string: {'firstname': ''}"),
        ("lastname", "[\"x\"] is not a string: {'lastname': ''}"),
    ]);
    let form = crate::support::form(alice.request(Method::PUT, "/userprofile"), &[("lastname", "Späcies")]);
    alice.send(form).await.succeeded();
    assert_eq!(alice.get("/userprofile").await.good()["lastname"], "Späcies");
}

#[tokio::test]
async fn what_is_wrong_comes_before_who_asks() {
    let app = server().await;
    let nobody = Browser::new(&app);
    nobody.get("/userprofile").await.forbidden();
    nobody.put("/userprofile", json!({})).await.forbidden();
    assert_eq!(nobody.put("/userprofile", json!({ "firstname": 5 })).await.status, 400);
    nobody.post("/userprofile", json!({})).await.blames(&[("password", "password is missing")]);
    nobody.post("/userprofile", json!({ "password": "x" })).await.forbidden();
}

#[tokio::test]
async fn only_admins_see_others() {
    let app = server().await;
    let alice = alice(&app).await;
    let own = alice.get("/userprofile").await.good();
    assert_eq!(alice.get("/userprofile?email=admin%40example.org").await.good(), own, "it is not looked at");
    let ask = async |email: &str| Answer::of(app.admin().get(&format!("/-/userprofile?email={email}"))).await;
    assert_eq!(ask("alice%40foo.com").await.good(), own);
    for unknown in ["nobody%40foo.com", "x", "%ff", "%00"] {
        ask(unknown).await.not_found();
    }
    assert_eq!(ask("").await.good()["roles"], json!(["admin"]));
}

#[tokio::test]
async fn a_deletion_takes_the_callers_account_and_no_other() {
    let app = server().await;
    let (alice, bob) = (alice(&app).await, person(&app, "bob@foo.com", "bob", "Bob", "B").await);
    alice.post("/userprofile", json!({ "password": "x" })).await.blames(&[("password", "Password does not match")]);
    alice.post("/userprofile", json!({ "password": "" })).await.blames(&[("password", "Required")]);
    let gone = alice.post("/userprofile", json!({ "password": "alice" })).await;
    assert_eq!(gone.good(), json!({ "message": "goodbye" }));
    let living = user::Entity::find().filter(user::Column::Status.ne(user::Status::Deleted));
    assert_eq!(living.count(app.server.app.db.read()).await.expect("a count"), 2, "bob and the admin");
    assert!(bob.is_logged_in().await);
    let again = Browser::new(&app);
    again.log_in("alice@foo.com", "alice").await.blames(&[("login", "Login failed")]);
    person(&app, "alice@foo.com", "new", "Alice", "Again").await;
    // The last admin stays.
    let last = Answer::of(app.admin().post("/-/userprofile").json(&json!({ "password": PASSWORD }))).await;
    assert_eq!((last.status, &last.json()["status"]), (409, &json!("error")));
}

//! Logging in and out.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{id, log_in, send, shown};
use crate::support::{Client, PASSWORD, TestApp};

/// The cookie that an answer sets, as a browser sends it back; and the whole of it.
async fn cookie(request: reqwest::RequestBuilder) -> (String, String) {
    let answer = request.send().await.expect("an answer");
    let whole = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    (whole.split(';').next().unwrap_or_default().to_owned(), whole)
}

/// What the holder of a cookie is answered.
async fn with(client: &Client, path: &str, cookie: &str) -> (u16, Value) {
    let (status, body) = send(client.get(&format!("/mobyle2{path}")).header("cookie", cookie)).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_log_in_gives_a_cookie_that_is_good_until_the_log_out() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (number, project) = (id(&ada, &ada.id).await, id(&ada, &ada.personal().await).await);
    let record =
        json!({ "user": "ada@example.org", "status": 0, "msg": "", "admin": false, "default_project": project });
    let nobody = app.anonymous();
    assert_eq!(send(log_in(&nobody, "ada@example.org", PASSWORD)).await.1, record);
    assert_eq!(send(log_in(&nobody, "ada", PASSWORD)).await.1, record, "the name does as well");
    let (pair, whole) = cookie(log_in(&nobody, "ada@example.org", PASSWORD)).await;
    assert!(
        pair.starts_with("auth_tkt=dks_") && whole.contains("HttpOnly") && whole.contains("SameSite=Lax"),
        "{whole}"
    );
    assert!(!whole.contains("Secure"), "this server is reached without TLS");
    let own = format!("/users/{number}");
    assert_eq!(with(&nobody, &own, &pair).await.0, 200);
    assert_eq!(with(&nobody, &own, &format!("a=b; {pair}")).await.0, 200);
    // Who is logged in gets its own record, whatever it sends.
    let again = log_in(&nobody, "admin", "wrong").header("cookie", pair.clone());
    assert_eq!(send(again).await.1, record);
    let (cleared, whole) = cookie(nobody.post("/mobyle2/auth/logout").header("cookie", pair.clone())).await;
    assert!(cleared == "auth_tkt=" && whole.contains("Max-Age=0"), "{whole}");
    app.advance(2);
    assert_eq!(with(&nobody, &own, &pair).await.0, 401);
    assert_eq!(with(&nobody, "/services", &pair).await.0, 200, "an old cookie is none");
    let (again, _) = cookie(log_in(&nobody, "ada", PASSWORD).header("cookie", pair)).await;
    assert_eq!(with(&nobody, &own, &again).await.0, 200);
}

#[tokio::test]
async fn what_is_wrong_nobody_is_told() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let refusal = json!({ "user": null, "status": 1, "msg": "Wrong username or password", "admin": false,
        "default_project": false });
    let nobody = app.anonymous();
    for (name, password) in
        [("ada", "wrong"), ("nobody@example.org", PASSWORD), ("", ""), ("ada", ""), (&"x".repeat(5_000), "x")]
    {
        let answer = log_in(&nobody, name, password).send().await.expect("an answer");
        assert!(!answer.headers().contains_key("set-cookie"));
        assert_eq!((answer.status().as_u16(), answer.json::<Value>().await.expect("JSON")), (200, refusal.clone()));
    }
    for body in ["", "username", "a=b", "username=ada&password=%ff", "{\"username\": \"ada\"}", "\u{0}"] {
        let (status, body) = send(nobody.post("/mobyle2/auth/login/native").body(body)).await;
        assert_eq!((status.as_u16(), body), (200, refusal.clone()));
    }
    let (status, body) = send(nobody.post("/mobyle2/auth/login/native").body("x".repeat(20_000))).await;
    assert_eq!((status.as_u16(), &body["error"]), (413, &json!("BAD_REQUEST")));
}

#[tokio::test]
async fn admins_and_those_who_are_suspended_log_in_too() {
    let app = TestApp::new().await;
    let (nobody, record) = (app.anonymous(), send(log_in(&app.anonymous(), "admin", PASSWORD)).await.1);
    assert_eq!((&record["admin"], &record["default_project"]), (&json!(true), &json!("00000000001")));
    let sue = app.user("sue").await;
    let own = format!("/users/{}", id(&sue, &sue.id).await);
    app.set_status("sue", entity::user::Status::Suspended).await;
    app.advance(2);
    let (pair, _) = cookie(log_in(&nobody, "sue", PASSWORD)).await;
    assert_eq!(with(&nobody, &own, &pair).await.1["status_message"], "By the test.");
    assert_eq!(send(log_in(&nobody, "sue", PASSWORD)).await.1["admin"], false);
}

#[tokio::test]
async fn tokens_do_as_well_and_end_by_the_log_out_only_when_they_are_sessions() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let own = format!("/users/{}", id(&ada, &ada.id).await);
    let token = ada.api_token(&["projects:read"]).await;
    let out = json!({ "user": null, "status": 0, "msg": "" });
    for client in [&token, &app.anonymous()] {
        assert_eq!(send(client.post("/mobyle2/auth/logout")).await.1, out);
    }
    assert_eq!(shown(&token, &own).await["type"], "authenticated");
    // Who is logged in already gets its own record; a token that may not read projects is told of none.
    let mut record = json!({ "user": "ada@example.org", "status": 0, "msg": "", "admin": false,
        "default_project": id(&ada, &ada.personal().await).await });
    assert_eq!(send(log_in(&token, "", "")).await, (StatusCode::OK, record.clone()));
    record["default_project"] = false.into();
    assert_eq!(send(log_in(&ada.api_token(&["jobs:read"]).await, "", "")).await, (StatusCode::OK, record));
    assert_eq!(send(ada.post("/mobyle2/auth/logout/")).await.1, out);
    app.advance(2);
    assert_eq!(send(ada.get(&format!("/mobyle2{own}"))).await.0, 401);
    assert_eq!(shown(&token, &own).await["type"], "authenticated");
}

//! What is answered to requests that are wrong.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::send;
use crate::support::TestApp;

const READ: [&str; 8] = [
    "/servers/",
    "/servers/localhost/",
    "/services/",
    "/services/x::server::localhost",
    "/users/",
    "/users/00000000001",
    "/projects",
    "/projects/00000000001",
];

#[tokio::test]
async fn nothing_is_written_at_the_eight_addresses() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for path in READ {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = admin.request(method.clone(), &format!("/mobyle2{path}")).body("x=y");
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD, OPTIONS", "{method} {path}");
            let expected =
                json!({ "error": "METHOD_NOT_ALLOWED", "message": format!("{method} is not allowed here.") });
            assert_eq!(answer.json::<Value>().await.expect("JSON"), expected);
        }
        let options = admin.request(Method::OPTIONS, &format!("/mobyle2{path}")).send().await.expect("an answer");
        assert_eq!(
            (options.status().as_u16(), &options.headers()["allow"]),
            (204, &"GET, HEAD, OPTIONS".parse().expect("text"))
        );
    }
    for path in ["/auth/login/native", "/auth/logout"] {
        let answer = admin.get(&format!("/mobyle2{path}")).send().await.expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (405, &"POST, OPTIONS".parse().expect("text"))
        );
    }
}

#[tokio::test]
async fn head_tells_what_get_would() {
    let app = TestApp::new().await;
    app.service(json!({ "name": "x" })).await;
    let admin = app.admin();
    for path in READ {
        let get = admin.get(&format!("/mobyle2{path}")).send().await.expect("an answer");
        let head = admin.request(Method::HEAD, &format!("/mobyle2{path}")).send().await.expect("an answer");
        assert_eq!((get.status(), head.status()), (StatusCode::OK, StatusCode::OK), "{path}");
        for name in ["content-type", "cache-control", "etag", "vary"] {
            assert_eq!(get.headers().get(name), head.headers().get(name), "{name} of {path}");
        }
        assert_eq!(head.text().await.expect("no body"), "");
    }
}

#[tokio::test]
async fn errors_are_json_and_say_how_to_log_in() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/mobyle2/users").header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"Mobyle2\"");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "private, no-store");
    for path in ["/nothing", "/", "", "/servers/a/b", "/auth/login/persona", "/servers//", "/user/x"] {
        let (status, body) = send(app.admin().get(&format!("/mobyle2{path}"))).await;
        assert_eq!((status.as_u16(), &body["error"]), (404, &json!("NOT_FOUND")), "{path}");
    }
    for accept in ["image/png", "*/*;q=0", "nonsense"] {
        let (status, _) = send(app.admin().get("/mobyle2/servers").header("accept", accept)).await;
        assert_eq!(status, StatusCode::OK, "{accept}: never 406");
    }
    let (status, body) = send(app.admin().with_token("dks_wrong", "").get("/mobyle2/servers")).await;
    assert_eq!((status.as_u16(), &body["error"]), (401, &json!("UNAUTHENTICATED")), "a wrong credential is no none");
}

#[tokio::test]
async fn it_can_be_switched_off_and_moved() {
    let off = TestApp::with(|config| config.mobyle2.at.enabled = false).await;
    assert_eq!(off.admin().get("/mobyle2/servers").send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    let app = TestApp::with(|config| {
        config.mobyle2.at.path = "/m".to_owned();
        config.mobyle2.at.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let (_, body) = send(app.anonymous().get("/m/servers/localhost/")).await;
    assert_eq!(body["url"], format!("http://{}/m", app.server.address));
    let alone = app.server.addresses[0];
    let answer = reqwest::get(format!("http://{alone}/servers/localhost")).await.expect("an answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON")["url"], format!("http://{alone}"));
}

//! What holds for all routes: JSON, other sites' pages, methods, and paths that are not there.

use reqwest::Method;

use super::{Answer, get, head, post};
use crate::support::TestApp;

#[tokio::test]
async fn about_says_what_it_is() {
    let app = TestApp::new().await;
    get(&app.anonymous(), "/about").await.is(
        200,
        "{\"msg\":\"A self-hostable platform on which users can create transcripts of their audio files \
         (speech-to-text) using Whisper AI\",\"sourceCode\":\"https://github.com/JulianFP/project-W\",\
         \"version\":\"0.2.0\"}",
    );
    let only_head = head(&app.anonymous(), "/about").await;
    assert_eq!((only_head.status.as_u16(), only_head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_answer_in_json() {
    let app = TestApp::new().await;
    let unknown = "The requested URL was not found on the server. If you entered the URL manually please check your \
                   spelling and try again.";
    for path in ["/nothing", "/about/", "/users", "/jobs/list/"] {
        get(&app.anonymous(), path).await.refuses(404, "invalidRequest", unknown);
    }
    let wrong = "The method is not allowed for the requested URL.";
    let answer = post(&app.anonymous(), "/about", &[]).await;
    answer.refuses(405, "invalidRequest", wrong);
    assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
    let answer = get(&app.anonymous(), "/users/login").await;
    answer.refuses(405, "invalidRequest", wrong);
    assert_eq!(answer.headers["allow"], "POST, OPTIONS");
    let answer = Answer::of(app.anonymous().request(Method::DELETE, "/api/runners/register")).await;
    answer.refuses(405, "invalidRequest", wrong);
}

#[tokio::test]
async fn what_is_not_ascii_is_escaped() {
    let app = TestApp::new().await;
    let answer = get(&app.anonymous(), "/users/requestPasswordReset?email=%C3%BC%F0%9F%98%80").await;
    answer.is(
        200,
        "{\"msg\":\"If an account with the address \\u00fc\\ud83d\\ude00 exists, then we sent a password reset email to \
         this address. Please check your emails\"}",
    );
}

#[tokio::test]
async fn every_page_may_read_every_answer() {
    let app = TestApp::new().await;
    let plain = get(&app.anonymous(), "/about").await;
    assert_eq!(plain.headers["access-control-allow-origin"], "*");
    assert!(!plain.headers.contains_key("vary"));
    for path in ["/api/about", "/api/nothing", "/api/jobs/list", "/api/users/login"] {
        let answer = Answer::of(app.anonymous().get(path).header("origin", "https://pw.example")).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "https://pw.example", "{path}");
        assert_eq!(answer.headers["vary"], "Origin");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
    let preflight = app
        .anonymous()
        .request(Method::OPTIONS, "/api/jobs/submit")
        .header("origin", "https://pw.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = Answer::of(preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-methods"], "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
    assert_eq!(answer.headers["access-control-allow-headers"], "authorization, content-type");
    assert!(!answer.headers.contains_key("access-control-max-age"));
    // A page of another site may also write: what lets it is a header that no browser sends by itself.
    let foreign = app.anonymous().post("/api/users/login").header("origin", "https://elsewhere.example");
    Answer::of(foreign).await.refuses(400, "invalidRequest", "The required parameter `email` is missing");
    let other = Answer::of(app.admin().get("/graphql").header("origin", "https://pw.example")).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"), "for this API only");
}

#[tokio::test]
async fn parameters_count_where_the_old_server_looked_for_them() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let (email, missing) = ("a@test.com", "The required parameter `email` is missing");
    let json = nobody.post("/api/users/login").json(&serde_json::json!({ "email": email, "password": "x" }));
    Answer::of(json).await.refuses(400, "invalidRequest", missing);
    let query = nobody.post("/api/users/login?email=a@test.com&password=x");
    Answer::of(query).await.refuses(400, "invalidRequest", missing);
    let body = nobody.get("/api/users/requestPasswordReset");
    let body = body.header("content-type", "application/x-www-form-urlencoded").body("email=a@test.com");
    Answer::of(body).await.refuses(400, "invalidRequest", missing);
    let form = super::Form::new().text("email", email).text("password", "x");
    super::post_parts(&nobody, "/users/login", form).await.refuses(400, "auth", "Incorrect credentials provided");
}

#[tokio::test]
async fn it_stands_at_the_old_paths_at_an_address_of_its_own_too() {
    let app = TestApp::with(|config| config.project_w.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    let address = app.server.addresses[0];
    let answer = Answer::of(reqwest::Client::new().get(format!("http://{address}/api/about"))).await;
    assert_eq!(answer.json()["version"], "0.2.0");
    let off = TestApp::with(|config| config.project_w.at.enabled = false).await;
    assert_eq!(off.anonymous().get("/api/about").send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let app = TestApp::new().await;
    let large = "x".repeat(1_100_000);
    let answer = post(&app.anonymous(), "/users/login", &[("email", &large), ("password", "x")]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorType"]), (413, &"invalidRequest".into()));
}

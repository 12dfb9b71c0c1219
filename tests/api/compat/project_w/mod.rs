//! Project-W's API, route by route and error by error, as its documents and its clients have it.

mod accounts;
mod auth;
mod bounds;
mod common;
pub mod form;
mod jobs;
mod life;
mod runners;
mod sign_up;
mod submit;
mod transcripts;

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{Client, MailServer, TestApp, text};
use form::Form;

/// What Project-W takes for a password.
pub const PASSWORD: &str = "Correct-Horse-9";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.expect("a body");
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "a defect of the server: {body}");
        Self { status, headers, body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Panics unless it is exactly this, letter by letter.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.body.as_str()), (status, format!("{body}\n").as_str()));
        assert_eq!(self.headers["content-type"], "application/json");
    }

    /// Panics unless it is a success that says no more than this.
    #[track_caller]
    pub fn says(&self, msg: &str) {
        assert_eq!((self.status.as_u16(), self.json()), (200, json!({ "msg": msg })));
    }

    /// Panics unless it is this refusal.
    #[track_caller]
    pub fn refuses(&self, status: u16, error_type: &str, msg: &str) {
        assert_eq!((self.status.as_u16(), self.json()), (status, json!({ "errorType": error_type, "msg": msg })));
    }

    /// Panics unless it is this refusal of a runner.
    #[track_caller]
    pub fn fails(&self, error: &str) {
        assert_eq!((self.status.as_u16(), self.json()), (400, json!({ "error": error })));
    }
}

pub async fn get(who: &Client, path: &str) -> Answer {
    Answer::of(who.get(&format!("/api{path}"))).await
}

/// A form as Python's clients send it.
pub async fn post(who: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let request = who.post(&format!("/api{path}")).header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(body.finish())).await
}

/// A form as the web page sends it.
pub async fn post_parts(who: &Client, path: &str, form: Form) -> Answer {
    let request = who.post(&format!("/api{path}"));
    let request = request.header("content-type", format!("multipart/form-data; boundary={}", form::BOUNDARY));
    Answer::of(request.body(form.bytes())).await
}

pub async fn head(who: &Client, path: &str) -> Answer {
    Answer::of(who.request(Method::HEAD, &format!("/api{path}"))).await
}

/// A server that sends its mails to a mail server of the test's.
pub async fn world() -> (TestApp, MailServer) {
    world_with(|_| ()).await
}

pub async fn world_with(change: impl FnOnce(&mut docket::config::Config)) -> (TestApp, MailServer) {
    let mails = MailServer::new().await;
    let settings = mails.settings();
    let app = TestApp::with(|config| {
        config.mail = settings;
        "https://pw.example/#".clone_into(&mut config.project_w.client_url);
        change(config);
    });
    (app.await, mails)
}

/// Signs up, and confirms the address.
pub async fn user(app: &TestApp, mails: &MailServer, email: &str) -> Client {
    let fresh = sign_up(app, email).await;
    let token = mails.mail_to(email).await.token();
    post(&app.anonymous(), "/users/activate", &[("token", &token)]).await.says(&format!("Account {email} activated"));
    fresh
}

/// Signs up and logs in.
pub async fn sign_up(app: &TestApp, email: &str) -> Client {
    let answer = post(&app.anonymous(), "/users/signup", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    log_in(app, email, PASSWORD).await
}

pub async fn log_in(app: &TestApp, email: &str, password: &str) -> Client {
    let answer = post(&app.anonymous(), "/users/login", &[("email", email), ("password", password)]).await;
    assert_eq!(answer.json()["msg"], "Login successful", "{}", answer.body);
    app.anonymous().with_token(text(&answer.json()["accessToken"]), "")
}

/// A recording on its way.
pub fn recording(bytes: &str) -> Form {
    Form::new().file("file", "a.mp3", "audio/mpeg", bytes)
}

/// Submits a recording; the job's id.
pub async fn submit(who: &Client, bytes: &str) -> i64 {
    let answer = post_parts(who, "/jobs/submit", recording(bytes)).await;
    assert_eq!(answer.json()["msg"], "Job successfully submitted", "{}", answer.body);
    answer.json()["jobId"].as_i64().expect("a number")
}

/// A new runner's token, as its program sends it.
pub async fn runner(app: &TestApp) -> Client {
    let created = get(&app.admin(), "/runners/create").await.json();
    app.anonymous().with_token(text(&created["runnerToken"]), "")
}

/// The same, registered; with its number.
pub async fn registered(app: &TestApp) -> (Client, i64) {
    let runner = runner(app).await;
    let answer = post(&runner, "/runners/register", &[]).await.json();
    (runner, answer["runnerID"].as_i64().expect("a number"))
}

/// A job, as `jobs/info` shows it.
pub async fn job(who: &Client, id: i64) -> Value {
    get(who, &format!("/jobs/info?jobIds={id}")).await.json()["jobs"][0].take()
}

/// Runs each operation once.
pub async fn every_operation() {
    let (app, mails) = world().await;
    let nobody = app.anonymous();
    let fresh = sign_up(&app, "new@test.com").await;
    get(&fresh, "/users/resendActivationEmail").await;
    let ada = user(&app, &mails, "ada@test.com").await;
    get(&nobody, "/users/requestPasswordReset?email=ada@test.com").await;
    let token = mails.received().last().expect("a mail").mail.token();
    post(&nobody, "/users/resetPassword", &[("newPassword", PASSWORD), ("token", &token)]).await;
    let ada_again = log_in(&app, "ada@test.com", PASSWORD).await;
    drop(ada);
    get(&ada_again, "/users/info").await;
    let own = ("password", PASSWORD);
    post(&ada_again, "/users/changeEmail", &[own, ("newEmail", "ada2@test.com")]).await;
    post(&ada_again, "/users/changePassword", &[own, ("newPassword", PASSWORD)]).await;
    let ada = log_in(&app, "ada@test.com", PASSWORD).await;
    let admin = app.admin();
    get(&admin, "/users/info?email=ada@test.com").await;
    let of_admin = ("password", crate::support::PASSWORD);
    let new = ("newPassword", PASSWORD);
    post(&admin, "/users/changePassword", &[of_admin, ("emailModify", "new@test.com"), new]).await;
    let (one, two) = (submit(&ada, "one").await, submit(&ada, "two").await);
    let (worker, _) = registered(&app).await;
    for (field, text) in [("transcript", "hello"), ("error_msg", "no")] {
        post(&worker, "/runners/retrieveJobInfo", &[]).await;
        post(&worker, "/runners/heartbeat", &[("progress", "0.5")]).await;
        post(&worker, "/runners/submitJobResult", &[(field, text)]).await;
    }
    post(&worker, "/runners/unregister", &[]).await;
    get(&ada, "/jobs/list").await;
    get(&admin, "/jobs/list?all=1").await;
    get(&ada, &format!("/jobs/info?jobIds={one},{two}")).await;
    get(&ada, &format!("/jobs/downloadTranscript?jobId={one}")).await;
    let three = submit(&ada, "three").await;
    post(&ada, "/jobs/abort", &[("jobIds", &three.to_string())]).await;
    post(&ada, "/jobs/delete", &[("jobIds", &format!("{one},{two}"))]).await;
    post(&ada, "/users/invalidateAllTokens", &[]).await;
    post(&admin, "/users/delete", &[of_admin, ("emailModify", "new@test.com")]).await;
}

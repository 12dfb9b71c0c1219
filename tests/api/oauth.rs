//! OAuth 2, as a script meets it.

use docket::config::Limits;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, form, text};

const MADE: &str = "secret client { id name scopes lastUsedAt }";
const READ: &str = "{ jobs { nodes { id } } }";

/// A client's id and secret.
#[derive(Clone)]
struct Program {
    id: String,
    secret: String,
}

async fn program(owner: &Client, scopes: &[&str]) -> Program {
    let made = owner.change("oauthClientCreate", json!({ "name": "nightly", "scopes": scopes }), MADE).await;
    Program { id: text(&made["client"]["id"]), secret: text(&made["secret"]) }
}

/// The status, the head and the body of an answer to a form.
struct Answer {
    status: u16,
    challenge: Option<String>,
    body: Value,
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let head = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    assert_eq!(head("cache-control").as_deref(), Some("no-store"));
    let (status, challenge) = (response.status().as_u16(), head("www-authenticate"));
    Answer { status, challenge, body: response.json().await.expect("JSON") }
}

/// A form with HTTP Basic.
async fn basic(app: &TestApp, path: &str, program: &Program, fields: &[(&str, &str)]) -> Answer {
    send(form(app.anonymous().post(path).basic_auth(&program.id, Some(&program.secret)), fields)).await
}

async fn token(app: &TestApp, program: &Program) -> String {
    let answer = basic(app, "/oauth/token", program, &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.body["access_token"])
}

#[tokio::test]
async fn a_client_gets_a_token_that_acts_for_its_user_within_its_scopes() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let own = program(&ada, &["jobs:read", "accounts:read"]).await;
    let fields = [("grant_type", "client_credentials"), ("scope", "jobs:read")];
    let answer = basic(&app, "/oauth/token", &own, &fields).await;
    assert_eq!(answer.status, 200);
    let described = json!([answer.body["token_type"], answer.body["expires_in"], answer.body["scope"]]);
    assert_eq!(described, json!(["Bearer", 3_600, "jobs:read"]));
    let caller = app.anonymous().with_token(text(&answer.body["access_token"]), "");
    let me = caller.data("{ viewer { user { username } token { scopes } } }", json!({})).await;
    assert_eq!(me["viewer"], json!({ "user": { "username": "ada" }, "token": { "scopes": ["jobs:read"] } }));
    assert_eq!(caller.code(READ, json!({})).await, "OK");
    assert_eq!(caller.refused("tokenCreate", json!({ "name": "x", "scopes": [] })).await, "FORBIDDEN");
    app.advance(3_601);
    assert_eq!(caller.code(READ, json!({})).await, "UNAUTHENTICATED");
    let listed = app.anonymous().log_in("ada").await.data("{ oauthClients { id name lastUsedAt } }", json!({})).await;
    assert_eq!(listed["oauthClients"][0]["id"], json!(own.id));
    assert!(listed["oauthClients"][0]["lastUsedAt"].is_string());
}

#[tokio::test]
async fn its_secret_may_stand_in_the_form_instead() {
    let app = TestApp::new().await;
    let own = program(&app.user("ada").await, &["jobs:read"]).await;
    let fields = [("grant_type", "client_credentials"), ("client_id", &*own.id), ("client_secret", &*own.secret)];
    let answer = send(form(app.anonymous().post("/oauth/token"), &fields)).await;
    assert_eq!((answer.status, &answer.body["scope"]), (200, &json!("jobs:read")));
    let twice = basic(&app, "/oauth/token", &own, &fields).await;
    assert_eq!((twice.status, &twice.body["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_words_of_the_standard() {
    let app = TestApp::new().await;
    let own = program(&app.user("ada").await, &["jobs:read"]).await;
    let cases = [
        (owned(&[]), "invalid_request"),
        (owned(&[("grant_type", "")]), "invalid_request"),
        (owned(&[("grant_type", "authorization_code")]), "unsupported_grant_type"),
        (owned(&[("grant_type", "client_credentials"), ("scope", "admin")]), "invalid_scope"),
        (owned(&[("grant_type", "client_credentials"), ("scope", "no such")]), "invalid_scope"),
        (owned(&[("grant_type", "client_credentials"), ("scope", " ")]), "invalid_scope"),
        (owned(&[("grant_type", "client_credentials"), ("grant_type", "password")]), "invalid_request"),
        (owned(&[("grant_type", "client_credentials"), ("client_id", "client_of_somebody")]), "invalid_request"),
        (owned(&[("grant_type", "password"), ("username", "ada")]), "invalid_request"),
        (owned(&[("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)]), "unauthorized_client"),
    ];
    for (fields, error) in cases {
        let answer = basic(&app, "/oauth/token", &own, &borrowed(&fields)).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(error)), "{fields:?}");
        assert!(answer.body["error_description"].is_string());
    }
    let json = app.anonymous().post("/oauth/token").basic_auth(&own.id, Some(&own.secret)).json(&json!({}));
    assert_eq!(send(json).await.body["error"], "invalid_request", "forms only");
    let get = app.anonymous().get("/oauth/token").send().await.expect("an answer");
    assert_eq!(get.status(), 405);
    assert_eq!(get.headers()["allow"], "POST");
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn nobody_passes_for_a_client() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (own, other) = (program(&ada, &["jobs:read"]).await, program(&eve, &["jobs:read"]).await);
    let session = ada.token.clone().expect("a session");
    let wrong = [
        (own.id.clone(), other.secret.clone()),
        (own.id.clone(), String::new()),
        (own.id.clone(), "dkc_mangled".to_owned()),
        (own.id.clone(), session),
        ("client_00000000000000000000000000000000".to_owned(), own.secret.clone()),
        (ada.id.clone(), own.secret.clone()),
        ("%00%ff+&=".to_owned(), own.secret.clone()),
    ];
    let fields = [("grant_type", "client_credentials")];
    for (id, secret) in wrong {
        let answer = basic(&app, "/oauth/token", &Program { id: id.clone(), secret }, &fields).await;
        assert_eq!((answer.status, &answer.body["error"]), (401, &json!("invalid_client")), "{id}");
        assert!(answer.challenge.expect("a challenge").starts_with("Basic realm="));
    }
    let none = send(form(app.anonymous().post("/oauth/token"), &fields)).await;
    assert_eq!((none.status, &none.body["error"]), (401, &json!("invalid_client")));
    let broken = form(app.anonymous().post("/oauth/token").header("authorization", "Basic ???"), &fields);
    assert_eq!(send(broken).await.status, 401);
    app.set_status("ada", entity::user::Status::Suspended).await;
    assert_eq!(basic(&app, "/oauth/token", &own, &fields).await.status, 401, "its user is suspended");
}

#[tokio::test]
async fn a_removed_client_and_its_tokens_open_nothing() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let own = program(&ada, &["jobs:read"]).await;
    let caller = app.anonymous().with_token(token(&app, &own).await, "");
    assert_eq!(caller.code(READ, json!({})).await, "OK");
    let input = json!({ "clientId": own.id });
    assert_eq!(eve.refused("oauthClientDelete", input.clone()).await, "NOT_FOUND");
    ada.change("oauthClientDelete", input.clone(), "client { name }").await;
    assert_eq!(caller.code(READ, json!({})).await, "UNAUTHENTICATED");
    let fields = [("grant_type", "client_credentials")];
    assert_eq!(basic(&app, "/oauth/token", &own, &fields).await.status, 401);
    assert_eq!(ada.refused("oauthClientDelete", input).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_password_grant_is_off_until_an_operator_wants_it() {
    let app = TestApp::with(|config| {
        config.oauth.password_grant = true;
        config.limits = Limits { log_ins_per_account_and_address: 3, ..Limits::default() };
    })
    .await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let own = program(&ada, &["jobs:read"]).await;
    let fields = |password| [("grant_type", "password"), ("username", "bob"), ("password", password)];
    let answer = basic(&app, "/oauth/token", &own, &fields(PASSWORD)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let caller = app.anonymous().with_token(text(&answer.body["access_token"]), "");
    let me = caller.data("{ viewer { user { username } } }", json!({})).await;
    assert_eq!(me["viewer"]["user"]["username"], "bob");
    for _ in 0..3 {
        let wrong = basic(&app, "/oauth/token", &own, &fields("guess")).await;
        assert_eq!((wrong.status, &wrong.body["error"]), (400, &json!("invalid_grant")));
    }
    let limited = basic(&app, "/oauth/token", &own, &fields(PASSWORD)).await;
    assert_eq!((limited.status, &limited.body["error"]), (429, &json!("temporarily_unavailable")));
    app.advance(3_601);
    app.set_status("bob", entity::user::Status::Suspended).await;
    let suspended = basic(&app, "/oauth/token", &own, &fields(PASSWORD)).await;
    assert_eq!((suspended.status, &suspended.body["error"]), (400, &json!("invalid_grant")));
    drop(bob);
}

#[tokio::test]
async fn wrong_secrets_are_counted() {
    let app = TestApp::with(|config| config.limits.wrong_secrets_per_address = 3).await;
    let own = program(&app.user("ada").await, &["jobs:read"]).await;
    let wrong = Program { secret: "guess".to_owned(), ..own.clone() };
    let fields = [("grant_type", "client_credentials")];
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(basic(&app, "/oauth/token", &wrong, &fields).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
    assert_eq!(basic(&app, "/oauth/token", &own, &fields).await.status, 200, "who has the secret is not kept out");
}

#[tokio::test]
async fn a_client_makes_no_more_of_itself_than_its_maker_is() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let narrow = ada.api_token(&["jobs:read"]).await;
    let admin_token = ada.api_token(&["admin", "jobs:read"]).await;
    let new = |scopes: &[&str]| json!({ "name": "x", "scopes": scopes });
    assert_eq!(narrow.refused("oauthClientCreate", new(&["jobs:read"])).await, "FORBIDDEN");
    assert_eq!(admin_token.refused("oauthClientCreate", new(&["jobs:write"])).await, "FORBIDDEN");
    assert_eq!(admin_token.refused("oauthClientCreate", new(&["jobs:read"])).await, "OK");
    assert_eq!(ada.wrong("oauthClientCreate", new(&[])).await, ["scopes"]);
    assert_eq!(ada.wrong("oauthClientCreate", new(&["everything"])).await, ["scopes"]);
    assert_eq!(ada.wrong("oauthClientCreate", json!({ "name": "", "scopes": ["admin"] })).await, ["name"]);
}

#[tokio::test]
async fn who_may_look_at_a_token_learns_what_it_opens() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (own, other) = (program(&ada, &["jobs:read"]).await, program(&eve, &["jobs:read"]).await);
    let given = token(&app, &own).await;
    let fields = [("token", &*given)];
    let seen = basic(&app, "/oauth/introspect", &own, &fields).await.body;
    let described = json!([seen["active"], seen["scope"], seen["username"], seen["client_id"], seen["token_type"]]);
    assert_eq!(described, json!([true, "jobs:read", "ada", own.id, "Bearer"]));
    assert_eq!(seen["exp"].as_i64().expect("a number") - seen["iat"].as_i64().expect("a number"), 3_600);
    let inactive = json!({ "active": false });
    assert_eq!(basic(&app, "/oauth/introspect", &other, &fields).await.body, inactive, "none of its business");
    let by_session = async |caller: &Client| send(form(caller.post("/oauth/introspect"), &fields)).await.body;
    assert_eq!(by_session(&ada).await["active"], true);
    assert_eq!(by_session(&app.admin()).await["active"], true);
    assert_eq!(by_session(&eve).await, inactive);
    assert_eq!(send(form(app.anonymous().post("/oauth/introspect"), &fields)).await.status, 401);
    for nothing in ["x", "dkt_", &given[..46], own.secret.as_str(), ada.token.as_deref().expect("a session")] {
        assert_eq!(basic(&app, "/oauth/introspect", &own, &[("token", nothing)]).await.body, inactive, "{nothing}");
    }
    app.advance(3_601);
    assert_eq!(basic(&app, "/oauth/introspect", &own, &fields).await.body, inactive, "it is over");
}

#[tokio::test]
async fn a_client_gives_its_tokens_back_and_no_others() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (own, other) = (program(&ada, &["jobs:read"]).await, program(&eve, &["jobs:read"]).await);
    let given = token(&app, &own).await;
    let caller = app.anonymous().with_token(given.clone(), "");
    let fields = [("token", &*given), ("token_type_hint", "access_token")];
    let foreign = basic(&app, "/oauth/revoke", &other, &fields).await;
    assert_eq!((foreign.status, &foreign.body["error"]), (400, &json!("unauthorized_client")));
    assert_eq!(caller.code(READ, json!({})).await, "OK");
    for _ in 0..2 {
        assert_eq!(basic(&app, "/oauth/revoke", &own, &fields).await.status, 200, "also when it is over already");
    }
    assert_eq!(caller.code(READ, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(basic(&app, "/oauth/revoke", &own, &[("token", "nonsense")]).await.status, 200);
}

#[tokio::test]
async fn a_page_says_where_everything_is() {
    let app = TestApp::new().await;
    let page: Value = app
        .anonymous()
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let base = &app.server.app.config.public_url;
    assert_eq!(page["issuer"], json!(base));
    assert_eq!(page["token_endpoint"], json!(format!("{base}/oauth/token")));
    assert_eq!(page["grant_types_supported"], json!(["client_credentials"]));
}

#[tokio::test]
async fn tokens_that_are_long_over_go() {
    let app = TestApp::new().await;
    let own = program(&app.user("ada").await, &["jobs:read"]).await;
    token(&app, &own).await;
    app.advance(6 * 86_400);
    assert_eq!(docket::domain::oauth::prune(&app.server.app).await.expect("it is tidied"), 0);
    app.advance(2 * 86_400);
    assert_eq!(docket::domain::oauth::prune(&app.server.app).await.expect("it is tidied"), 1);
}

/// A token that is asked for while its client is removed comes before that, and ends with it, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_outlives_its_client() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for round in 0..5 {
        let own = program(&ada, &["jobs:read"]).await;
        let fields = [("grant_type", "client_credentials")];
        let asks = futures_util::future::join_all((0..20).map(|_| basic(&app, "/oauth/token", &own, &fields)));
        let delete = ada.change("oauthClientDelete", json!({ "clientId": own.id }), "client { name }");
        let (answers, _) = tokio::join!(asks, delete);
        for answer in answers {
            match answer.status {
                200 => {
                    let caller = app.anonymous().with_token(text(&answer.body["access_token"]), "");
                    assert_eq!(caller.code(READ, json!({})).await, "UNAUTHENTICATED", "round {round}: it lives on");
                }
                400 => assert_eq!(answer.body["error"], "invalid_grant"),
                401 => assert_eq!(answer.body["error"], "invalid_client"),
                status => panic!("{status}: {}", answer.body),
            }
        }
        assert_eq!(basic(&app, "/oauth/token", &own, &fields).await.status, 401);
    }
}

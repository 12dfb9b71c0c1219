//! Limits for those who try too much.

use docket::config::Limits;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, code};

const CREATE: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }";

/// Few of everything.
fn few() -> Limits {
    Limits {
        log_ins_per_address: 6,
        log_ins_per_account_and_address: 3,
        log_ins_per_account: 5,
        sign_ups_per_address: 2,
        mails_per_address: 4,
        mails_per_account: 2,
        wrong_secrets_per_address: 3,
    }
}

/// A server behind a proxy, so that a test can come from anywhere.
async fn app(limits: Limits) -> TestApp {
    TestApp::with(|config| {
        config.limits = limits;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    })
    .await
}

struct Answer {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

impl Answer {
    fn code(&self) -> String {
        code(&self.body)
    }
}

/// A request of somebody at this address.
async fn from(client: &Client, address: &str, document: &str, input: Value) -> Answer {
    let body = json!({ "query": document, "variables": { "input": input } });
    let response =
        client.post("/graphql").header("x-forwarded-for", address).json(&body).send().await.expect("an answer");
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().expect("text").parse());
    Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|seconds| seconds.expect("seconds")),
        body: response.json().await.expect("JSON"),
    }
}

async fn log_in(app: &TestApp, address: &str, login: &str, password: &str) -> Answer {
    from(&app.anonymous(), address, CREATE, json!({ "login": login, "password": password })).await
}

async fn codes(app: &TestApp, tries: &[(&str, &str, &str)]) -> Vec<String> {
    let mut codes = Vec::new();
    for (address, login, password) in tries {
        codes.push(log_in(app, address, login, password).await.code());
    }
    codes
}

const WRONG: &str = "UNAUTHENTICATED";
const LIMITED: &str = "RATE_LIMITED";

#[tokio::test]
async fn whoever_guesses_is_stopped_and_told_when_to_come_back() {
    let app = app(few()).await;
    app.user("ada").await;
    for _ in 0..3 {
        assert_eq!(log_in(&app, "192.0.2.1", "ada", "guess").await.code(), WRONG);
    }
    for password in ["guess", PASSWORD] {
        let limited = log_in(&app, "192.0.2.1", "ada", password).await;
        assert_eq!((limited.status, limited.code().as_str()), (429, LIMITED));
        let wait = limited.retry_after.expect("a header");
        assert!((1_195..=1_200).contains(&wait), "a third of an hour, not {wait} s");
        assert_eq!(limited.body["errors"][0]["extensions"]["retryAfter"], wait);
    }
    assert_eq!(log_in(&app, "192.0.2.2", "ada", PASSWORD).await.code(), "OK", "it is one address that is stopped");
    app.advance(1_201);
    assert_eq!(codes(&app, &[("192.0.2.1", "ada", "guess"), ("192.0.2.1", "ada", "guess")]).await, [WRONG, LIMITED]);
    app.advance(1_201);
    assert_eq!(log_in(&app, "192.0.2.1", "ada", PASSWORD).await.code(), "OK");
    assert_eq!(log_in(&app, "192.0.2.1", "ada", "slip").await.code(), WRONG, "what was wrong before is forgotten");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_counted_like_one_that_somebody_has() {
    let app = app(few()).await;
    app.user("ada").await;
    let tries = |login| [("192.0.2.1", login, "guess"); 4];
    let there = codes(&app, &tries("ada")).await;
    app.advance(3_601);
    assert_eq!(codes(&app, &tries("nobody")).await, there);
    app.advance(3_601);
    let spellings = ["nobody", "NOBODY", " nobody", "nobody "].map(|login| ("192.0.2.1", login, "guess"));
    assert_eq!(codes(&app, &spellings).await, there, "other spellings are no other accounts");
}

#[tokio::test]
async fn an_address_is_stopped_whoever_it_tries() {
    let app = app(few()).await;
    let names: Vec<String> = (0..7).map(|n| format!("user{n}")).collect();
    let tries: Vec<_> = names.iter().map(|name| ("192.0.2.1", name.as_str(), "guess")).collect();
    assert_eq!(codes(&app, &tries).await.last().expect("seven"), LIMITED);
    assert_eq!(
        log_in(&app, "192.0.2.2", "user6", "guess").await.code(),
        WRONG,
        "it was not counted against the account"
    );
    // Of IPv6 somebody has a whole network.
    let own = ["2001:db8:1:2::1", "2001:db8:1:2:3::2", "2001:db8:1:2::3"].map(|address| (address, "eve", "guess"));
    assert_eq!(codes(&app, &own).await, [WRONG; 3]);
    assert_eq!(log_in(&app, "2001:db8:1:2:ffff::", "eve", "guess").await.code(), LIMITED);
    assert_eq!(log_in(&app, "2001:db8:1:3::1", "eve", "guess").await.code(), WRONG);
}

/// Guessing from many places is stopped, and does not keep the owner out.
#[tokio::test]
async fn strangers_do_not_lock_an_owner_out() {
    let app = app(few()).await;
    app.user("ada").await;
    assert_eq!(log_in(&app, "198.51.100.7", "ada", PASSWORD).await.code(), "OK");
    let addresses: Vec<String> = (1..=6).map(|n| format!("192.0.2.{n}")).collect();
    let tries: Vec<_> = addresses.iter().map(|address| (address.as_str(), "ada", "guess")).collect();
    let seen = codes(&app, &tries).await;
    assert_eq!((&*seen[4], &*seen[5]), (WRONG, LIMITED));
    assert_eq!(
        log_in(&app, "203.0.113.1", "ada", PASSWORD).await.code(),
        LIMITED,
        "from a new place even with the password"
    );
    assert_eq!(log_in(&app, "198.51.100.7", "ada", PASSWORD).await.code(), "OK", "from where she always comes");
}

#[tokio::test]
async fn right_passwords_cost_nothing() {
    let app = app(few()).await;
    app.user("ada").await;
    assert_eq!(codes(&app, &[("192.0.2.1", "ada", PASSWORD); 12]).await, ["OK"; 12]);
}

#[tokio::test]
async fn many_tries_at_once_are_many_tries() {
    let app = app(few()).await;
    app.user("ada").await;
    let tries = (0..20).map(|_| log_in(&app, "192.0.2.1", "ada", "guess"));
    let answers = futures_util::future::join_all(tries).await;
    let wrong = answers.iter().filter(|answer| answer.code() == WRONG).count();
    assert_eq!(wrong, 3);
}

/// A document that tries thirty passwords is refused as a whole: none of them is tried.
#[tokio::test]
async fn aliases_are_no_way_round() {
    let app = app(few()).await;
    app.user("ada").await;
    let tries = (0..30)
        .map(|n| format!("a{n}: sessionCreate(input: {{ login: \"ada\", password: \"guess{n}\" }}) {{ token }}"))
        .collect::<Vec<_>>()
        .join(" ");
    let answer = from(&app.anonymous(), "192.0.2.1", &format!("mutation {{ {tries} }}"), json!({})).await;
    assert_ne!(answer.code(), "OK");
    assert_eq!(answer.body.get("data"), None, "nothing ran");
    let last = format!("a: sessionCreate(input: {{ login: \"ada\", password: \"{PASSWORD}\" }}) {{ token }}");
    let answer = from(&app.anonymous(), "192.0.2.1", &format!("mutation {{ {last} }}"), json!({})).await;
    assert_eq!(answer.code(), "OK");
}

#[tokio::test]
async fn what_a_stranger_says_of_its_address_does_not_count() {
    let app = TestApp::with(|config| config.limits = few()).await;
    app.user("ada").await;
    let addresses: Vec<String> = (1..=4).map(|n| format!("192.0.2.{n}")).collect();
    let tries: Vec<_> = addresses.iter().map(|address| (address.as_str(), "ada", "guess")).collect();
    assert_eq!(codes(&app, &tries).await, [WRONG, WRONG, WRONG, LIMITED], "no proxy vouches for it");
}

#[tokio::test]
async fn every_server_of_a_database_counts_with_the_others() {
    let app = app(few()).await;
    app.user("ada").await;
    let Some(replica) = app
        .replica_with(|config| {
            config.limits = few();
            config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
        })
        .await
    else {
        return;
    };
    assert_eq!(log_in(&app, "192.0.2.1", "ada", "guess").await.code(), WRONG);
    assert_eq!(log_in(&replica, "192.0.2.1", "ada", "guess").await.code(), WRONG);
    assert_eq!(log_in(&app, "192.0.2.1", "ada", "guess").await.code(), WRONG);
    assert_eq!(log_in(&replica, "192.0.2.1", "ada", "guess").await.code(), LIMITED);
}

#[tokio::test]
async fn sign_ups_and_mails_are_counted() {
    let app = app(few()).await;
    let sign_up = "mutation($input: UserSignUpInput!) { userSignUp(input: $input) { __typename } }";
    let new = |name: &str| json!({ "email": format!("{name}@example.org"), "password": PASSWORD, "username": name });
    for (name, expected) in [("ada", "OK"), ("bob", "OK"), ("eve", LIMITED)] {
        assert_eq!(from(&app.anonymous(), "192.0.2.1", sign_up, new(name)).await.code(), expected, "{name}");
    }
    assert_eq!(from(&app.anonymous(), "192.0.2.2", sign_up, new("eve")).await.code(), "OK");
    let reset = "mutation($input: PasswordResetRequestInput!) { passwordResetRequest(input: $input) { __typename } }";
    for email in ["ada@example.org", "nobody@example.org"] {
        for (address, expected) in [("192.0.2.3", "OK"), ("192.0.2.4", "OK"), ("192.0.2.5", LIMITED)] {
            let answer = from(&app.anonymous(), address, reset, json!({ "email": email })).await;
            assert_eq!(answer.code(), expected, "{email} from {address}");
        }
    }
}

/// Nobody's mailbox is filled by those who sign up with its address, wherever they come from.
#[tokio::test]
async fn sign_ups_with_one_address_are_counted_over_all_places() {
    let app = app(few()).await;
    let sign_up = "mutation($input: UserSignUpInput!) { userSignUp(input: $input) { __typename } }";
    let input = json!({ "email": "ada@example.org", "password": PASSWORD });
    for (place, expected) in
        [("192.0.2.1", "OK"), ("192.0.2.2", "OK"), ("192.0.2.3", LIMITED), ("2001:db8::1", LIMITED)]
    {
        assert_eq!(from(&app.anonymous(), place, sign_up, input.clone()).await.code(), expected, "from {place}");
    }
    app.send_mails().await;
    let mails = app.mails();
    let sent = mails.iter().filter(|mail| mail.value("to").contains("ada@example.org")).count();
    assert_eq!(sent, 2);
    app.advance(1_801);
    assert_eq!(from(&app.anonymous(), "192.0.2.3", sign_up, input).await.code(), "OK");
}

#[tokio::test]
async fn accounts_without_a_name_are_counted() {
    let app = TestApp::with(|config| {
        config.limits = few();
        config.sign_up.anonymous_users = true;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    });
    let app = app.await;
    let come = async |place: &str| {
        let document = "mutation { userCreateAnonymous { __typename } }";
        from(&app.anonymous(), place, document, json!({})).await.code()
    };
    for expected in ["OK", "OK", LIMITED, LIMITED] {
        assert_eq!(come("192.0.2.1").await, expected);
    }
    assert_eq!(come("192.0.2.2").await, "OK", "it is one address that is stopped");
    let users = app.admin().data("{ users(filter: { kind: { eq: ANONYMOUS } }) { totalCount } }", json!({})).await;
    assert_eq!(users["users"]["totalCount"], 3);
    // A laboratory behind that address can still sign up.
    let sign_up = "mutation($input: UserSignUpInput!) { userSignUp(input: $input) { __typename } }";
    let input = json!({ "email": "ada@example.org", "password": PASSWORD });
    assert_eq!(from(&app.anonymous(), "192.0.2.1", sign_up, input).await.code(), "OK");
}

#[tokio::test]
async fn empty_counters_go() {
    let app = app(few()).await;
    let prune = async || docket::domain::limit::prune(&app.server.app).await.expect("it is tidied");
    assert_eq!(prune().await, 3, "those of the log-in with which the test began");
    log_in(&app, "192.0.2.1", "nobody", "guess").await;
    assert_eq!(prune().await, 0);
    app.advance(3_601);
    assert_eq!(prune().await, 3);
}

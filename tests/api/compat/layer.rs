//! What holds for every old API, shown with TopChef's.

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{TestApp, page_of_metrics};

/// A server on which callers without a credential act as the user `chef`.
async fn kitchen() -> TestApp {
    let app = TestApp::with(|config| config.topchef.at.anonymous_as = Some("chef".to_owned())).await;
    app.author("chef").await;
    app
}

async fn json(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    (response.status(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let app = TestApp::with(|config| config.topchef.at.enabled = false).await;
    assert_eq!(json(app.admin().get("/topchef/services")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_stands_where_the_operator_puts_it_and_its_links_say_so() {
    let app = TestApp::with(|config| {
        config.topchef.at.path = "/labs/kitchen".to_owned();
        config.public_url = "https://jobs.example/docket".to_owned();
    });
    let app = app.await;
    for path in ["/labs/kitchen", "/labs/kitchen/"] {
        let (status, body) = json(app.admin().get(path)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["links"]["self"], "https://jobs.example/docket/labs/kitchen/");
    }
}

#[tokio::test]
async fn it_may_have_an_address_of_its_own() {
    let app = TestApp::with(|config| config.topchef.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    let address = app.server.addresses[0];
    let token = app.admin().token.expect("a token");
    let get = |path: &str| reqwest::Client::new().get(format!("http://{address}{path}")).bearer_auth(&token);
    let (status, body) = json(get("/services")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["links"]["self"], format!("http://{address}/services"));
    let answer = get("/graphql").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "nothing else stands there");
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn links_follow_the_host_that_was_asked_when_no_address_is_set() {
    let app = TestApp::with(|config| config.topchef.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    let address = app.server.addresses[0];
    let token = app.admin().token.expect("a token");
    let asked = |host: &str| {
        let get = reqwest::Client::new().get(format!("http://{address}/services")).bearer_auth(&token);
        get.header("host", host.to_owned()).header("x-forwarded-proto", "https")
    };
    let (_, body) = json(asked("old.example:5000")).await;
    assert_eq!(body["links"]["self"], "http://old.example:5000/services", "the proxy is not trusted");
}

#[tokio::test]
async fn nobody_gets_in_without_a_credential_unless_somebody_stands_in() {
    let app = TestApp::new().await;
    let (status, body) = json(app.anonymous().get("/topchef/services")).await;
    assert_eq!((status, &body["errors"][0]["status_code"]), (StatusCode::UNAUTHORIZED, &401.into()));
    assert_eq!(json(app.admin().get("/topchef/services")).await.0, StatusCode::OK);
    let stale = app.anonymous().with_token("dkt_nonsense", "");
    assert_eq!(json(stale.get("/topchef/services")).await.0, StatusCode::UNAUTHORIZED);

    let app = kitchen().await;
    assert_eq!(json(app.anonymous().get("/topchef/services")).await.0, StatusCode::OK);
    let stale = app.anonymous().with_token("dkt_nonsense", "");
    assert_eq!(json(stale.get("/topchef/services")).await.0, StatusCode::UNAUTHORIZED, "a wrong one is no none");
    let token = app.admin().api_token(&["jobs:read"]).await.token.expect("a token");
    let basic = app.anonymous().get("/topchef/services").basic_auth("anybody", Some(token));
    assert_eq!(json(basic).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_stand_in_that_is_suspended_lets_nobody_in() {
    let app = kitchen().await;
    app.set_status("chef", entity::user::Status::Suspended).await;
    assert_eq!(json(app.anonymous().get("/topchef/services")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn answers_say_that_it_goes_away_when_the_operator_says_so() {
    let app = TestApp::new().await;
    let answer = app.admin().get("/topchef").send().await.expect("an answer");
    for name in ["deprecation", "sunset", "link"] {
        assert!(!answer.headers().contains_key(name));
    }
    let app = TestApp::with(|config| {
        config.topchef.at.deprecated = Some("2026-01-01".to_owned());
        config.topchef.at.sunset = Some("2027-06-30".to_owned());
    });
    let app = app.await;
    let answer = app.admin().get("/topchef").send().await.expect("an answer");
    assert_eq!(answer.headers()["deprecation"], "@1767225600");
    assert_eq!(answer.headers()["sunset"], "Wed, 30 Jun 2027 00:00:00 GMT");
    let place = app.anonymous().url("/compat/topchef");
    assert_eq!(answer.headers()["link"], format!("<{place}>; rel=\"successor-version\""), "the host that was asked");
    let stranger = app.anonymous().get("/topchef/services").header("host", "old.example").send().await;
    let link = stranger.expect("an answer").headers()["link"].to_str().expect("text").to_owned();
    assert_eq!(link, "<http://old.example/compat/topchef>; rel=\"successor-version\"");
}

#[tokio::test]
async fn what_comes_instead_stands_at_the_servers_own_address() {
    let app = TestApp::with(|config| {
        config.public_url = "https://jobs.example/docket".to_owned();
        config.topchef.at.sunset = Some("2027-06-30".to_owned());
        config.topchef.at.listen = Some(([127, 0, 0, 1], 0).into());
    });
    let app = app.await;
    let address = app.server.addresses[0];
    for place in [app.anonymous().url("/topchef"), format!("http://{address}/")] {
        let answer = reqwest::Client::new().get(&place).send().await.expect("an answer");
        let link = answer.headers()["link"].to_str().expect("text");
        assert_eq!(link, "<https://jobs.example/docket/compat/topchef>; rel=\"successor-version\"", "{place}");
    }
}

#[tokio::test]
async fn its_answers_are_counted_by_route() {
    let app = TestApp::new().await;
    json(app.admin().get("/topchef/services")).await;
    let page = page_of_metrics(&app.admin()).await;
    let counted = r#"docket_compat_requests_total{dialect="topchef",route="/services",method="GET",status="200"}"#;
    assert!(page.contains(counted), "{page}");
}

#[tokio::test]
async fn a_browsers_cookie_is_a_credential_that_no_other_sites_page_may_use() {
    let app = TestApp::new().await;
    let cookie = format!("docket_session={}", app.admin().token.expect("a token"));
    let get = |cookie: &str| app.anonymous().get("/topchef/services").header("cookie", cookie.to_owned());
    assert_eq!(json(get(&cookie)).await.0, StatusCode::OK);
    assert_eq!(json(get("docket_session=nonsense")).await.0, StatusCode::UNAUTHORIZED, "it counts as none");
    let body =
        serde_json::json!({ "name": "x", "description": "x", "job_registration_schema": {}, "job_result_schema": {} });
    let post = |origin: &str| {
        let post = app.anonymous().post("/topchef/services").header("cookie", &cookie).json(&body);
        post.header("origin", origin.to_owned())
    };
    assert_eq!(post("https://evil.example").send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    let own = format!("http://{}", app.server.address);
    assert_eq!(json(post(&own)).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn links_name_what_the_operator_or_a_trusted_proxy_says() {
    let links = async |trusted: bool, own: Option<&str>| {
        let app = TestApp::with(|config| {
            config.topchef.at.listen = Some(([127, 0, 0, 1], 0).into());
            config.topchef.at.public_url = own.map(str::to_owned);
            if trusted {
                config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
            }
        })
        .await;
        let get = reqwest::Client::new().get(format!("http://{}/services", app.server.addresses[0]));
        let get = get.bearer_auth(app.admin().token.expect("a token")).header("host", "old.example");
        json(get.header("x-forwarded-proto", "https")).await.1["links"]["self"].take()
    };
    assert_eq!(links(false, None).await, "http://old.example/services");
    assert_eq!(links(true, None).await, "https://old.example/services");
    assert_eq!(links(true, Some("https://topchef.example/")).await, "https://topchef.example/services");
}

//! The old surface is not weaker than GraphQL.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Kitchen, errors, read};
use crate::support::TestApp;

#[tokio::test]
async fn pages_of_other_sites_may_not_write() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/topchef/services/{service}");
    let foreign = |request: reqwest::RequestBuilder| request.header("origin", "https://evil.example");
    for request in [
        kitchen.caller.request(Method::PATCH, &path),
        kitchen.caller.post(&path).header("X-HTTP-Method-Override", "PATCH"),
        kitchen.caller.post("/topchef/services").json(&json!({})),
    ] {
        let refused = read(foreign(request)).await;
        assert_eq!((refused.status, errors(&refused)[0].0.as_str()), (StatusCode::FORBIDDEN, "Forbidden"));
    }
    assert_eq!(read(foreign(kitchen.caller.get(&path))).await.status, StatusCode::OK);
    // A link or a picture of another site is a GET, whatever headers say.
    let disguised = kitchen.caller.get(&path).header("X-HTTP-Method-Override", "PATCH");
    let body = read(disguised).await.body;
    assert!(body["data"].is_object(), "it was not a check-in: {body}");
}

#[tokio::test]
async fn reading_never_changes_anything() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let log = "{ jobEvents(first: 100) { edges { cursor } } }";
    let before = kitchen.app.admin().data(log, json!({})).await;
    let seen = "query { services { nodes { lastSeenAt updatedAt } } }";
    let services = kitchen.app.admin().data(seen, json!({})).await;
    kitchen.app.advance(5);
    for path in ["", "/services", "/jobs", "/validator"] {
        kitchen.get(path).await;
    }
    for part in ["", "/queue", "/jobs", "/jobs/next"] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            kitchen.send(method, &format!("/services/{service}{part}")).await;
        }
    }
    kitchen.send(Method::HEAD, &format!("/jobs/{job}")).await;
    assert_eq!(kitchen.app.admin().data(log, json!({})).await, before);
    assert_eq!(kitchen.app.admin().data(seen, json!({})).await, services);
}

#[tokio::test]
async fn other_members_of_a_body_change_nothing() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}");
    let before = kitchen.get(&path).await.body["data"].take();
    let mut all = json!({});
    for name in [
        "id",
        "uid",
        "owner",
        "owner_id",
        "ownerId",
        "disabled",
        "version_id",
        "semantics",
        "has_timed_out",
        "is_service_available",
        "job_registration_schema",
        "parametersSchema",
        "last_seen_at",
        "price_per_job",
        "jobs",
    ] {
        all[name] = json!("1");
    }
    assert_eq!(kitchen.patch(&path, &all).await.body["data"], before);
    let job = kitchen.job(&service, json!({ "a": 1 })).await;
    let path = format!("/jobs/{job}");
    let before = kitchen.get(&path).await.body["data"].take();
    for name in ["service_id", "parameters", "date_submitted", "account_id", "amount", "revision", "priority"] {
        all[name] = json!("1");
    }
    assert_eq!(kitchen.patch(&path, &all).await.body, before);
}

#[tokio::test]
async fn no_input_is_a_defect() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({ "a": deep });
    }
    let bodies = [
        json!({ "name": "\u{0}", "description": "\u{0}", "job_registration_schema": {}, "job_result_schema": {} }),
        json!({ "parameters": deep, "results": deep, "object": deep, "schema": deep, "status": "\u{0}" }),
        json!({ "parameters": { "a": "\u{0}" }, "results": { "a": "\u{0}" }, "name": "x".repeat(100_000) }),
        json!({ "timeout": 1e300, "is_available": {} }),
        json!({ "timeout": 9_223_372_036_854_775_807_i64 }),
        json!({ "timeout": "99999999999999999999" }),
        json!({ "parameters": { "n": 1e308 }, "object": {}, "schema": { "$ref": "#" } }),
        json!([[]]),
        json!("text"),
        json!(5),
    ];
    for body in &bodies {
        for (method, path) in [
            (Method::POST, "/services".to_owned()),
            (Method::PATCH, format!("/services/{service}")),
            (Method::POST, format!("/services/{service}/jobs")),
            (Method::PATCH, format!("/jobs/{job}")),
            (Method::POST, "/validator".to_owned()),
            (Method::POST, "/v1/services".to_owned()),
            (Method::PUT, format!("/v1/jobs/{job}")),
        ] {
            // `read` fails on any status of a broken server.
            kitchen.give(method, &path, body).await;
        }
    }
    for path in ["/services/%00", "/jobs/%ff", "/jobs/' OR 1=1", "/jobs/%2e%2e%2fetc"] {
        assert_eq!(kitchen.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_token_opens_no_more_than_its_scopes() {
    let app = TestApp::new().await;
    let ada = app.author("ada").await.api_token(&["jobs:read"]).await;
    assert_eq!(read(ada.get("/topchef/jobs")).await.status, StatusCode::OK);
    let body = json!({ "name": "n", "description": "d", "job_registration_schema": {}, "job_result_schema": {} });
    let refused = read(ada.post("/topchef/services").json(&body)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let none = app.user("eve").await.api_token(&[]).await;
    assert_eq!(read(none.get("/topchef/jobs")).await.status, StatusCode::FORBIDDEN);
}

/// A page of another site can have its own name lead to this machine, and is then at home here as far as its browser knows.
#[tokio::test]
async fn a_name_that_leads_here_is_not_ours() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/topchef/services/{service}");
    let port = kitchen.app.server.address.port();
    let foreign = format!("evil.example:{port}");
    for method in [Method::GET, Method::PATCH] {
        let request = |host: &str| {
            let request = kitchen.caller.request(method.clone(), &path).header("host", host.to_owned());
            request.header("origin", format!("http://{host}"))
        };
        let refused = read(request(&foreign)).await;
        assert_eq!((refused.status, errors(&refused)[0].0.as_str()), (StatusCode::FORBIDDEN, "Forbidden"), "{method}");
        for own in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(read(request(&format!("{own}:{port}"))).await.status, StatusCode::OK, "{method} {own}");
        }
    }
    // Who brings a credential is not let in by the name.
    let admin = kitchen.app.admin().get(&path).header("host", foreign.clone());
    assert_eq!(read(admin).await.status, StatusCode::OK);

    let app = TestApp::with(|config| {
        config.topchef.at.anonymous_as = Some("chef".to_owned());
        config.mybrc.at.anonymous_as = Some("chef".to_owned());
        config.public_url = "https://jobs.example/docket".to_owned();
    })
    .await;
    app.author("chef").await;
    let status = async |path: &str, host: &str| {
        app.anonymous().get(path).header("host", host.to_owned()).send().await.expect("an answer").status()
    };
    assert_eq!(status("/topchef/services", "jobs.example").await, StatusCode::OK);
    for path in ["/topchef/services", "/mybrc/"] {
        assert_eq!(status(path, "evil.example").await, StatusCode::FORBIDDEN, "{path}");
    }
}

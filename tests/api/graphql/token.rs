//! API tokens and what their scopes let through.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, code, mutation, text};

const SCOPES: [&str; 5] = ["jobs:read", "jobs:write", "services:write", "runners:write", "admin"];

#[tokio::test]
async fn a_token_is_shown_once_and_known_by_its_name() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let input = json!({ "name": "laptop", "scopes": ["jobs:write", "jobs:read", "jobs:read"] });
    let made = ada.change("tokenCreate", input, "token apiToken { id name scopes lastUsedAt expiresAt }").await;
    let secret = text(&made["token"]);
    assert!(secret.starts_with("dkt_") && secret.len() == 47, "{secret}");
    assert_eq!(made["apiToken"]["scopes"], json!(["jobs:read", "jobs:write"]));
    let listed = ada.graphql("{ viewer { tokens { nodes { id name scopes revokedAt } } } }", json!({})).await;
    assert_eq!(listed["data"]["viewer"]["tokens"]["nodes"][0]["name"], "laptop");
    assert!(!listed.to_string().contains(&secret));
    let token = ada.with_token(secret, "");
    let me = token.data("{ viewer { user { username } token { scopes } } }", json!({})).await;
    let expected = json!({ "user": { "username": "ada" }, "token": { "scopes": ["jobs:read", "jobs:write"] } });
    assert_eq!(me["viewer"], expected);
}

#[tokio::test]
async fn a_token_out_of_bounds_is_refused_with_every_reason() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let input =
        json!({ "name": "", "scopes": ["jobs:read", "job:read", "Admin"], "expiresAt": "2020-01-01T00:00:00Z" });
    assert_eq!(ada.wrong("tokenCreate", input).await, ["name", "scopes", "scopes", "expiresAt"]);
    for name in ["x".repeat(201), "two\nlines".to_owned()] {
        assert_eq!(ada.wrong("tokenCreate", json!({ "name": name, "scopes": [] })).await, ["name"]);
    }
    assert_eq!(
        ada.data("{ viewer { tokens { nodes { id } } } }", json!({})).await["viewer"]["tokens"]["nodes"],
        json!([])
    );
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_any_more() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = ada.change("tokenCreate", json!({ "name": "x", "scopes": SCOPES }), "token apiToken { id }").await;
    let token = ada.with_token(text(&made["token"]), "");
    assert_eq!(token.code("{ jobs { nodes { id } } }", json!({})).await, "OK");
    let input = json!({ "tokenId": made["apiToken"]["id"] });
    let first = ada.change("tokenRevoke", input.clone(), "apiToken { revokedAt }").await;
    assert_eq!(token.code("{ serverInfo { name } }", json!({})).await, "UNAUTHENTICATED");
    // Once more changes nothing, not even the moment.
    app.advance(5);
    assert_eq!(ada.change("tokenRevoke", input.clone(), "apiToken { revokedAt }").await, first);
    let eve = app.user("eve").await;
    assert_eq!(eve.refused("tokenRevoke", input).await, "NOT_FOUND");
    assert_eq!(ada.refused("tokenRevoke", json!({ "tokenId": ada.id })).await, "INVALID");
}

#[tokio::test]
async fn a_token_ends_when_it_said_it_would() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let end = app.clock.now() + chrono::TimeDelta::hours(1);
    let input = json!({ "name": "x", "scopes": ["jobs:read"], "expiresAt": end });
    let token = ada.with_token(text(&ada.change("tokenCreate", input, "token").await["token"]), "");
    app.advance(3590);
    assert_eq!(token.code("{ jobs { nodes { id } } }", json!({})).await, "OK");
    app.advance(11);
    assert_eq!(token.code("{ jobs { nodes { id } } }", json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_user_that_is_suspended_takes_its_tokens_and_runners_along() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let service = cara.service(json!({})).await;
    let (token, runner) = (cara.api_token(&SCOPES).await, cara.runner(json!({ "serviceIds": [service] })).await);
    app.set_status("cara", entity::user::Status::Suspended).await;
    assert_eq!(token.code("{ jobs { nodes { id } } }", json!({})).await, "FORBIDDEN");
    assert_eq!(runner.refused("workClaim", json!({})).await, "UNAUTHENTICATED");
    assert_eq!(cara.code("{ viewer { id } }", json!({})).await, "UNAUTHENTICATED", "its log-ins end");
    let cara = app.anonymous().log_in("cara").await;
    for field in ["serviceCheckIn", "serviceDisable"] {
        assert_eq!(cara.refused(field, json!({ "serviceId": service })).await, "FORBIDDEN", "{field}");
        assert_eq!(token.refused(field, json!({ "serviceId": service })).await, "FORBIDDEN", "{field}");
    }
}

/// What one scope alone lets its owner, an admin who owns everything, do. Each call would be fine with a session.
#[tokio::test]
async fn a_scope_lets_through_what_it_says_and_nothing_else() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let service = admin.service(json!({})).await;
    let runner = admin.runner(json!({ "serviceIds": [service] })).await;
    let job = admin.submit(&service, json!({})).await;
    let revoked = admin.change("tokenCreate", json!({ "name": "x", "scopes": [] }), "apiToken { id }").await;
    // Inputs without effect, or refused for another reason once the scope has let them through.
    let by_scope: [(&str, Vec<(&str, Value)>); 4] = [
        (
            "jobs:write",
            vec![
                ("jobSubmit", json!({ "serviceId": service, "priority": 5000 })),
                ("jobUpdate", json!({ "jobId": job, "priority": 1 })),
                ("jobDelete", json!({ "jobId": job })),
            ],
        ),
        (
            "services:write",
            vec![
                ("serviceCreate", json!({ "title": "" })),
                ("serviceUpdate", json!({ "serviceId": service, "title": "" })),
                ("serviceCheckIn", json!({ "serviceId": service })),
                ("serviceEnable", json!({ "serviceId": service })),
                ("serviceDelete", json!({ "serviceId": service })),
            ],
        ),
        (
            "runners:write",
            vec![
                ("runnerCreate", json!({ "name": "", "serviceIds": [service] })),
                ("runnerDelete", json!({ "runnerId": format!("runner_{}", "0".repeat(32)) })),
            ],
        ),
        (
            "admin",
            vec![
                ("tokenCreate", json!({ "name": "", "scopes": [] })),
                ("tokenRevoke", json!({ "tokenId": revoked["apiToken"]["id"] })),
            ],
        ),
    ];
    for held in SCOPES {
        let token = admin.api_token(&[held]).await;
        for (needed, calls) in &by_scope {
            for (field, input) in calls {
                let code = token.refused(field, input.clone()).await;
                assert_eq!(code == "FORBIDDEN", held != *needed, "{field} with {held}: {code}");
            }
        }
        let read = token.code("{ jobs { nodes { id } } }", json!({})).await;
        assert_eq!(read, if held == "jobs:read" { "OK" } else { "FORBIDDEN" }, "{held}");
        // What others own is seen with the rights of an admin only.
        let users = token.data("{ users { totalCount } }", json!({})).await;
        assert_eq!(users["users"]["totalCount"], 1, "{held}");
    }
    let _ = runner;
}

#[tokio::test]
async fn an_admin_without_the_scope_is_nobody_special() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let service = app.service(json!({})).await;
    let other = app.user_with("root", &[], true).await;
    let job = ada.submit(&service, json!({})).await;
    let document = "query($id: ID!) { job(id: $id) { owner { username email status } } }";
    let wide = other.api_token(&["jobs:read", "admin"]).await.data(document, json!({ "id": job })).await;
    assert_eq!(wide["job"]["owner"]["email"], "ada@example.org");
    let narrow = other.api_token(&["jobs:read"]).await;
    assert_eq!(narrow.code(document, json!({ "id": job })).await, "NOT_FOUND");
    let narrow = app.admin().api_token(&["jobs:read"]).await.data(document, json!({ "id": job })).await;
    let owner = json!({ "username": "ada", "email": null, "status": null });
    assert_eq!(narrow["job"]["owner"], owner, "the service's owner sees the job, and of its owner the name");
}

#[tokio::test]
async fn a_narrow_token_cannot_make_a_wider_one() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for scope in &SCOPES[..4] {
        let token = ada.api_token(&[scope]).await;
        assert_eq!(mint(&token, &[scope]).await, "FORBIDDEN", "{scope}");
    }
    // This one may make tokens, and still none that may do more than itself.
    let token = ada.api_token(&["admin", "jobs:read"]).await;
    assert_eq!(mint(&token, &["jobs:read"]).await, "OK");
    assert_eq!(mint(&token, &["admin", "jobs:read"]).await, "OK");
    assert_eq!(mint(&token, &[]).await, "OK");
    assert_eq!(mint(&token, &["jobs:read", "jobs:write"]).await, "FORBIDDEN");
    assert_eq!(mint(&token, &SCOPES).await, "FORBIDDEN");
}

async fn mint(token: &Client, scopes: &[&str]) -> String {
    token.refused("tokenCreate", json!({ "name": "x", "scopes": scopes })).await
}

#[tokio::test]
async fn what_is_no_token_is_refused_whatever_is_asked() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let right = admin.token.clone().expect("a token");
    let foreign = right.replacen("dks_", "dkt_", 1);
    for wrong in ["x", "dkt_", &right[..46], &format!("{right}A"), &foreign, &format!("dks_{}", "A".repeat(43)), "é"] {
        let client = app.anonymous().with_token(wrong, "");
        let body = json!({ "query": "{ serverInfo { name } }" });
        let response = client.post("/graphql").json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 401, "{wrong}");
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(code(&answer), "UNAUTHENTICATED", "{wrong}");
        let answer = client.graphql(&mutation("sessionCreate", "token"), json!({})).await;
        assert_eq!(code(&answer), "UNAUTHENTICATED", "{wrong}");
    }
}

//! Who may do what through the old API: what it may do through GraphQL.

use docket::config::MybrcProfile::{AsBuilt, Documented};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{World, job};
use crate::support::TestApp;

#[tokio::test]
async fn nobody_gets_in_where_nobody_stands_in() {
    for (profile, status, body) in [
        (Documented, StatusCode::UNAUTHORIZED, json!({ "success": false, "error": "Not authorized." })),
        (AsBuilt, StatusCode::FORBIDDEN, json!({ "detail": "Authentication credentials were not provided." })),
    ] {
        let app = TestApp::with(|config| config.mybrc.profile = profile).await;
        for path in ["/", "/jobs/", "/jobs/2/", "/users/", "/accounts/1/"] {
            let answer = app.anonymous().get(&format!("/mybrc{path}")).send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.json::<serde_json::Value>().await.expect("JSON"), body);
        }
        assert_eq!(app.admin().get("/mybrc/jobs/").send().await.expect("an answer").status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn who_keeps_no_accounts_sees_its_own_and_changes_nothing() {
    let world = World::new(AsBuilt).await;
    let ada = World { client: world.app.user("ada").await, app: world.app };
    assert_eq!(ada.numbers("/jobs/").await, [0; 0]);
    assert_eq!(ada.numbers("/users/").await, [0; 0]);
    assert_eq!(ada.numbers("/accounts/").await, [0; 0]);
    for path in ["/jobs/2/", "/users/1/", "/accounts/1/"] {
        assert_eq!(ada.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
        for method in [Method::PATCH, Method::DELETE] {
            let body = (method == Method::PATCH).then(|| json!({}));
            assert_eq!(ada.ask(method, path, body).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
    // Whose user and account they are is hidden, so that they are no users and accounts.
    assert_eq!(ada.post("/jobs/", job()).await.0, StatusCode::BAD_REQUEST);
    let user = json!({ "username": "eve", "usermetadata": "x", "email": "e", "ldapuid": 1 });
    assert_eq!(ada.post("/users/", user).await.0, StatusCode::FORBIDDEN);
    let account =
        json!({ "accountname": "a", "accountallocation": 2, "accountbalance": 1, "type": "t", "description": "d" });
    assert_eq!(ada.post("/accounts/", account).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_enrolled_account_is_listed_with_its_members() {
    let world = World::new(AsBuilt).await;
    let ada = world.app.user("ada").await;
    let account = world.app.account(json!({ "name": "lab", "granted": "12.5" })).await;
    world.app.member(&account, &ada, json!({})).await;
    assert_eq!(world.numbers("/accounts/").await, [1, 2, 3]);
    let input = json!({ "accountId": account });
    let admin = world.app.admin();
    let selection = "account { overrun legacyNumber(dialect: MYBRC) }";
    let enrolled = admin.change("accountEnrol", input.clone(), selection).await;
    assert_eq!(enrolled, json!({ "account": { "overrun": "ALLOW", "legacyNumber": 4 } }));
    admin.change("accountEnrol", input, "account { id }").await;
    let (_, body) = world.get("/accounts/4/").await;
    assert_eq!(
        (&body["accountname"], &body["users"], &body["accountallocation"]),
        (&json!("lab"), &json!([15]), &json!(12))
    );
    let (_, user) = world.get("/users/15/").await;
    assert_eq!((&user["username"], &user["accounts"]), (&json!("ada"), &json!([4])));
    // She logs in: nobody else gives her another address.
    assert_eq!(world.patch("/users/15/", json!({ "email": "eve@example.org" })).await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.patch("/users/15/", json!({ "usermetadata": "m" })).await.0, StatusCode::OK);
    assert_eq!(world.ask(Method::DELETE, "/users/15/", None).await.0, StatusCode::CONFLICT, "she is a member");
    let input = json!({ "accountId": account, "userId": ada.id });
    admin.change("accountMemberRemove", input, "member { limit }").await;
    assert_eq!(world.ask(Method::DELETE, "/users/15/", None).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_site_writes_nothing() {
    let world = World::new(AsBuilt).await;
    let request = world.client.request(Method::PATCH, "/mybrc/jobs/2/").header("origin", "https://evil.example");
    let answer = request.json(&json!({ "amount": 1 })).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

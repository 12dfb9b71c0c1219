//! Who may ask, and who may report.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, answer, begins};

const READS: [&str; 9] = [
    "/jobs/",
    "/users/",
    "/accounts/",
    "/user_accounts/",
    "/account_usages/",
    "/user_account_usages/",
    "/account_transactions/",
    "/user_account_transactions/",
    "/partitions/",
];

#[tokio::test]
async fn a_token_opens_and_a_wrong_one_does_not() {
    let world = World::new().await;
    let missing = json!({ "detail": "Authentication credentials were not provided." });
    for path in READS.into_iter().chain(["/can_submit_job/1/40001/fc_lee/"]) {
        assert_eq!(world.get(path).await.0, StatusCode::OK, "{path}");
        let request = world.app.anonymous().get(&format!("/mybrc-rest{path}"));
        assert_eq!(answer(request).await, (StatusCode::UNAUTHORIZED, missing.clone()), "{path}");
        for wrong in ["Token x", "Token", "Token dkt_0000", "token  ", "Nonsense x"] {
            let request = world.app.anonymous().get(&format!("/mybrc-rest{path}")).header("authorization", wrong);
            let said = request.send().await.expect("an answer");
            assert_eq!(
                (said.status().as_u16(), &said.headers()["www-authenticate"]),
                (401, &"Token".parse().expect("a value"))
            );
            assert_eq!(said.json::<Value>().await.expect("JSON"), json!({ "detail": "Invalid token." }), "{wrong}");
        }
    }
}

#[tokio::test]
async fn reading_is_open_where_somebody_stands_in_and_writing_is_not() {
    let world = World::with(|config| config.mybrc_rest.at.anonymous_as = Some("slurm".to_owned())).await;
    for path in READS {
        assert_eq!(answer(world.app.anonymous().get(&format!("/mybrc-rest{path}"))).await.0, StatusCode::OK, "{path}");
    }
    let anonymous = |method: Method, path: &str| world.app.anonymous().request(method, &format!("/mybrc-rest{path}"));
    let refused = [
        anonymous(Method::GET, "//can_submit_job/1/40001/fc_lee"),
        anonymous(Method::POST, "/jobs/").json(&begins("1", "1.00")),
        anonymous(Method::PUT, "/jobs/1/").json(&begins("1", "1.00")),
        anonymous(Method::PATCH, "/jobs/1/"),
        // It only ends as the address where a token is given.
        anonymous(Method::PUT, "/jobs/api_token_auth/").json(&begins("api_token_auth", "1.00")),
        anonymous(Method::PATCH, "/jobs/api_token_auth"),
        anonymous(Method::GET, "/can_submit_job/1/40001/api_token_auth/"),
    ];
    for request in refused {
        assert_eq!(answer(request).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_user_reads_its_own_and_reports_nothing() {
    let world = World::new().await;
    world.post(begins("1", "1.00")).await;
    let ada = world.app.user("ada").await;
    for path in READS {
        let (status, body) = answer(ada.get(&format!("/mybrc-rest{path}"))).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        if path != "/partitions/" {
            assert_eq!(body["count"], 0, "{path}: {body}");
        }
    }
    // Whose uid and account it is stays hidden.
    let refused = answer(ada.post("/mybrc-rest/jobs/").json(&begins("2", "1.00"))).await;
    assert_eq!(refused.0, StatusCode::BAD_REQUEST, "{}", refused.1);
    let refused = answer(ada.put("/mybrc-rest/jobs/1/").json(&json!({ "amount": "0" }))).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN, "{}", refused.1);
    let document = "query($a: ID!, $u: ID!) { accountAffords(accountId: $a, userId: $u, amount: \"1\") { affords } }";
    assert_eq!(ada.code(document, json!({ "a": world.account, "u": world.lee })).await, "NOT_FOUND");
    let input = json!({ "slurmKey": "2", "ownerId": world.lee, "accountId": world.account });
    assert_eq!(ada.refused("jobReport", input).await, "FORBIDDEN");
}

#[tokio::test]
async fn a_token_without_the_scope_reports_nothing() {
    let world = World::new().await;
    let slurm = world.app.anonymous().log_in("slurm").await;
    let reader = slurm.api_token(&["jobs:read", "accounts:read"]).await;
    let (status, _) = answer(reader.post("/mybrc-rest/jobs/").json(&begins("1", "1.00"))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(answer(reader.get("/mybrc-rest/jobs/")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_name_and_a_password_give_a_token() {
    let world = World::new().await;
    let ask = |body: Value| world.ask(Method::POST, "/api_token_auth/", Some(body));
    let (status, made) = ask(json!({ "username": "slurm", "password": crate::support::PASSWORD })).await;
    assert_eq!(status, StatusCode::OK);
    let token = made["token"].as_str().expect("a token");
    let request = world.app.anonymous().post("/mybrc-rest/jobs").header("authorization", format!("Token {token}"));
    assert_eq!(answer(request.json(&begins("1", "1.00"))).await.0, StatusCode::CREATED);
    for (name, password) in [("slurm", "wrong"), ("nobody", "x"), ("lee", "x")] {
        let (status, said) = ask(json!({ "username": name, "password": password })).await;
        assert_eq!((status, said), (StatusCode::OK, json!({ "error": "Unable to log in with provided credentials." })));
    }
    let (status, said) = ask(json!({ "username": 5 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let required = "This field is required.";
    assert_eq!(said, json!({ "username": [required], "password": [required] }));
}

#[tokio::test]
async fn another_site_reports_nothing() {
    let world = World::new().await;
    let request = world.app.anonymous().post("/mybrc-rest/jobs/").header("origin", "https://evil.example");
    let request = request.header("authorization", format!("Token {}", world.token())).json(&begins("1", "1.00"));
    assert_eq!(answer(request).await.0, StatusCode::FORBIDDEN);
}

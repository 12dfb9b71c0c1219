//! Changing a password, and showing it once more.

use serde_json::json;

use super::{last_mail, lives};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_change_ends_the_other_sessions_and_keeps_the_one_that_did_it() {
    let app = TestApp::new().await;
    let (here, elsewhere) = (app.user("ada").await, app.anonymous().log_in("ada").await);
    let input = json!({ "confirmPassword": PASSWORD, "newPassword": "another horse altogether" });
    let changed = here.change("passwordChange", input, "user { username }").await;
    assert_eq!(changed["user"]["username"], "ada");
    assert!(lives(&here).await && !lives(&elsewhere).await);
    let old = json!({ "login": "ada", "password": PASSWORD });
    assert_eq!(app.anonymous().refused("sessionCreate", old).await, "UNAUTHENTICATED");
    assert!(last_mail(&app, "ada@example.org").await.text.to_lowercase().contains("password"));
}

#[tokio::test]
async fn what_is_sensitive_takes_the_callers_own_password() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin(), app.user("ada").await);
    let calls = [
        (&ada, "passwordChange", json!({ "newPassword": "another horse altogether" })),
        (&ada, "emailChangeRequest", json!({ "email": "ada@new.org" })),
        (&ada, "userDelete", json!({})),
        (&admin, "userDelete", json!({ "userId": ada.id })),
        (&admin, "userPromote", json!({ "userId": ada.id })),
        (&admin, "userDemote", json!({ "userId": ada.id })),
        (&admin, "userPasswordSet", json!({ "userId": ada.id, "newPassword": "another horse altogether" })),
        (&admin, "userUpdate", json!({ "userId": ada.id, "roles": ["service-author"] })),
        (&admin, "userUpdate", json!({ "userId": ada.id, "email": "ada@new.org" })),
    ];
    for (client, field, input) in calls {
        for given in [None, Some("wrong horse")] {
            let mut input = input.clone();
            input["confirmPassword"] = json!(given);
            assert_eq!(client.wrong(field, input).await, ["confirmPassword"], "{field}");
        }
    }
    assert!(lives(&ada).await);
}

#[tokio::test]
async fn who_has_no_password_sets_the_first_without_one() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let set = json!({ "userId": ada.id, "confirmPassword": PASSWORD });
    let token = ada.api_token(&["admin"]).await;
    app.admin().change("userPasswordSet", set, "user { id }").await;
    assert!(!lives(&ada).await);
    let log_in = json!({ "login": "ada", "password": PASSWORD });
    assert_eq!(app.anonymous().refused("sessionCreate", log_in.clone()).await, "UNAUTHENTICATED");
    token.change("passwordChange", json!({ "newPassword": PASSWORD }), "user { id }").await;
    assert_eq!(app.anonymous().refused("sessionCreate", log_in).await, "OK");
}

#[tokio::test]
async fn a_narrow_token_changes_no_credentials() {
    let app = TestApp::new().await;
    let token = app.user("ada").await.api_token(&["jobs:read", "jobs:write", "projects:write"]).await;
    let confirm = json!(PASSWORD);
    for (field, input) in [
        ("passwordChange", json!({ "confirmPassword": confirm, "newPassword": "another horse altogether" })),
        ("emailChangeRequest", json!({ "confirmPassword": confirm, "email": "ada@new.org" })),
        ("userDelete", json!({ "confirmPassword": confirm })),
        ("userUpdate", json!({ "firstName": "Ada" })),
        ("sessionsDeleteAll", json!({})),
    ] {
        assert_eq!(token.refused(field, input).await, "FORBIDDEN", "{field}");
    }
}

//! Setting a new password by mail.

use serde_json::json;

use super::{answer, last_mail, lives, mails_to, sign_up, signed_up};
use crate::support::{PASSWORD, TestApp, form, text};

const NEW: &str = "another horse altogether";

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_every_session_ends() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let token = ada.api_token(&["jobs:read"]).await;
    let asked =
        app.anonymous().change("passwordResetRequest", json!({ "email": "ADA@example.org" }), "requested").await;
    assert_eq!(asked["requested"], true);
    let mail = last_mail(&app, "ada@example.org").await;
    assert!(mail.link().starts_with(&format!("{}/resetPassword?token=", app.server.app.config.public_url)));
    let weak = json!({ "token": mail.token(), "newPassword": "short" });
    assert_eq!(app.anonymous().wrong("passwordReset", weak).await, ["newPassword"], "and the link is still good");
    let input = json!({ "token": mail.token(), "newPassword": NEW });
    let done = app.anonymous().change("passwordReset", input.clone(), "user { username }").await;
    assert_eq!(done["user"]["username"], "ada");
    assert_eq!(app.anonymous().refused("passwordReset", input).await, "INVALID_STATE");
    assert!(!lives(&ada).await);
    assert_eq!(token.code("{ jobs { totalCount } }", json!({})).await, "OK", "a token is no log-in");
    let log_in = |password: &str| json!({ "login": "ada", "password": password });
    assert_eq!(app.anonymous().refused("sessionCreate", log_in(PASSWORD)).await, "UNAUTHENTICATED");
    assert_eq!(app.anonymous().refused("sessionCreate", log_in(NEW)).await, "OK");
    assert!(last_mail(&app, "ada@example.org").await.text.to_lowercase().contains("password"));
}

#[tokio::test]
async fn the_link_is_over_after_an_hour_after_another_one_and_after_a_change() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let ask = || async {
        app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
        last_mail(&app, "ada@example.org").await.token()
    };
    let reset = |token: &str| json!({ "token": token, "newPassword": NEW });
    let late = ask().await;
    app.advance(3601);
    assert_eq!(app.anonymous().wrong("passwordReset", reset(&late)).await, ["token"]);
    let (first, second) = (ask().await, ask().await);
    assert_eq!(app.anonymous().wrong("passwordReset", reset(&first)).await, ["token"]);
    let ada = app.anonymous().log_in("ada").await.with_token(ada.token.clone().expect("a session"), ada.id.clone());
    let change = json!({ "confirmPassword": PASSWORD, "newPassword": "yet another one" });
    ada.change("passwordChange", change, "user { id }").await;
    assert_eq!(app.anonymous().wrong("passwordReset", reset(&second)).await, ["token"]);
}

#[tokio::test]
async fn whether_an_address_has_an_account_is_not_told() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let nobody = app.anonymous();
    let known = answer(&nobody, "passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    for email in ["bob@example.org", "nonsense", ""] {
        assert_eq!(answer(&nobody, "passwordResetRequest", json!({ "email": email }), "requested").await, known);
    }
    assert_eq!(mails_to(&app, "ada@example.org").await, 1);
    assert_eq!(mails_to(&app, "bob@example.org").await, 0);
}

#[tokio::test]
async fn another_address_takes_the_old_ones_links_along() {
    let app = TestApp::new().await;
    let ada = signed_up(&app, "ada@example.org").await;
    app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    let link = last_mail(&app, "ada@example.org").await.token();
    let update = json!({ "userId": ada.id, "email": "ada@new.org", "confirmPassword": PASSWORD });
    app.admin().change("userUpdate", update, "user { email }").await;
    let input = json!({ "token": link, "newPassword": NEW });
    assert_eq!(app.anonymous().wrong("passwordReset", input).await, ["token"]);
}

/// Somebody has signed up with an address that is not theirs, and left things behind that open the account. Whose address
/// it is takes the account over by the mail, and with a clean slate.
#[tokio::test]
async fn what_was_made_before_the_address_was_confirmed_ends_with_the_reset() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let stranger = app.anonymous().log_in("ada@example.org").await;
    let project = stranger.project(json!({})).await;
    let service = stranger.service(json!({ "projectId": project })).await;
    let runner = stranger.runner(json!({ "serviceIds": [service] })).await;
    let token = stranger.api_token(&["jobs:read"]).await;
    let input = json!({ "name": "x", "scopes": ["jobs:read"] });
    let client = stranger.change("oauthClientCreate", input, "secret client { id }").await;
    let ask = || async {
        let (id, secret) = (text(&client["client"]["id"]), text(&client["secret"]));
        let request = app.anonymous().post("/oauth/token").basic_auth(id, Some(secret));
        let answer = form(request, &[("grant_type", "client_credentials")]).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("JSON"))
    };
    let (status, given) = ask().await;
    assert_eq!(status, 200, "{given}");
    let given = app.anonymous().with_token(text(&given["access_token"]), "");
    for left_behind in [&stranger, &runner, &token, &given] {
        assert!(lives(left_behind).await);
    }

    app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    let link = last_mail(&app, "ada@example.org").await.token();
    let input = json!({ "token": link, "newPassword": NEW });
    app.anonymous().change("passwordReset", input, "user { id }").await;
    let left = [("session", &stranger), ("runner", &runner), ("token", &token), ("token of a client", &given)];
    for (what, left_behind) in left {
        assert!(!lives(left_behind).await, "the {what} still opens the account");
    }
    assert_eq!(ask().await.0, 401, "the client gets new tokens");
}

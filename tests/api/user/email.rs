//! Changing an address.

use serde_json::json;

use super::{answer, last_mail, lives, mails_to, me, signed_up};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_address_changes_when_the_new_one_says_so() {
    let app = TestApp::new().await;
    let (ada, elsewhere) = (app.user("ada").await, app.anonymous().log_in("ada").await);
    let input = json!({ "email": "Ada@New.org", "confirmPassword": PASSWORD });
    assert_eq!(ada.change("emailChangeRequest", input, "requested").await["requested"], true);
    assert_eq!(me(&ada, "email").await["email"], "ada@example.org", "nothing changes before");
    let token = last_mail(&app, "Ada@New.org").await.token();
    let done = app.anonymous().change("emailChangeConfirm", json!({ "token": token }), "user { username email }").await;
    assert_eq!(done["user"], json!({ "username": "ada", "email": null }), "nobody is logged in there");
    let user = me(&ada, "email emailVerifiedAt").await;
    assert_eq!(user["email"], "Ada@New.org");
    assert!(user["emailVerifiedAt"].is_string());
    assert!(lives(&ada).await, "the session that asked goes on");
    assert!(!lives(&elsewhere).await);
    app.anonymous().log_in("ada@new.org").await;
    let told = last_mail(&app, "ada@example.org").await;
    assert!(!told.text.contains("token="), "the old address is told, and can do nothing: {}", told.text);
}

#[tokio::test]
async fn the_general_link_confirms_a_change_too() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.change("emailChangeRequest", json!({ "email": "ada@new.org", "confirmPassword": PASSWORD }), "requested").await;
    let token = last_mail(&app, "ada@new.org").await.token();
    let done = ada.change("userActivate", json!({ "token": token }), "user { email }").await;
    assert_eq!(done["user"]["email"], "ada@new.org");
}

#[tokio::test]
async fn whether_somebody_else_has_the_address_is_not_told() {
    let app = TestApp::new().await;
    let (ada, _bob) = (app.user("ada").await, app.user("bob").await);
    let ask = |email: &str| json!({ "email": email, "confirmPassword": PASSWORD });
    let free = answer(&ada, "emailChangeRequest", ask("new@example.org"), "requested").await;
    assert_eq!(answer(&ada, "emailChangeRequest", ask("BOB@example.org"), "requested").await, free);
    assert_eq!(answer(&ada, "emailChangeRequest", ask("ada@example.org"), "requested").await, free);
    let told = last_mail(&app, "bob@example.org").await;
    assert!(!told.text.contains("token="), "{}", told.text);
    assert_eq!(mails_to(&app, "ada@example.org").await, 0);
    assert_eq!(ada.wrong("emailChangeRequest", ask("no address")).await, ["email"]);
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_stays_whose_it_is() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.change("emailChangeRequest", json!({ "email": "x@new.org", "confirmPassword": PASSWORD }), "requested").await;
    let token = last_mail(&app, "x@new.org").await.token();
    signed_up(&app, "x@new.org").await;
    assert_eq!(ada.refused("emailChangeConfirm", json!({ "token": token })).await, "ALREADY_EXISTS");
    assert_eq!(me(&ada, "email").await["email"], "ada@example.org");
}

#[tokio::test]
async fn upper_and_lower_case_may_change() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let input = json!({ "email": "ADA@example.org", "confirmPassword": PASSWORD });
    ada.change("emailChangeRequest", input, "requested").await;
    let token = last_mail(&app, "ADA@example.org").await.token();
    ada.change("emailChangeConfirm", json!({ "token": token }), "user { id }").await;
    assert_eq!(me(&ada, "email").await["email"], "ADA@example.org");
}

#[tokio::test]
async fn a_new_password_ends_a_change_that_somebody_else_may_have_asked_for() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let ask = json!({ "email": "mallory@evil.example", "confirmPassword": PASSWORD });
    let again = json!({ "newPassword": "rubidium lantern 41", "confirmPassword": PASSWORD });
    ada.change("emailChangeRequest", ask, "requested").await;
    let token = last_mail(&app, "mallory@evil.example").await.token();
    ada.change("passwordChange", again, "user { id }").await;
    assert_eq!(app.anonymous().refused("emailChangeConfirm", json!({ "token": token })).await, "INVALID");
    assert_eq!(me(&ada, "email").await["email"], "ada@example.org");
}

//! Signing up.

use serde_json::json;

use super::{answer, last_mail, mails_to, me, sign_up};
use crate::support::{PASSWORD, TestApp, text};

#[tokio::test]
async fn who_signs_up_logs_in_at_once_and_submits_once_the_address_is_confirmed() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    sign_up(&app, "Ada.L@Example.org").await;
    let ada = app.anonymous().log_in("ada.l@example.org").await;
    let fields = "username email emailVerifiedAt status kind authenticationType";
    let expected = json!({
        "username": "ada-l", "email": "Ada.L@Example.org", "emailVerifiedAt": null, "status": "ACTIVE",
        "kind": "AUTHENTICATED", "authenticationType": "NATIVE",
    });
    assert_eq!(me(&ada, fields).await, expected);
    let job = json!({ "serviceId": service });
    assert_eq!(ada.refused("jobSubmit", job.clone()).await, "FORBIDDEN");
    let own =
        ada.data("{ projects(filter: { isPersonal: true, role: { eq: OWNER } }) { totalCount } }", json!({})).await;
    assert_eq!(own["projects"]["totalCount"], 0, "its own project comes with the confirmation");

    let mail = last_mail(&app, "Ada.L@Example.org").await;
    assert!(mail.link().starts_with(&format!("{}/activate?token=dkl_", app.server.app.config.public_url)));
    let done =
        app.anonymous().change("userActivate", json!({ "token": mail.token() }), "user { username } token").await;
    assert_eq!(done, json!({ "user": { "username": "ada-l" }, "token": null }));
    assert!(me(&ada, "emailVerifiedAt").await["emailVerifiedAt"].is_string());
    assert_eq!(ada.refused("jobSubmit", job).await, "OK");
    ada.personal().await;
}

#[tokio::test]
async fn an_operator_may_let_unconfirmed_users_submit_or_keep_them_out() {
    let lenient = TestApp::with(|config| config.sign_up.unverified_may_submit = true).await;
    let service = lenient.service(json!({})).await;
    sign_up(&lenient, "ada@example.org").await;
    let ada = lenient.anonymous().log_in("ada@example.org").await;
    assert_eq!(ada.refused("jobSubmit", json!({ "serviceId": service })).await, "OK");

    let strict = TestApp::with(|config| config.sign_up.unverified_may_log_in = false).await;
    sign_up(&strict, "ada@example.org").await;
    let input = json!({ "login": "ada@example.org", "password": PASSWORD });
    let wrong = json!({ "login": "bob@example.org", "password": PASSWORD });
    let nobody = strict.anonymous();
    let unconfirmed = answer(&nobody, "sessionCreate", input.clone(), "token").await;
    assert_eq!(unconfirmed, answer(&nobody, "sessionCreate", wrong, "token").await);
    let token = last_mail(&strict, "ada@example.org").await.token();
    nobody.change("userActivate", json!({ "token": token }), "user { id }").await;
    assert_eq!(nobody.refused("sessionCreate", input).await, "OK");
}

#[tokio::test]
async fn every_fault_of_a_sign_up_is_named() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let long = "x".repeat(201);
    let input = json!({
        "email": "nowhere", "password": "short", "username": "a b", "firstName": "a\nb", "lastName": long,
    });
    let faults = nobody.wrong("userSignUp", input).await;
    assert_eq!(faults, ["email", "username", "firstName", "lastName", "password"]);
    for email in
        ["", "a@b", "a@b@example.org", "a b@example.org", "a@example.org\r\nBcc: eve@example.org", "<a@example.org>"]
    {
        assert_eq!(nobody.wrong("userSignUp", json!({ "email": email, "password": PASSWORD })).await[0], "email");
    }
    let control = json!({ "email": "a@example.org", "password": PASSWORD, "firstName": "\u{7}" });
    assert_eq!(nobody.wrong("userSignUp", control).await, ["firstName"]);
    let huge = json!({ "email": "a@example.org", "password": "x".repeat(1025) });
    assert_eq!(nobody.wrong("userSignUp", huge).await, ["password"]);
    assert_eq!(mails_to(&app, "example.org").await, 0);
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_is_refused_with_advice() {
    let app = TestApp::with(|config| config.passwords.min_score = 3).await;
    let nobody = app.anonymous();
    for password in ["password1", "qwertyuiop", "ada.lovelace@example.org"] {
        let input = json!({ "email": "ada.lovelace@example.org", "password": password });
        assert_eq!(nobody.wrong("userSignUp", input).await, ["password"], "{password}");
    }
    let input = json!({ "email": "ada@example.org", "password": "Vqx7 rubidium lantern 41" });
    assert_eq!(nobody.refused("userSignUp", input).await, "OK");
}

#[tokio::test]
async fn where_nobody_signs_up_that_is_said() {
    let app = TestApp::with(|config| config.sign_up.enabled = false).await;
    let input = json!({ "email": "ada@example.org", "password": PASSWORD });
    assert_eq!(app.anonymous().refused("userSignUp", input).await, "FORBIDDEN");
}

#[tokio::test]
async fn addresses_of_other_domains_are_kept_out_but_by_an_admin() {
    let app = TestApp::with(|config| config.sign_up.email_domains = vec!["example.org".into()]).await;
    let other = json!({ "email": "ada@other.org", "password": PASSWORD });
    assert_eq!(app.anonymous().wrong("userSignUp", other).await, ["email"]);
    sign_up(&app, "ada@EXAMPLE.org").await;
    let input = json!({ "username": "bob", "email": "bob@other.org" });
    assert_eq!(app.admin().refused("userCreate", input).await, "OK");
}

#[tokio::test]
async fn a_taken_name_is_refused_and_a_resembling_one_is_found() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let input = json!({ "email": "ada@other.org", "password": PASSWORD, "username": "ada" });
    assert_eq!(app.anonymous().refused("userSignUp", input).await, "ALREADY_EXISTS");
    sign_up(&app, "ada@other.org").await;
    let other = app.anonymous().log_in("ada@other.org").await;
    assert_eq!(text(&me(&other, "username").await["username"]), "ada-2");
}

#[tokio::test]
async fn the_mail_comes_again_and_its_first_link_is_over() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let first = last_mail(&app, "ada@example.org").await.token();
    let ada = app.anonymous().log_in("ada@example.org").await;
    for (client, input) in [(&ada, json!({})), (&app.anonymous(), json!({ "email": "ADA@example.org" }))] {
        assert_eq!(client.change("activationResend", input, "requested").await["requested"], true);
    }
    assert_eq!(mails_to(&app, "ada@example.org").await, 3);
    let last = last_mail(&app, "ada@example.org").await.token();
    assert_eq!(app.anonymous().wrong("userActivate", json!({ "token": first })).await, ["token"]);
    assert_eq!(app.anonymous().refused("userActivate", json!({ "token": last })).await, "OK");
    assert_eq!(ada.refused("activationResend", json!({})).await, "INVALID_STATE");
    assert_eq!(app.anonymous().refused("activationResend", json!({})).await, "UNAUTHENTICATED");
    app.anonymous().change("activationResend", json!({ "email": "ada@example.org" }), "requested").await;
    assert_eq!(mails_to(&app, "ada@example.org").await, 3, "what is confirmed needs no link");
}

#[tokio::test]
async fn two_who_sign_up_at_once_with_one_address_are_one_account() {
    let app = TestApp::new().await;
    let input = json!({ "email": "ada@example.org", "password": PASSWORD });
    let nobody = app.anonymous();
    let tries = (0..8).map(|_| nobody.refused("userSignUp", input.clone()));
    for code in futures_util::future::join_all(tries).await {
        assert_eq!(code, "OK");
    }
    let found = app.admin().data("{ users { nodes { email } } }", json!({})).await;
    let emails = found["users"]["nodes"].as_array().expect("a list").iter();
    assert_eq!(emails.filter(|user| user["email"] == "ada@example.org").count(), 1);
    assert_eq!(mails_to(&app, "ada@example.org").await, 8);
}

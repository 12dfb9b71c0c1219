//! Signing up, confirming an address, and a forgotten password.

use super::{get, head, log_in, post, sign_up, user, world, world_with};
use crate::support::Behaviour;

const PW: &str = super::PASSWORD;
const RULE: &str = "Password invalid. The password needs to have at least one lowercase letter, uppercase letter, number, \
                    special character and at least 12 characters in total";

#[tokio::test]
async fn a_sign_up_mails_a_link_and_logs_in_at_once() {
    let (app, mails) = world().await;
    let nobody = app.anonymous();
    let answer = post(&nobody, "/users/signup", &[("email", "ada@test.com"), ("password", PW)]).await;
    answer.says(
        "Successful signup for ada@test.com. Please activate your account be clicking on the link provided in the email \
         we just sent you",
    );
    let ada = log_in(&app, "ada@test.com", PW).await;
    get(&ada, "/users/info")
        .await
        .is(200, "{\"activated\":false,\"email\":\"ada@test.com\",\"isAdmin\":false,\"msg\":\"Returning user info\"}");
    let mail = mails.only().mail;
    assert_eq!(mail.subject(), "Project-W account activation");
    let lines: Vec<&str> = mail.text.lines().collect();
    let first =
        "To activate your Project-W account, please confirm your email address by clicking on the following link:";
    assert_eq!((lines[0], lines[2]), (first, mail.link().as_str()));
    assert!(lines[2].starts_with("https://pw.example/#/activate?token="), "{lines:?}");
    let token = mail.token();
    post(&nobody, "/users/activate", &[("token", &token)]).await.says("Account ada@test.com activated");
    assert_eq!(get(&ada, "/users/info").await.json()["activated"], true, "who was logged in still is");
    post(&nobody, "/users/activate", &[("token", &token)]).await.refuses(
        400,
        "operation",
        "Account for ada@test.com is already activated",
    );
}

#[tokio::test]
async fn what_a_sign_up_is_refused_for_in_this_order() {
    let (app, mails) = world().await;
    let nobody = app.anonymous();
    let try_it = async |email: &str, password: &str| {
        post(&nobody, "/users/signup", &[("email", email), ("password", password)]).await
    };
    post(&nobody, "/users/signup", &[("password", "x")]).await.refuses(
        400,
        "invalidRequest",
        "The required parameter `email` is missing",
    );
    post(&nobody, "/users/signup", &[("email", "x")]).await.refuses(
        400,
        "invalidRequest",
        "The required parameter `password` is missing",
    );
    for email in ["ada", "ada@test", "ada@Test.com", "a b@test.com", ""] {
        let answer = try_it(email, "short").await;
        let expected = serde_json::json!({ "allowedEmailDomains": [], "errorType": "email",
            "msg": format!("'{email}' is not a valid email address") });
        assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
    }
    for password in ["Correct-Ho9", "correct-horse-9", "CORRECT-HORSE-9", "Correct-Horse-x", "CorrectHorse99"] {
        try_it("ada@test.com", password).await.refuses(400, "password", RULE);
    }
    assert!(mails.received().is_empty());
    for (index, password) in ["Correct Horse 9", "CorrectHorse9ü", "Correct-Hor9"].into_iter().enumerate() {
        assert_eq!(try_it(&format!("u{index}@test.com"), password).await.status, 200, "{password}");
    }
    sign_up(&app, "ada@test.com").await;
    for twin in ["ada@test.com", "ADA@test.com"] {
        try_it(twin, PW).await.refuses(400, "email", "E-Mail is already used by another account");
    }
}

#[tokio::test]
async fn domains_may_be_bounded_and_sign_up_switched_off() {
    let (app, _mails) = world_with(|config| config.project_w.email_domains = vec!["test.com".into()]).await;
    let answer = post(&app.anonymous(), "/users/signup", &[("email", "a@testxcom"), ("password", PW)]).await;
    assert_eq!(answer.json()["allowedEmailDomains"], serde_json::json!(["test.com"]));
    sign_up(&app, "a@test.com").await;
    let (app, _mails) = world_with(|config| config.project_w.sign_up = false).await;
    let off = "Signup of new accounts is disabled on this server";
    post(&app.anonymous(), "/users/signup", &[]).await.refuses(400, "serverConfig", off);
}

#[tokio::test]
async fn without_its_mail_there_is_no_account() {
    let (app, mails) = world().await;
    mails.behave(Behaviour::Refuse);
    let fields = [("email", "ada@test.com"), ("password", PW)];
    let failed = "Failed to send activation email to ada@test.com. Email address may not exist";
    post(&app.anonymous(), "/users/signup", &fields).await.refuses(400, "email", failed);
    post(&app.anonymous(), "/users/login", &fields).await.refuses(400, "auth", "Incorrect credentials provided");
    mails.behave(Behaviour::Take);
    let ada = sign_up(&app, "ada@test.com").await;
    mails.behave(Behaviour::Refuse);
    let reset = "Failed to send password reset email to ada@test.com.";
    get(&ada, "/users/resendActivationEmail").await.refuses(400, "email", reset);
    get(&ada, "/users/requestPasswordReset?email=ada@test.com").await.refuses(400, "email", reset);
    let unknown = get(&ada, "/users/requestPasswordReset?email=eve@test.com").await;
    assert_eq!(unknown.status, 200, "nothing was to be sent");
}

#[tokio::test]
async fn who_is_unknown_and_who_is_wrong_get_the_same_answer() {
    let (app, _mails) = world().await;
    sign_up(&app, "ada@test.com").await;
    let pairs = [("ada@test.com", "Wrong-Horse-99"), ("eve@test.com", PW), ("ADA@test.com", PW), ("ada", PW), ("", "")];
    for (email, password) in pairs {
        post(&app.anonymous(), "/users/login", &[("email", email), ("password", password)]).await.refuses(
            400,
            "auth",
            "Incorrect credentials provided",
        );
    }
}

#[tokio::test]
async fn activation_needs_a_token_that_is_one() {
    let (app, mails) = world().await;
    let nobody = app.anonymous();
    let needed = "You need a token to activate a users email";
    post(&nobody, "/users/activate", &[]).await.refuses(400, "auth", needed);
    post(&nobody, "/users/activate", &[("token", "")]).await.refuses(400, "auth", needed);
    let ada = sign_up(&app, "ada@test.com").await;
    let token = mails.only().mail.token();
    get(&ada, "/users/requestPasswordReset?email=ada@test.com").await;
    let reset = mails.received()[1].mail.token();
    app.advance(24 * 3600 + 1);
    let invalid = "Invalid or expired activation link";
    for token in ["x", &reset, &token] {
        post(&nobody, "/users/activate", &[("token", token)]).await.refuses(400, "auth", invalid);
    }
}

#[tokio::test]
async fn the_activation_is_mailed_again_until_it_is_followed() {
    let (app, mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    head(&ada, "/users/resendActivationEmail").await;
    assert_eq!(mails.received().len(), 1, "HEAD sends nothing");
    get(&ada, "/users/resendActivationEmail")
        .await
        .says("We have sent a new password reset email to ada@test.com. Please check your emails");
    let mail = mails.received()[1].mail.clone();
    assert_eq!(mail.subject(), "Project-W account activation");
    post(&ada, "/users/activate", &[("token", &mail.token())]).await.says("Account ada@test.com activated");
    get(&ada, "/users/resendActivationEmail").await.refuses(400, "operation", "This user is already activated");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_mailed_link() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let nobody = app.anonymous();
    get(&nobody, "/users/requestPasswordReset").await.refuses(
        400,
        "invalidRequest",
        "The required parameter `email` is missing",
    );
    head(&nobody, "/users/requestPasswordReset?email=ada@test.com").await;
    assert_eq!(mails.received().len(), 1, "HEAD sends nothing");
    for email in ["ada@test.com", "eve@test.com", "ADA@test.com"] {
        get(&nobody, &format!("/users/requestPasswordReset?email={email}")).await.says(&format!(
            "If an account with the address {email} exists, then we sent a password reset email to this address. \
             Please check your emails"
        ));
    }
    let received = mails.received();
    assert_eq!(received.len(), 2, "addresses are compared exactly");
    let mail = &received[1].mail;
    assert_eq!(mail.subject(), "Project-W password reset request");
    let lines: Vec<&str> = mail.text.lines().collect();
    assert!(lines[0].starts_with("To reset the password of your Project-W account, please open the following link"));
    assert!(lines[2].starts_with("https://pw.example/#/resetPassword?token="), "{lines:?}");
    let token = mail.token();
    let reset = async |password: &str, token: &str| {
        post(&nobody, "/users/resetPassword", &[("newPassword", password), ("token", token)]).await
    };
    reset("short", "").await.refuses(400, "password", RULE);
    reset(PW, "").await.refuses(400, "auth", "You need a token to reset a users password");
    reset(PW, "x").await.refuses(400, "auth", "Invalid or expired password reset link");
    reset("Another-Horse-9", &token).await.says("password changed successfully");
    get(&ada, "/users/info").await.refuses(422, "auth", "Signature verification failed");
    log_in(&app, "ada@test.com", "Another-Horse-9").await;
    get(&nobody, "/users/requestPasswordReset?email=ada@test.com").await;
    let token = mails.received().last().expect("a mail").mail.token();
    app.advance(3601);
    reset(PW, &token).await.refuses(400, "auth", "Invalid or expired password reset link");
}

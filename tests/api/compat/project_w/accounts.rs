//! What an account's owner changes with the own password, and an admin for others.

use serde_json::json;

use super::{PASSWORD as PW, get, log_in, post, sign_up, submit, user, world};
use crate::support::{Behaviour, PASSWORD as ADMIN_PW};

const OWN: (&str, &str) = ("password", PW);
const ADMIN: (&str, &str) = ("password", ADMIN_PW);

#[tokio::test]
async fn the_own_password_comes_before_everything_else() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    for path in ["/users/delete", "/users/changePassword", "/users/changeEmail"] {
        post(&ada, path, &[("emailModify", "x")]).await.refuses(
            400,
            "invalidRequest",
            "The required parameter `password` is missing",
        );
        post(&ada, path, &[("password", "wrong"), ("emailModify", "x")]).await.refuses(
            403,
            "auth",
            "Incorrect password provided",
        );
        for email in ["", "ada@test.com", "eve@test.com"] {
            post(&ada, path, &[OWN, ("emailModify", email)]).await.refuses(
                403,
                "permission",
                "You don't have permission to modify other users",
            );
        }
        post(&app.admin(), path, &[ADMIN, ("emailModify", "eve@test.com")]).await.refuses(
            400,
            "notInDatabase",
            "No user exists with that email",
        );
    }
    for (path, field) in [("/users/changePassword", "newPassword"), ("/users/changeEmail", "newEmail")] {
        let missing = format!("The required parameter `{field}` is missing");
        post(&ada, path, &[OWN]).await.refuses(400, "invalidRequest", &missing);
    }
}

#[tokio::test]
async fn a_new_password_ends_every_log_in() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    let answer = post(&ada, "/users/changePassword", &[OWN, ("newPassword", "short")]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorType"]), (400, &json!("password")));
    // The same once more is a new one.
    post(&ada, "/users/changePassword", &[OWN, ("newPassword", PW)]).await.says("Successfully updated user password");
    get(&ada, "/users/info").await.refuses(422, "auth", "Signature verification failed");
    let ada = log_in(&app, "ada@test.com", PW).await;
    let new = [ADMIN, ("emailModify", "ada@test.com"), ("newPassword", "Another-Horse-9")];
    post(&app.admin(), "/users/changePassword", &new).await.says("Successfully updated user password");
    get(&ada, "/users/info").await.refuses(422, "auth", "Signature verification failed");
    log_in(&app, "ada@test.com", "Another-Horse-9").await;
}

#[tokio::test]
async fn a_new_address_is_confirmed_by_its_mail() {
    let (app, mails) = world().await;
    let (ada, _eve) = (user(&app, &mails, "ada@test.com").await, sign_up(&app, "eve@test.com").await);
    let change = async |new: &str| post(&ada, "/users/changeEmail", &[OWN, ("newEmail", new)]).await;
    let answer = change("nonsense").await;
    let invalid = json!({ "allowedEmailDomains": [], "errorType": "email",
        "msg": "'nonsense' is not a valid email address" });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, invalid));
    for taken in ["eve@test.com", "ada@test.com"] {
        change(taken).await.refuses(400, "email", "E-Mail is already used by another account");
    }
    mails.behave(Behaviour::Refuse);
    let failed = "Failed to send activation email to new@test.com. Email address may not exist";
    change("new@test.com").await.refuses(400, "email", failed);
    mails.behave(Behaviour::Take);
    change("new@test.com").await.says(
        "Successfully requested email address change. Please confirm your new address by clicking on the link provided \
         in the email we just sent you",
    );
    assert_eq!(get(&ada, "/users/info").await.json()["email"], "ada@test.com", "nothing changes before that");
    let mail = mails.mail_to("new@test.com").await;
    assert!(mail.link().starts_with("https://pw.example/#/activate?token="));
    post(&app.anonymous(), "/users/activate", &[("token", &mail.token())]).await.says("Account new@test.com activated");
    get(&ada, "/users/info").await.refuses(422, "auth", "Signature verification failed");
    log_in(&app, "new@test.com", PW).await;
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_refused() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    post(&ada, "/users/changeEmail", &[OWN, ("newEmail", "new@test.com")]).await;
    let token = mails.mail_to("new@test.com").await.token();
    sign_up(&app, "new@test.com").await;
    post(&ada, "/users/activate", &[("token", &token)]).await.refuses(
        400,
        "email",
        "E-Mail is already used by another account",
    );
    assert_eq!(get(&ada, "/users/info").await.status, 200, "who asked is still logged in");
}

#[tokio::test]
async fn deletion_takes_the_jobs_along() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let job = submit(&ada, "x").await;
    post(&ada, "/users/delete", &[OWN]).await.says("Successfully deleted user with email ada@test.com");
    get(&ada, "/users/info").await.refuses(422, "auth", "Signature verification failed");
    let gone = format!("There exists no job with id {job}");
    let admin = app.admin();
    let bob = sign_up(&app, "bob@test.com").await;
    get(&admin, &format!("/jobs/info?jobIds={job}")).await.refuses(404, "notInDatabase", &gone);
    post(&admin, "/jobs/delete", &[("jobIds", &job.to_string())]).await.refuses(404, "notInDatabase", &gone);
    for who in [&admin, &bob] {
        get(who, &format!("/jobs/downloadTranscript?jobId={job}")).await.refuses(404, "notInDatabase", &gone);
    }
    sign_up(&app, "ada@test.com").await;
    post(&app.admin(), "/users/delete", &[ADMIN, ("emailModify", "ada@test.com")])
        .await
        .says("Successfully deleted user with email ada@test.com");
}

#[tokio::test]
async fn admins_look_at_others_and_nobody_else_does() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    let forbidden = "You don't have permission to view other accounts' user info";
    for email in ["ada@test.com", "eve@test.com"] {
        get(&ada, &format!("/users/info?email={email}")).await.refuses(403, "permission", forbidden);
    }
    assert_eq!(get(&ada, "/users/info?email=").await.json()["email"], "ada@test.com");
    let admin = app.admin();
    let seen = get(&admin, "/users/info?email=ada@test.com").await.json();
    assert_eq!(seen["email"], "ada@test.com");
    assert_eq!(get(&admin, "/users/info").await.json()["isAdmin"], true);
    for email in ["eve@test.com", "ADA@test.com"] {
        get(&admin, &format!("/users/info?email={email}")).await.refuses(
            400,
            "notInDatabase",
            "No user exists with that email",
        );
    }
}

#[tokio::test]
async fn an_admin_changes_the_address_of_another() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let change = [ADMIN, ("emailModify", "ada@test.com"), ("newEmail", "new@test.com")];
    assert_eq!(post(&app.admin(), "/users/changeEmail", &change).await.status, 200);
    assert_eq!(get(&ada, "/users/info").await.json()["email"], "ada@test.com", "nothing changes before the mail");
    let token = mails.mail_to("new@test.com").await.token();
    post(&app.anonymous(), "/users/activate", &[("token", &token)]).await.says("Account new@test.com activated");
    log_in(&app, "new@test.com", PW).await;
    let own = get(&app.admin(), "/users/info").await.json();
    assert_ne!(own["email"], "new@test.com", "it is not the admin's own that changes");
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (app, _mails) = world().await;
    let last = "This is the last admin who can log in; make another one first.";
    post(&app.admin(), "/users/delete", &[ADMIN]).await.refuses(400, "operation", last);
    assert_eq!(get(&app.admin(), "/users/info").await.json()["isAdmin"], true);
}

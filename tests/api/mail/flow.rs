//! From a request to the mail and back by its link, over a real mail server.

use docket::origin::Origin;
use serde_json::json;

use super::with;
use crate::support::{Behaviour, Client, MailServer, PASSWORD, TestApp};

const NEW: &str = "another horse entirely";

async fn sign_up(client: &Client) -> String {
    let input = json!({ "email": "mia@example.org", "password": PASSWORD, "username": "mia" });
    client.refused("userSignUp", input).await
}

#[tokio::test]
async fn who_signs_up_forgets_and_moves_gets_there_by_mailed_links() {
    let server = MailServer::with_starttls("docket", "secret").await;
    let app = with(&server).await;
    let nobody = app.anonymous();
    assert_eq!(sign_up(&nobody).await, "OK");
    assert_eq!(app.send_mails().await, 1);
    let token = server.mail_to("mia@example.org").await.token();
    nobody.change("userActivate", json!({ "token": token }), "user { username }").await;
    assert_eq!(nobody.refused("passwordResetRequest", json!({ "email": "mia@example.org" })).await, "OK");
    assert_eq!(app.send_mails().await, 1);
    let reset = server.mail_to("mia@example.org").await;
    assert_eq!(reset.subject(), "Set a new password");
    let input = json!({ "token": reset.token(), "newPassword": NEW });
    nobody.change("passwordReset", input, "user { username }").await;
    let input = json!({ "login": "mia", "password": NEW });
    let token = nobody.change("sessionCreate", input, "token").await["token"].as_str().expect("a token").to_owned();
    let mia = nobody.with_token(token, "");
    let input = json!({ "email": "mia@elsewhere.org", "confirmPassword": NEW });
    assert_eq!(mia.refused("emailChangeRequest", input).await, "OK");
    app.send_mails().await;
    let token = server.mail_to("mia@elsewhere.org").await.token();
    mia.change("emailChangeConfirm", json!({ "token": token }), "user { id }").await;
    let me = mia.data("{ viewer { user { email } } }", json!({})).await;
    assert_eq!(me["viewer"]["user"]["email"], "mia@elsewhere.org");
}

/// What a request says of the server's name stands in no mail.
#[tokio::test]
async fn a_link_leads_to_the_public_address_whatever_a_request_says() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    app.user("ada").await;
    let body =
        json!({ "query": "mutation { passwordResetRequest(input: { email: \"ada@example.org\" }) { __typename } }" });
    for header in ["host", "x-forwarded-host", "forwarded"] {
        let value = if header == "forwarded" { "host=evil.example" } else { "evil.example" };
        let answer = app.anonymous().post("/graphql").header(header, value).json(&body).send().await;
        assert!(answer.expect("an answer").status().as_u16() < 500);
        app.send_mails().await;
    }
    let received = server.received();
    assert!(!received.is_empty());
    for one in received {
        assert!(one.mail.link().starts_with(&app.server.app.config.public_url), "{}", one.mail.link());
        assert!(!one.raw.contains("evil.example"));
    }
}

/// Mail servers are down at times: nobody waits for them, and the mail comes later.
#[tokio::test]
async fn a_sign_up_does_not_wait_for_a_mail_server_that_is_down() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    server.behave(Behaviour::Defer);
    assert_eq!(sign_up(&app.anonymous()).await, "OK");
    app.send_mails().await;
    assert!(server.received().is_empty());
    server.behave(Behaviour::Take);
    app.advance(11);
    app.send_mails().await;
    let token = server.mail_to("mia@example.org").await.token();
    assert_eq!(app.anonymous().refused("userActivate", json!({ "token": token })).await, "OK");
}

/// Where a policy waits for the first attempt, a refusal undoes the account.
#[tokio::test]
async fn where_the_surface_waits_for_the_mail_a_refusal_leaves_no_account() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    server.behave(Behaviour::Refuse);
    let failed = signed_up_by_project_w(&app).await;
    assert!(failed.is_err(), "{failed:?}");
    let found = app.admin().data("{ users { nodes { username } } }", json!({})).await;
    assert_eq!(found["users"]["nodes"], json!([{ "username": "admin" }]));
    server.behave(Behaviour::Take);
    app.advance(3_600);
    assert_eq!(app.send_mails().await, 0, "nothing is sent later");
    signed_up_by_project_w(&app).await.expect("now it goes");
    let mail = server.mail_to("mia@example.org").await;
    assert_eq!(mail.subject(), "Project-W account activation");
    assert!(mail.text.lines().nth(2).expect("three lines").contains("/activate?token="));
}

async fn signed_up_by_project_w(app: &TestApp) -> docket::error::Result<()> {
    use docket::{domain::user, origin, viewer::Viewer};
    let via = origin::Via { origin: Origin::ProjectW, client: origin::Client::default() };
    let new = user::SignUp {
        email: "mia@example.org".to_owned(),
        password: "Aa1!Aa1!Aa1!Aa1!".into(),
        username: None,
        first_name: None,
        last_name: None,
    };
    user::sign_up(&app.server.app, &Viewer::Anonymous, &via, new).await.map(|_| ())
}

#[tokio::test]
async fn any_server_sends_the_mail_and_any_takes_its_link() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    let settings = server.settings();
    let Some(replica) = app.replica_with(|config| config.mail = settings).await else { return };
    assert_eq!(sign_up(&app.anonymous()).await, "OK");
    let (here, there) = tokio::join!(replica.send_mails(), app.send_mails());
    assert_eq!(here + there, 1);
    let token = server.only().mail.token();
    assert_eq!(replica.anonymous().refused("userActivate", json!({ "token": token })).await, "OK");
    assert_ne!(app.anonymous().refused("userActivate", json!({ "token": token })).await, "OK", "it is used up");
}

//! What the older surfaces ask of the same operations: chosen by the origin of a request, which nobody can choose.

use docket::{
    domain::{
        session,
        user::{self, SignUp},
    },
    error::{Code, Result},
    origin::{Client, Origin, Via},
    viewer::Viewer,
};
use serde_json::json;

use super::{last_mail, lives, mails_to};
use crate::support::{Behaviour, MailServer, PASSWORD, TestApp};

/// It fits Project-W's rule, too.
const STRONG: &str = "Correct horse 1!";

fn by(origin: Origin) -> Via {
    Via { origin, client: Client::default() }
}

fn new(email: &str, password: &str) -> SignUp {
    SignUp { email: email.into(), password: password.into(), username: None, first_name: None, last_name: None }
}

async fn sign_up(app: &TestApp, origin: Origin, email: &str, password: &str) -> Result<()> {
    user::sign_up(&app.server.app, &Viewer::Anonymous, &by(origin), new(email, password)).await.map(|_| ())
}

async fn log_in(app: &TestApp, origin: Origin, login: &str, password: &str) -> Result<session::Login> {
    session::create(&app.server.app, &by(origin), login, password.into()).await
}

fn code<T>(result: Result<T>) -> Option<Code> {
    result.err().map(|error| error.code())
}

#[tokio::test]
async fn project_w_has_its_password_rule_its_addresses_and_its_links() {
    let app = TestApp::with(|config| {
        config.project_w.client_url = "https://pw.example.org/#".into();
        config.project_w.email_domains = vec!["test.com".into()];
    })
    .await;
    let origin = Origin::ProjectW;
    for (email, password) in [("a@test.com", PASSWORD), ("a@other.com", STRONG), ("a@TEST.com", STRONG)] {
        assert_eq!(code(sign_up(&app, origin, email, password).await), Some(Code::Invalid), "{email} {password}");
    }
    sign_up(&app, origin, "Ada@test.com", STRONG).await.expect("it is taken");
    assert_eq!(code(sign_up(&app, origin, "ada@test.com", STRONG).await), Some(Code::AlreadyExists), "a twin");
    assert!(last_mail(&app, "Ada@test.com").await.link().starts_with("https://pw.example.org/#/activate?token="));
    assert_eq!(code(log_in(&app, origin, "ada@test.com", STRONG).await), Some(Code::Unauthenticated), "exactly");
    let login = log_in(&app, origin, "Ada@test.com", STRONG).await.expect("unconfirmed, and in");
    let (made, ends) = (login.session.created_at, login.session.expires_at);
    assert_eq!(ends.0 - made.0, 60 * 60 * 1_000_000);
    // An hour, however busy; and for a week it is told from one that never was.
    let token = login.token.expose().to_owned();
    app.advance(3_590);
    assert!(lives(&app.anonymous().with_token(&*token, "")).await);
    app.advance(11);
    assert!(!lives(&app.anonymous().with_token(&*token, "")).await);
    assert!(session::is_over(&app.server.app, &token).await.expect("an answer"));
    assert!(!session::is_over(&app.server.app, &format!("dks_{}", "A".repeat(43))).await.expect("an answer"));
}

#[tokio::test]
async fn project_w_ends_every_session_with_a_new_password() {
    let app = TestApp::new().await;
    sign_up(&app, Origin::ProjectW, "ada@test.com", STRONG).await.expect("it is taken");
    let login = log_in(&app, Origin::ProjectW, "ada@test.com", STRONG).await.expect("it is right");
    let viewer = session::authenticate(&app.server.app, Some(login.token.expose())).await.expect("a viewer");
    let (confirmed, password) = (Some(STRONG.into()), "Another horse 2?".into());
    user::change_password(&app.server.app, &viewer, &by(Origin::ProjectW), confirmed, password).await.expect("done");
    assert!(!lives(&app.anonymous().with_token(login.token.expose(), "")).await);
}

#[tokio::test]
async fn project_w_makes_no_account_when_the_mail_cannot_be_sent() {
    let server = MailServer::new().await;
    let settings = server.settings();
    let app = TestApp::with(|config| config.mail = settings).await;
    server.behave(Behaviour::Refuse);
    assert_eq!(code(sign_up(&app, Origin::ProjectW, "ada@test.com", STRONG).await), Some(Code::InvalidState));
    assert_eq!(app.admin().data("{ users { totalCount } }", json!({})).await["users"]["totalCount"], 1);
    app.user("ada").await;
    let (docket, via) = (&app.server.app, by(Origin::ProjectW));
    let asked = user::request_reset(docket, &Viewer::Anonymous, &via, "ada@example.org".into()).await;
    assert_eq!(code(asked), Some(Code::InvalidState));
    let unknown = user::request_reset(docket, &Viewer::Anonymous, &via, "bob@example.org".into()).await;
    unknown.expect("whether it exists is not told");
    server.behave(Behaviour::Take);
    sign_up(&app, Origin::ProjectW, "ada@test.com", STRONG).await.expect("the mail went");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn backrest_lets_in_who_has_confirmed_and_logs_in_by_confirming() {
    let app = TestApp::with(|config| config.backrest.client_url = "https://backrest.example.org".into()).await;
    let origin = Origin::Backrest;
    assert_eq!(code(sign_up(&app, origin, "alice@foo", "alice").await), Some(Code::Invalid));
    sign_up(&app, origin, "Alice@foo.bar", "alice").await.expect("any password does there");
    assert_eq!(code(sign_up(&app, origin, "alice@foo.bar", "alice").await), Some(Code::AlreadyExists));
    assert_eq!(code(log_in(&app, origin, "alice@foo.bar", "alice").await), Some(Code::Unauthenticated));
    let ask = |email: &str| {
        let (app, email) = (app.server.app.clone(), email.to_owned());
        async move { user::request_reset(&app, &Viewer::Anonymous, &by(Origin::Backrest), email).await }
    };
    for email in ["alice@foo.bar", "ernie"] {
        assert_eq!(code(ask(email).await), Some(Code::NotFound), "{email}");
    }
    let mail = last_mail(&app, "Alice@foo.bar").await;
    assert!(mail.link().starts_with("https://backrest.example.org/-/signup?token="), "{}", mail.link());
    let via = by(origin);
    let confirmed = user::activate(&app.server.app, &Viewer::Anonymous, &via, &mail.token()).await.expect("confirmed");
    let login = confirmed.login.expect("a log-in");
    assert!(lives(&app.anonymous().with_token(login.token.expose(), "")).await);
    log_in(&app, origin, "ALICE@foo.bar", "alice").await.expect("confirmed, and in");
    ask("ALICE@foo.bar").await.expect("it exists");
    assert_eq!(mails_to(&app, "Alice@foo.bar").await, 2);
}

#[tokio::test]
async fn backrest_changes_an_address_only_for_who_is_logged_in() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let viewer_of = async |client: &crate::support::Client| {
        session::authenticate(&app.server.app, client.token.as_deref()).await.expect("a viewer")
    };
    let (of_ada, of_bob) = (viewer_of(&ada).await, viewer_of(&bob).await);
    let via = by(Origin::Backrest);
    let confirmed = Some(PASSWORD.into());
    user::request_email_change(&app.server.app, &of_ada, &via, None, "ada@new.org".into(), confirmed)
        .await
        .expect("a mail");
    app.send_mails().await;
    let mail = app.mails().pop().expect("a mail");
    let token = mail.text.split_once("/-/email/").expect("a link").1.split_whitespace().next().expect("a token");
    for viewer in [&Viewer::Anonymous, &of_bob] {
        let refused = user::confirm_email(&app.server.app, viewer, &via, token).await;
        assert_eq!(code(refused), Some(Code::Forbidden));
    }
    user::confirm_email(&app.server.app, &of_ada, &via, token).await.expect("it is hers");
    assert!(lives(&ada).await);
}

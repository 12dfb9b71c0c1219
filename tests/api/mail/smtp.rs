use docket::domain::mail::{self, Attempt};
use entity::mail::State;

use super::{LINK, queued, stored, to, with};
use crate::support::{Behaviour, MailServer, TestApp};

#[tokio::test]
async fn mail_goes_plainly_after_starttls_and_by_tls() {
    let (name, password) = ("docket", "an-unmistakable-mail-password");
    let servers = [
        (MailServer::new().await, false, false),
        (MailServer::with_login(name, password).await, true, false),
        (MailServer::with_starttls(name, password).await, true, true),
        (MailServer::with_tls(name, password).await, true, true),
    ];
    for (server, logs_in, encrypted) in servers {
        let app = with(&server).await;
        queued(&app, to("ada@example.org")).await;
        assert_eq!(app.send_mails().await, 1);
        let one = server.only();
        assert_eq!((one.from.as_str(), one.to), ("docket@lab.example.org", vec!["ada@example.org".to_owned()]));
        assert_eq!(one.mail.value("from"), "Docket <docket@lab.example.org>");
        assert_eq!(one.mail.link(), LINK);
        assert_eq!(one.login, logs_in.then(|| (name.to_owned(), password.to_owned())));
        assert_eq!(one.encrypted, encrypted);
    }
}

#[tokio::test]
async fn nothing_is_said_in_clear_when_starttls_is_wanted_and_not_there() {
    let server = MailServer::with_login("docket", "secret").await;
    let mut settings = server.settings();
    settings.security = docket::config::MailSecurity::StartTls;
    let app = TestApp::with(|config| config.mail = settings).await;
    let id = queued(&app, to("ada@example.org")).await;
    app.send_mails().await;
    assert!(server.received().is_empty());
    let row = stored(&app, id).await;
    assert_eq!(row.state, State::Queued, "settings may be put right");
    assert!(row.last_error.expect("a reason").contains("STARTTLS"));
}

#[tokio::test]
async fn a_certificate_of_nobody_is_not_believed() {
    let server = MailServer::with_tls("docket", "secret").await;
    let mut settings = server.settings();
    settings.ca_file = String::new();
    let app = TestApp::with(|config| config.mail = settings).await;
    let id = queued(&app, to("ada@example.org")).await;
    app.send_mails().await;
    assert!(server.received().is_empty());
    assert!(stored(&app, id).await.last_error.expect("a reason").contains("certificate"));
}

#[tokio::test]
async fn a_wrong_password_is_about_the_settings_and_not_about_the_mail() {
    let server = MailServer::with_login("docket", "secret").await;
    let mut settings = server.settings();
    settings.password = "mistyped".into();
    let app = TestApp::with(|config| config.mail = settings).await;
    let id = queued(&app, to("ada@example.org")).await;
    app.send_mails().await;
    let row = stored(&app, id).await;
    assert_eq!((row.state, row.attempts), (State::Queued, 1));
    let reason = row.last_error.expect("a reason");
    assert!(reason.contains("wrong name or password") && !reason.contains("mistyped"), "{reason}");
}

/// Refused for now, gone in the middle, not there at all: the mail waits ever longer, and goes when it can.
#[tokio::test]
async fn what_does_not_go_now_goes_later() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    let id = queued(&app, to("ada@example.org")).await;
    let waits = [(Behaviour::Defer, 10), (Behaviour::Drop, 40), (Behaviour::Defer, 160)];
    for (attempt, (behaviour, seconds)) in (1..).zip(waits) {
        server.behave(behaviour);
        assert_eq!(app.send_mails().await, 1);
        let row = stored(&app, id).await;
        assert_eq!((row.state, row.attempts), (State::Queued, attempt));
        assert!(row.last_error.is_some());
        app.advance(seconds - 1);
        assert_eq!(app.send_mails().await, 0, "it is not due yet");
        app.advance(2);
    }
    server.behave(Behaviour::Take);
    assert_eq!(app.send_mails().await, 1);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up() {
    // A port where nobody listens any more.
    let settings = MailServer::new().await.settings();
    let app = TestApp::with(|config| config.mail = settings).await;
    let mut short = to("ada@example.org");
    short.hours = 1;
    let (short, long) = (queued(&app, short).await, queued(&app, to("bob@example.org")).await);
    for _ in 0..30 {
        app.send_mails().await;
        app.advance(3_601);
    }
    for (id, most) in [(short, 6), (long, 30)] {
        let row = stored(&app, id).await;
        assert_eq!((row.state, row.sealed), (State::Failed, None));
        assert!(row.last_error.is_some() && (1..=most).contains(&row.attempts), "{} attempts", row.attempts);
    }
    assert!(stored(&app, short).await.attempts < stored(&app, long).await.attempts, "a dead link is not sent");
    app.advance(31 * 86_400);
    while mail::prune(&app.server.app).await.expect("it is tidied") > 0 {}
    assert!(
        mail::list(&app.server.app, &docket::viewer::Viewer::local_operator(), None).await.expect("a list").is_empty()
    );
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_holds_nobody_up() {
    let server = MailServer::new().await;
    let mut settings = server.settings();
    settings.timeout_seconds = 1;
    let app = TestApp::with(|config| config.mail = settings).await;
    server.behave(Behaviour::Stall);
    let id = queued(&app, to("ada@example.org")).await;
    let outcome = mail::first_attempt(&app.server.app, id).await.expect("an outcome");
    assert!(matches!(&outcome, Attempt::Failed(reason) if reason.contains("1s")), "{outcome:?}");
}

/// Nobody can know whether a mail whose acknowledgement was lost has arrived: it is sent again, as the same mail.
#[tokio::test]
async fn a_mail_without_an_answer_is_sent_again_under_the_same_name() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    server.behave(Behaviour::DropAfter);
    queued(&app, to("ada@example.org")).await;
    app.send_mails().await;
    server.behave(Behaviour::Take);
    app.advance(11);
    app.send_mails().await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].mail.value("message-id"), received[1].mail.value("message-id"));
}

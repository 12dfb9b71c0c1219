use docket::{
    domain::mail::{self, Attempt, Template},
    error::Error,
    origin::Origin,
};
use entity::mail::State;

use super::{LINK, enqueue, queued, stored, to, with};
use crate::support::{Behaviour, MailServer, TestApp};

#[tokio::test]
async fn without_a_mail_server_mails_become_files() {
    let app = TestApp::new().await;
    let id = queued(&app, to("ada@example.org")).await;
    assert_eq!(app.send_mails().await, 1);
    let mails = app.mails();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.value("to"), "ada@example.org");
    assert_eq!(mail.subject(), "Please confirm your account");
    assert_eq!(mail.link(), LINK);
    assert!(mail.html.as_ref().expect("HTML").contains("<strong>Activate the account</strong>"));
    assert_eq!(stored(&app, id).await.state, State::Sent);
    assert_eq!(app.send_mails().await, 0, "it is sent once");
}

#[tokio::test]
async fn what_was_sent_is_forgotten_and_what_waits_is_sealed() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    server.behave(Behaviour::Defer);
    let id = queued(&app, to("ada@example.org")).await;
    for _ in 0..2 {
        let sealed = stored(&app, id).await.sealed.expect("it waits");
        assert!(!sealed.windows(8).any(|part| LINK.as_bytes().windows(8).any(|link| link == part)), "it can be read");
        app.send_mails().await;
    }
    server.behave(Behaviour::Take);
    app.advance(11);
    assert_eq!(app.send_mails().await, 1);
    assert_eq!(server.only().mail.link(), LINK);
    let row = stored(&app, id).await;
    assert_eq!((row.state, row.sealed, row.attempts), (State::Sent, None, 2));
}

#[tokio::test]
async fn a_mail_is_written_with_what_causes_it_or_not_at_all() {
    let app = TestApp::new().await;
    let (parts, db) = (app.server.app.clone(), app.server.app.db.clone());
    let undone = db.write(parts, |tx, app| {
        Box::pin(async move {
            mail::enqueue(app, tx, to("ada@example.org")).await?;
            Err::<(), _>(Error::InvalidState("Not today.".into()))
        })
    });
    undone.await.expect_err("it was undone");
    assert_eq!(app.send_mails().await, 0);
}

#[tokio::test]
async fn no_address_and_no_name_breaks_out_of_its_line() {
    let app = TestApp::new().await;
    let injections =
        ["ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org", "ada@example.org\0"];
    for address in ["", "ada", "@", "ada@", "ada@exa mple.org", "<ada@example.org>"].into_iter().chain(injections) {
        let error = enqueue(&app, to(address)).await.expect_err(address);
        assert!(matches!(error, Error::Invalid(_)), "{address:?}: {error:?}");
    }
    let lines = "eve\r\nBcc: eve@example.org\r\n\r\nClick http://eve.example";
    for name in [lines, "Click www.eve.example", "<a href=x>"] {
        let mut mail = to("ada@example.org");
        (mail.origin, mail.name, mail.username) = (Origin::Backrest, Some(name.to_owned()), lines.to_owned());
        queued(&app, mail).await;
    }
    app.send_mails().await;
    let mails = app.mails();
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert_eq!(mail.value("to"), "ada@example.org");
        assert!(!mail.head.iter().any(|(name, _)| name == "bcc"), "{mail:?}");
        assert!(mail.text.starts_with("Hello ,\n") && !mail.text.contains("eve"), "{}", mail.text);
    }
}

#[tokio::test]
async fn each_surface_has_its_own_words() {
    let app = TestApp::new().await;
    let wanted = [
        (Origin::ProjectW, Template::Activation, "Project-W account activation", false),
        (Origin::ProjectW, Template::PasswordReset, "Project-W password reset request", false),
        (Origin::Backrest, Template::Activation, "Please confirm your account", true),
        (Origin::Backrest, Template::PasswordReset, "Password reset", true),
        (Origin::Backrest, Template::EmailChange, "Confirm your email address", true),
        (Origin::TopChef, Template::PasswordReset, "Set a new password", true),
    ];
    for (origin, template, ..) in wanted {
        let mut mail = to("ada@example.org");
        (mail.origin, mail.template, mail.name) = (origin, template, Some("Ada".to_owned()));
        queued(&app, mail).await;
        app.send_mails().await;
        app.advance(2);
    }
    for (mail, (origin, template, subject, has_html)) in app.mails().iter().zip(wanted) {
        assert_eq!((mail.subject(), mail.html.is_some()), (subject.to_owned(), has_html), "{origin:?} {template:?}");
        if origin == Origin::ProjectW {
            assert_eq!(mail.text.lines().nth(2), Some(LINK), "the third line is the link alone");
            assert_eq!(mail.value("content-type"), "text/plain; charset=utf-8");
            assert_eq!(mail.value("content-transfer-encoding"), "quoted-printable");
        }
        if origin == Origin::Backrest {
            assert!(mail.text.starts_with("Hello Ada,\n"), "{}", mail.text);
        }
    }
}

#[tokio::test]
async fn a_first_attempt_says_how_it_went() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    let id = queued(&app, to("ada@example.org")).await;
    assert_eq!(mail::first_attempt(&app.server.app, id).await.expect("an outcome"), Attempt::Sent);
    server.behave(Behaviour::Refuse);
    let id = queued(&app, to("nobody@example.org")).await;
    let outcome = mail::first_attempt(&app.server.app, id).await.expect("an outcome");
    assert!(matches!(&outcome, Attempt::Failed(reason) if reason.contains("nobody of this name")), "{outcome:?}");
    assert_eq!(stored(&app, id).await.state, State::Failed, "such an answer is for good");
}

#[tokio::test]
async fn what_is_withdrawn_is_not_sent_later() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    server.behave(Behaviour::Defer);
    app.user("ada").await;
    let operator = docket::viewer::Viewer::local_operator();
    let user = docket::domain::user::get_by(&app.server.app, &operator, None, Some("ada"), None).await;
    let user = user.expect("ada").id;
    let mine = |mut mail: mail::NewMail| {
        mail.user_id = Some(user);
        mail
    };
    let (by_id, by_user) = (queued(&app, to("a@example.org")).await, queued(&app, mine(to("b@example.org"))).await);
    let kept = queued(&app, to("c@example.org")).await;
    let mut of_nobody = to("d@example.org");
    of_nobody.user_id = Some(999_999);
    let of_nobody = queued(&app, of_nobody).await;
    mail::first_attempt(&app.server.app, by_id).await.expect("an outcome");
    let taken = app.server.app.db.write((by_id, user), |tx, (id, user)| {
        Box::pin(async move {
            mail::withdraw(tx, *id).await?;
            mail::withdraw_all(tx, *user).await
        })
    });
    taken.await.expect("they are taken back");
    server.behave(Behaviour::Take);
    app.advance(3_600);
    app.send_mails().await;
    assert_eq!(server.only().to, ["c@example.org"]);
    for (id, state) in
        [(by_id, State::Withdrawn), (by_user, State::Withdrawn), (kept, State::Sent), (of_nobody, State::Failed)]
    {
        let row = stored(&app, id).await;
        assert_eq!((row.state, row.sealed), (state, None));
    }
}

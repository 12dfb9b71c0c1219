//! Several servers of one database share the outbox.

use std::collections::BTreeSet;

use docket::domain::mail::{self, Attempt};

use super::{queued, to, with};
use crate::support::{Behaviour, MailServer};

#[tokio::test]
async fn each_mail_is_sent_once_whoever_looks() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    let settings = server.settings();
    let Some(replica) = app.replica_with(|config| config.mail = settings).await else { return };
    let wanted: BTreeSet<String> = (0..40).map(|n| format!("user{n}@example.org")).collect();
    for address in &wanted {
        queued(&app, to(address)).await;
    }
    let (here, there) = tokio::join!(app.send_mails(), replica.send_mails());
    assert_eq!(here + there, wanted.len());
    let received = server.received();
    assert_eq!(received.len(), wanted.len());
    let got: BTreeSet<String> = received.into_iter().flat_map(|one| one.to).collect();
    assert_eq!(got, wanted);
}

#[tokio::test]
async fn a_server_that_dies_over_a_mail_leaves_it_to_another() {
    let server = MailServer::new().await;
    let app = with(&server).await;
    let settings = server.settings();
    let Some(replica) = app.replica_with(|config| config.mail = settings).await else { return };
    server.behave(Behaviour::Stall);
    let id = queued(&app, to("ada@example.org")).await;
    let parts = app.server.app.clone();
    let dying = tokio::spawn(async move { mail::first_attempt(&parts, id).await });
    server.met(1).await;
    dying.abort();
    server.behave(Behaviour::Take);
    assert_eq!(replica.send_mails().await, 0, "it may still be on its way");
    app.advance(31);
    assert_eq!(replica.send_mails().await, 1);
    assert_eq!(server.only().to, ["ada@example.org"]);
    assert_eq!(mail::first_attempt(&app.server.app, id).await.expect("an outcome"), Attempt::Sent);
}

//! Mail: the outbox, the mail server at the other end of it, and everything that can go wrong between them.

mod outbox;
mod replica;
mod smtp;

use docket::{
    domain::mail::{self, NewMail, Template},
    error::Result,
    origin::Origin,
};
use entity::mail as row;
use sea_orm::EntityTrait;

use crate::support::{MailServer, TestApp};

/// A secret that no other text is like.
const LINK: &str = "http://127.0.0.1:1/activate?token=dko_AnUnmistakableTokenOfAMailedLinkForTheTests";

fn to(address: &str) -> NewMail {
    NewMail {
        to: address.to_owned(),
        template: Template::Activation,
        origin: Origin::GraphQl,
        user_id: None,
        link: Some(LINK.into()),
        username: "ada".to_owned(),
        name: None,
        address: address.to_owned(),
        hours: 24,
    }
}

async fn enqueue(app: &TestApp, new: NewMail) -> Result<i64> {
    let (app, db) = (app.server.app.clone(), app.server.app.db.clone());
    let write =
        db.write((app, new), |tx, (app, new)| Box::pin(async move { mail::enqueue(app, tx, new.clone()).await }));
    write.await
}

async fn queued(app: &TestApp, new: NewMail) -> i64 {
    enqueue(app, new).await.expect("it is in the outbox")
}

async fn stored(app: &TestApp, id: i64) -> row::Model {
    let found = row::Entity::find_by_id(id).one(app.server.app.db.read()).await;
    found.expect("the outbox can be read").expect("it is there")
}

/// A server whose mails go to this one.
async fn with(server: &MailServer) -> TestApp {
    let settings = server.settings();
    TestApp::with(|config| config.mail = settings).await
}

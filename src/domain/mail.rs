//! Mail: an outbox, written in the transaction that causes a mail, and sent from there by whichever server comes first.
//!
//! What a mail says is sealed in the database until it is sent, and removed then: a link in it is as good as a password,
//! and a copy of the database must open nothing.

use std::time::Duration;

use entity::{
    Time,
    mail::{self, State},
};
use lettre::Address;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::{letter::Values, mailer, secret},
    origin::Origin,
    viewer::Viewer,
};

mod send;

pub use send::{keep_sending, prune, send_due};

/// How long [`first_attempt`] waits.
const FIRST_ATTEMPT: Duration = Duration::from_secs(10);
/// Mails that a list shows at most.
const LISTED: u64 = 1_000;

/// Which mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A link that confirms the address of a new account.
    Activation,
    /// A link to set a new password.
    PasswordReset,
    /// A link, to the new address, that confirms it.
    EmailChange,
    /// To the old address: there is a new one.
    EmailChanged,
    /// The password was changed.
    PasswordChanged,
    /// Somebody wanted to sign up with an address that has an account.
    AddressTaken,
    /// Mail works.
    Test,
}

impl Template {
    /// The name of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::PasswordReset => "password-reset",
            Self::EmailChange => "email-change",
            Self::EmailChanged => "email-changed",
            Self::PasswordChanged => "password-changed",
            Self::AddressTaken => "address-taken",
            Self::Test => "test",
        }
    }
}

/// A mail to send.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// The address that it goes to.
    pub to: String,
    /// Which mail.
    pub template: Template,
    /// Whose words it is written in.
    pub origin: Origin,
    /// The user whom it is about (`user.id`): it is not sent any more when that one is gone.
    pub user_id: Option<i64>,
    /// What to click, secret and all: an absolute URL, made from `public_url` or from the surface's own setting, never from
    /// what a request says.
    pub link: Option<SecretString>,
    /// The user name.
    pub username: String,
    /// The given name, where it is known.
    pub name: Option<String>,
    /// The address that the mail is about.
    pub address: String,
    /// For how many hours the link is good, from now on.
    pub hours: u32,
}

/// What is sealed of a mail.
#[derive(Serialize, Deserialize)]
struct Content {
    link: String,
    username: String,
    name: String,
    address: String,
    hours: u32,
}

impl Content {
    fn values(self, app: &App) -> Values {
        let Self { link, username, name, address, hours } = self;
        Values { link, username, name, address, hours, public_url: app.config.public_url.clone() }
    }
}

/// Writes a mail into the outbox, in the caller's transaction: it is sent when, and only when, that is committed.
///
/// Returns its id, for [`first_attempt`] and [`withdraw`]. Fails with INVALID on `email` for an address to which no mail
/// can go.
pub async fn enqueue(app: &App, tx: &Tx, new: NewMail) -> Result<i64> {
    let to = read_address(&new.to)?;
    let uid = secret::uid();
    let content = Content {
        link: new.link.as_ref().map_or_else(String::new, |link| link.expose_secret().to_owned()),
        username: new.username,
        name: new.name.as_deref().map_or_else(String::new, plain),
        address: new.address,
        hours: new.hours,
    };
    let text = serde_json::to_vec(&content).map_err(Error::internal)?;
    let sealed = app.mailer.key(&app.storage).await?.seal(&text, uid.as_bytes());
    let give_up = i64::from(app.config.mail.give_up_hours);
    // A link that is over is not worth sending.
    let hours = if new.link.is_some() { give_up.min(i64::from(new.hours)) } else { give_up };
    let row = mail::ActiveModel {
        uid: Set(uid),
        recipient: Set(to.to_string()),
        template: Set(new.template.name().to_owned()),
        origin: Set(new.origin.word().to_owned()),
        user_id: Set(new.user_id),
        sealed: Set(Some(sealed)),
        state: Set(State::Queued),
        attempts: Set(0),
        due_at: Set(tx.now),
        leased_until: Set(None),
        expires_at: Set(tx.now.plus_seconds(hours * 3600)),
        last_error: Set(None),
        created_at: Set(tx.now),
        ended_at: Set(None),
        ..Default::default()
    };
    Ok(mail::Entity::insert(row).exec_with_returning(&tx.db).await?.id)
}

fn read_address(text: &str) -> Result<Address> {
    mailer::address(text).ok_or_else(|| Error::invalid("email", "No mail can be sent to this address."))
}

/// A name as a greeting shows it. People may call themselves what they like, but not send others links in our name.
fn plain(name: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '/' | ':' | '@' | '<' | '>');
    if name.contains(odd) || name.to_lowercase().contains("www.") { String::new() } else { name.to_owned() }
}

/// What came of a first attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The mail server took the mail.
    Sent,
    /// It did not, or not within 10 seconds; why. The mail still waits, unless that was for good: who does not want it sent
    /// any more withdraws it.
    Failed(String),
}

/// Sends a mail that was just written, or waits while another server does: for at most 10 seconds.
pub async fn first_attempt(app: &App, id: i64) -> Result<Attempt> {
    let watched = async {
        loop {
            if let Some(outcome) = send::attempt(app, id, send::Due::Whenever).await? {
                return Ok(outcome);
            }
            // Another server's attempt has it: look for what comes of it.
            if let Some(outcome) = send::outcome(app, id).await? {
                return Ok(outcome);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(FIRST_ATTEMPT, watched).await {
        Ok(outcome) => outcome,
        Err(_) => Ok(Attempt::Failed(format!("no answer of the mail server within {FIRST_ATTEMPT:?}"))),
    }
}

/// Takes a mail back that was not sent yet.
pub async fn withdraw(tx: &Tx, id: i64) -> Result<()> {
    take_back(tx, mail::Column::Id.eq(id)).await
}

/// Takes back everything about a user (`user.id`) that was not sent yet.
pub async fn withdraw_all(tx: &Tx, user_id: i64) -> Result<()> {
    take_back(tx, mail::Column::UserId.eq(user_id)).await
}

async fn take_back(tx: &Tx, which: sea_orm::sea_query::SimpleExpr) -> Result<()> {
    let change = mail::ActiveModel {
        state: Set(State::Withdrawn),
        sealed: Set(None),
        leased_until: Set(None),
        ended_at: Set(Some(tx.now)),
        ..Default::default()
    };
    let waiting = mail::Entity::update_many().set(change).filter(mail::Column::State.eq(State::Queued));
    waiting.filter(which).exec(&tx.db).await?;
    Ok(())
}

/// Mails, newest first; at most 1,000. Only an admin may ask.
pub async fn list(app: &App, viewer: &Viewer, state: Option<State>) -> Result<Vec<mail::Model>> {
    viewer.require_admin()?;
    let mut query = mail::Entity::find().order_by_desc(mail::Column::Id).limit(LISTED);
    if let Some(state) = state {
        query = query.filter(mail::Column::State.eq(state));
    }
    Ok(query.all(app.db.read()).await?)
}

/// Makes every mail that waits for its next attempt due now, and says how many those are. Only an admin may.
pub async fn retry(app: &App, viewer: &Viewer) -> Result<u64> {
    viewer.require_admin()?;
    app.db
        .write((), |tx, ()| {
            Box::pin(async move {
                let change = mail::ActiveModel { due_at: Set(tx.now), ..Default::default() };
                let waiting = mail::Entity::update_many().set(change).filter(mail::Column::State.eq(State::Queued));
                Ok(waiting.filter(mail::Column::DueAt.gt(tx.now)).exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}

/// Sends a test to an address, past the outbox. Only an admin may.
///
/// Fails with INVALID on `email` for an address to which no mail can go, and with UNAVAILABLE and the reason when the
/// mail server does not take it.
pub async fn test(app: &App, viewer: &Viewer, to: &str) -> Result<()> {
    viewer.require_admin()?;
    let to = read_address(to)?;
    let values = Values { public_url: app.config.public_url.clone(), ..Values::default() };
    let letter = app.mailer.letters.write(Template::Test.name(), Origin::GraphQl.word(), &values)?;
    let sent = app.mailer.send(secret::uid(), &to, &letter, &app.clock).await;
    sent.map_err(|undelivered| Error::unavailable(format!("The mail was not sent: {}", undelivered.reason)))
}

fn now(app: &App) -> Time {
    Time(app.clock.now_micros())
}

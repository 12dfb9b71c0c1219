//! Sending what waits: each mail by one server at a time, again and again until it goes or its time is over.

use std::time::Duration;

use entity::{
    Time,
    mail::{self, State},
    user,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QuerySelect, sea_query::Expr,
};

use super::{Attempt, Content, now};
use crate::{
    app::App,
    db::Tx,
    domain::due,
    error::{Error, Result},
    infra::mailer::{Undelivered, address},
};

/// Seconds before the second attempt; four times as many before each further one.
const BACKOFF_SECONDS: i64 = 10;
/// Seconds between two attempts at most.
const BACKOFF_MOST: i64 = 3_600;
/// Seconds for which an attempt has a mail beyond what it may take: for the commits around it.
const LEASE_BEYOND: i64 = 20;
/// Days for which it is remembered that a mail was sent, without what it said.
const KEPT_DAYS: i64 = 30;
/// Rows removed in one transaction.
const BATCH: u64 = 1_000;

/// In the order of the index `mail_due`, whose condition it repeats.
const WAITING: due::Due = due::Due {
    what: "a mail",
    sql: "SELECT id, due_at FROM mail WHERE state = 'queued' AND due_at <= ? AND (due_at, id) > (?, ?) \
          ORDER BY due_at, id LIMIT ?",
    moments: 1,
};

/// Which attempts may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Only those whose moment has come.
    Now,
    /// Whatever the moment.
    Whenever,
}

/// Sends what is due until the server stops.
pub async fn keep_sending(app: App) {
    let pause = Duration::from_millis(u64::from(app.config.mail.poll_millis));
    loop {
        if let Err(error) = send_due(&app).await {
            tracing::debug!(?error, "mails that are due cannot be looked for; trying again");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Makes an attempt at every mail that is due, and says how many those were.
pub async fn send_due(app: &App) -> Result<usize> {
    WAITING.each(app, |id| async move { Ok(attempt(app, id, Due::Now).await?.is_some()) }).await
}

/// Makes an attempt at a mail; none when it waits no more, is not due, or another attempt has it.
pub(super) async fn attempt(app: &App, id: i64, due: Due) -> Result<Option<Attempt>> {
    let lease = i64::try_from(app.mailer.limit().as_secs()).unwrap_or(i64::MAX / 2) + LEASE_BEYOND;
    let input = (id, lease, due);
    let claimed = app.db.write(input, |tx, (id, lease, due)| Box::pin(claim(tx, *id, *lease, *due)));
    let Some(row) = claimed.await? else { return Ok(None) };
    let outcome = deliver(app, &row).await;
    let told = match &outcome {
        Ok(()) => Attempt::Sent,
        Err(undelivered) => Attempt::Failed(undelivered.reason.clone()),
    };
    if let Err(undelivered) = &outcome {
        let Undelivered { reason, for_good } = undelivered;
        tracing::warn!(mail = %row.uid, template = row.template, attempt = row.attempts, for_good, reason, "a mail did not go");
    }
    app.db.write((row, outcome), |tx, (row, outcome)| Box::pin(settle(tx, row, outcome.as_ref().err()))).await?;
    Ok(Some(told))
}

async fn claim(tx: &Tx, id: i64, lease: i64, due: Due) -> Result<Option<mail::Model>> {
    let free = Condition::any().add(mail::Column::LeasedUntil.is_null()).add(mail::Column::LeasedUntil.lte(tx.now));
    let mut waiting = mail::Entity::update_many()
        .col_expr(mail::Column::Attempts, Expr::col(mail::Column::Attempts).add(1))
        .col_expr(mail::Column::LeasedUntil, Expr::val(tx.now.plus_seconds(lease)))
        .filter(mail::Column::Id.eq(id))
        .filter(mail::Column::State.eq(State::Queued))
        .filter(free);
    if due == Due::Now {
        waiting = waiting.filter(mail::Column::DueAt.lte(tx.now));
    }
    if waiting.exec(&tx.db).await?.rows_affected == 0 {
        return Ok(None);
    }
    Ok(mail::Entity::find_by_id(id).one(&tx.db).await?)
}

async fn deliver(app: &App, row: &mail::Model) -> Result<(), Undelivered> {
    if row.expires_at <= now(app) {
        return Err(Undelivered::for_good(row.last_error.as_deref().unwrap_or("its time was over")));
    }
    let broken = |error: Error| Undelivered::for_now(format!("{error:?}"));
    if let Some(user_id) = row.user_id {
        let known = user::Entity::find_by_id(user_id).select_only().column(user::Column::Id);
        let known: Option<i64> = known.into_tuple().one(app.db.read()).await.map_err(|error| broken(error.into()))?;
        if known.is_none() {
            return Err(Undelivered::for_good("the account is gone"));
        }
    }
    let key = app.mailer.key(&app.storage).await.map_err(broken)?;
    let sealed = row.sealed.as_deref().unwrap_or_default();
    let text = key.open(sealed, row.uid.as_bytes());
    let content: Option<Content> = text.and_then(|text| serde_json::from_slice(&text).ok());
    // Such a mail cannot be read by anybody any more; a new one has to be asked for.
    let content = content.ok_or_else(|| Undelivered::for_good("the key that it was sealed with is not there"))?;
    let letter = app.mailer.letters.write(&row.template, &row.origin, &content.values(app)).map_err(broken)?;
    let to = address(&row.recipient).ok_or_else(|| Undelivered::for_good("the address is none"))?;
    app.mailer.send(row.uid, &to, &letter, &app.clock).await
}

/// Writes down what came of an attempt, unless its time was over and another one has begun, or the mail was withdrawn.
async fn settle(tx: &Tx, row: &mail::Model, undelivered: Option<&Undelivered>) -> Result<()> {
    let ended = |state| mail::ActiveModel {
        state: Set(state),
        sealed: Set(None),
        leased_until: Set(None),
        ended_at: Set(Some(tx.now)),
        ..Default::default()
    };
    let change = match undelivered {
        None => ended(State::Sent),
        Some(undelivered) => {
            let due_at = tx.now.plus_seconds(backoff(row.attempts));
            let rest = if undelivered.for_good || due_at >= row.expires_at {
                ended(State::Failed)
            } else {
                mail::ActiveModel { due_at: Set(due_at), leased_until: Set(None), ..Default::default() }
            };
            mail::ActiveModel { last_error: Set(Some(undelivered.reason.clone())), ..rest }
        }
    };
    let own = mail::Entity::update_many().set(change).filter(mail::Column::Id.eq(row.id));
    let own = own.filter(mail::Column::State.eq(State::Queued)).filter(mail::Column::Attempts.eq(row.attempts));
    own.exec(&tx.db).await?;
    Ok(())
}

/// Seconds to wait after this many attempts.
fn backoff(attempts: i32) -> i64 {
    let times = u32::try_from(attempts - 1).unwrap_or(0);
    let wait = 4_i64.saturating_pow(times).saturating_mul(BACKOFF_SECONDS);
    if wait < BACKOFF_MOST { wait } else { BACKOFF_MOST }
}

/// What came of the attempts so far; none while the first one runs.
pub(super) async fn outcome(app: &App, id: i64) -> Result<Option<Attempt>> {
    let Some(row) = mail::Entity::find_by_id(id).one(app.db.read()).await? else {
        return Ok(Some(Attempt::Failed("it was withdrawn".to_owned())));
    };
    Ok(match row.state {
        State::Sent => Some(Attempt::Sent),
        State::Withdrawn => Some(Attempt::Failed("it was withdrawn".to_owned())),
        State::Queued | State::Failed => row.last_error.map(Attempt::Failed),
    })
}

/// Removes a batch of the rows of mails that went or were given up a month ago, and says how many those were.
pub async fn prune(app: &App) -> Result<u64> {
    let before: Time = now(app).plus_seconds(-86_400 * KEPT_DAYS);
    let old = mail::Entity::find().select_only().column(mail::Column::Id).filter(mail::Column::EndedAt.lt(before));
    let ids: Vec<i64> = old.limit(BATCH).into_tuple().all(app.db.read()).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    app.db
        .write(ids, |tx, ids| {
            Box::pin(async move {
                let old = mail::Entity::delete_many().filter(mail::Column::Id.is_in(ids.iter().copied()));
                Ok(old.exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_ever_more_slowly() {
        let waits: Vec<i64> = (1..=7).map(backoff).collect();
        assert_eq!(waits, [10, 40, 160, 640, 2_560, 3_600, 3_600]);
        assert_eq!(backoff(i32::MAX), 3_600);
    }
}

//! Probes: is a server there, and what does it offer?
//!
//! Every server of a database looks for those that are due. A probe is held by a key and an end in the row, so that one
//! server is asked once at a time, whoever asks, and one whose prober died is asked again.

use std::time::Duration;

use entity::{Time, server};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{LockBehavior, LockType},
};
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

use super::{
    merge::merge,
    offer::{self, Offer},
    write::{may_ask, other, present},
};
use crate::{
    app::App,
    db::Tx,
    domain::meter,
    error::{Error, Result},
    infra::secret,
    viewer::Viewer,
};

/// Servers that are probed at once by one process.
const AT_ONCE: usize = 8;
/// Longest pause between two probes of a server that does not answer, unless it is longer when it does.
const LONGEST_PAUSE: i64 = 3_600;
/// Seconds after its time is over until a probe counts as lost: what it found out must be written down, too.
const GRACE: i64 = 20;

/// What a probe found out: an offer, or why there is none.
type Outcome = std::result::Result<Offer, String>;

/// A probe that this process holds.
#[derive(Clone, Debug)]
struct Held {
    server: server::Model,
    key: i64,
}

/// Probes what is due, every `federation.look_seconds` until the server stops.
pub async fn keep_probing(app: App) {
    let pause = Duration::from_secs(u64::from(app.config.federation.look_seconds));
    let work = async {
        loop {
            if let Err(error) = probe_due(&app).await {
                tracing::warn!(?error, "servers were not probed; the next look tries again");
            }
            tokio::time::sleep(pause).await;
        }
    };
    app.shutdown.run_until_cancelled(work).await;
}

/// Probes each server that is due once; says how many those were.
pub async fn probe_due(app: &App) -> Result<usize> {
    let (mut done, mut under_way) = (0, JoinSet::new());
    while let Some(held) = take_due(app).await? {
        done += 1;
        if under_way.len() >= AT_ONCE {
            note(under_way.join_next().await);
        }
        under_way.spawn(conclude(app.clone(), held));
    }
    while let Some(ended) = under_way.join_next().await {
        note(Some(ended));
    }
    Ok(done)
}

fn note(ended: Option<std::result::Result<Result<Option<server::Model>>, tokio::task::JoinError>>) {
    match ended {
        None | Some(Ok(Ok(_))) => {}
        Some(Ok(Err(error))) => tracing::warn!(?error, "what a probe found out was not written down"),
        Some(Err(error)) => tracing::error!(?error, "a probe broke off"),
    }
}

/// Probes a server now, whether or not it is due, and says what it is then. Only an admin may.
///
/// Fails with [`Error::InvalidState`] for one that is not enabled, or is being probed already.
pub async fn probe(app: &App, viewer: &Viewer, uid: Uuid) -> Result<server::Model> {
    let id = other(app, viewer, uid).await?;
    let lasts = lasts(app);
    let held = app.db.write((id, lasts), |tx, (id, lasts)| {
        Box::pin(async move {
            let server = present(tx, *id, LockType::NoKeyUpdate).await?;
            if !server.is_enabled {
                return Err(Error::InvalidState("The server is not enabled.".into()));
            }
            if server.probe_ends_at.is_some_and(|end| end > tx.now) {
                return Err(Error::InvalidState("The server is being probed already.".into()));
            }
            hold(tx, server, *lasts).await
        })
    });
    let changed = conclude(app.clone(), held.await?).await?;
    changed.ok_or_else(|| Error::InvalidState("The server was changed or removed while it was probed.".into()))
}

/// The servers that are due and that nobody probes, the one that has been for the longest time first.
fn due(now: Time) -> Select<server::Entity> {
    let free = Condition::any().add(server::Column::ProbeEndsAt.is_null()).add(server::Column::ProbeEndsAt.lte(now));
    server::Entity::find()
        .filter(server::Column::NextProbeAt.is_not_null())
        .filter(server::Column::NextProbeAt.lte(now))
        .filter(free)
        .order_by_asc(server::Column::NextProbeAt)
        .limit(1)
}

async fn take_due(app: &App) -> Result<Option<Held>> {
    // Most looks find nothing, and should cost no write.
    if due(Time(app.clock.now_micros())).one(app.db.read()).await?.is_none() {
        return Ok(None);
    }
    app.db
        .write(lasts(app), |tx, lasts| {
            Box::pin(async move {
                let due = due(tx.now).lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked);
                match due.one(&tx.db).await? {
                    Some(server) => hold(tx, server, *lasts).await.map(Some),
                    None => Ok(None),
                }
            })
        })
        .await
}

/// Seconds after which a probe counts as lost.
fn lasts(app: &App) -> i64 {
    i64::from(app.config.federation.timeout_seconds) + GRACE
}

async fn hold(tx: &Tx, server: server::Model, lasts: i64) -> Result<Held> {
    let key = i64::from_le_bytes(secret::random_bytes());
    let held = server::Model { probe_key: Some(key), probe_ends_at: Some(tx.now.plus_seconds(lasts)), ..server };
    let server = server::Entity::update(held.into_active_model().reset_all()).exec(&tx.db).await?;
    Ok(Held { server, key })
}

/// Asks, and writes down what came of it; none when nobody is interested any more.
async fn conclude(app: App, held: Held) -> Result<Option<server::Model>> {
    let outcome = ask(&app, &held.server).await;
    meter::probed(outcome.is_ok());
    if let Err(why) = &outcome
        && held.server.failures == 0
    {
        tracing::warn!(server = held.server.name, why, "a server does not tell what it offers");
    }
    let pause = i64::from(app.config.federation.probe_seconds);
    app.db.write((held, outcome, pause), |tx, (held, outcome, pause)| Box::pin(end(tx, held, outcome, *pause))).await
}

async fn ask(app: &App, server: &server::Model) -> Outcome {
    may_ask(app, &server.url)?;
    let settings = &app.config.federation;
    let conversation = app.remote.ask(&server.url, settings.answer_bytes);
    let time = Duration::from_secs(u64::from(settings.timeout_seconds));
    match timeout(time, offer::read(&conversation, &server.url, server.protocol, settings.services)).await {
        Ok(outcome) => outcome,
        Err(_) => Err("it does not answer in time".to_owned()),
    }
}

async fn end(tx: &Tx, held: &Held, outcome: &Outcome, pause: i64) -> Result<Option<server::Model>> {
    let server = server::Entity::find_by_id(held.server.id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
    let Some(server) = server.filter(|server| server.probe_key == Some(held.key)) else { return Ok(None) };
    let mut after = server::Model { probe_key: None, probe_ends_at: None, last_probed_at: Some(tx.now), ..server };
    match outcome {
        Ok(offer) => {
            merge(tx, &after, &offer.services).await?;
            (after.is_active, after.failures, after.last_error) = (true, 0, None);
            (after.protocol, after.last_active_at) = (Some(offer.protocol), Some(tx.now));
        }
        Err(why) => {
            (after.is_active, after.last_error) = (false, Some(why.clone()));
            after.failures = after.failures.saturating_add(1);
        }
    }
    after.next_probe_at = Some(next(tx.now, pause, after.failures));
    Ok(Some(server::Entity::update(after.into_active_model().reset_all()).exec(&tx.db).await?))
}

/// Twice the pause after the second failure in a row, four times after the third, up to an hour.
fn next(now: Time, pause: i64, failures: i32) -> Time {
    let doubled = u32::try_from(failures).unwrap_or(0).saturating_sub(1).min(10);
    now.plus_seconds((pause << doubled).min(LONGEST_PAUSE.max(pause)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let pauses =
            |pause| [0, 1, 2, 3, 7, 100, i32::MAX].map(|failures| next(Time(0), pause, failures).0 / 1_000_000);
        assert_eq!(pauses(60), [60, 60, 120, 240, 3_600, 3_600, 3_600]);
        assert_eq!(pauses(86_400), [86_400; 7]);
    }
}

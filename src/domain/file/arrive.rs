//! Bytes that come together with the job that they belong to.

use bytes::Bytes;
use entity::file;
use futures_util::Stream;
use uuid::Uuid;

use super::{
    NewFile,
    sweep::abandon,
    upload::{appear, attached, begin, check},
};
use crate::{
    app::App,
    db::Tx,
    domain::session,
    error::Result,
    infra::storage::{Slot, Stored},
    viewer::{Permission, Viewer},
};
use entity::job;

/// Bytes that are in the store, and not yet a file. They become one in the transaction that makes their job; otherwise
/// they are to be given up by [`forsake`], or the sweep does that in the end.
#[derive(Debug)]
pub struct Arrived {
    row: file::Model,
    stored: Stored,
    /// Who brought them, and is asked for once more when the job is made.
    viewer: Viewer,
    /// The upload has its place until it is a file.
    _slot: Slot,
}

/// Stores what `body` yields for a job that the viewer is about to submit. It counts for nothing that is attached to
/// nothing.
///
/// Fails with what `body` fails with, and with INVALID for a name or media type that is none; then nothing stays.
pub async fn receive(
    app: &App,
    viewer: &Viewer,
    new: NewFile,
    body: impl Stream<Item = Result<Bytes>> + Send + Unpin,
) -> Result<Arrived> {
    let owner_id = viewer.require(Permission::JobsWrite)?.user.id;
    check(&new)?;
    let slot = app.storage.slot()?;
    let begun = app
        .db
        .write((app.clone(), owner_id, new), |tx, (app, owner_id, new)| Box::pin(begin(tx, app, *owner_id, new, true)));
    let row = begun.await?;
    match app.storage.put(row.uid, body).await {
        Ok(stored) => Ok(Arrived { row, stored, viewer: viewer.clone(), _slot: slot }),
        Err(error) => {
            give_up(app, &row).await;
            Err(error)
        }
    }
}

/// Gives up what has arrived for a job that there will not be.
pub async fn forsake(app: &App, arrived: Arrived) {
    give_up(app, &arrived.row).await;
}

/// The same by the row, after a transaction that failed had the rest.
pub(in crate::domain) async fn give_up(app: &App, row: &file::Model) {
    if let Err(error) = abandon(app, row).await {
        tracing::warn!(?error, "a broken upload was not cleared; the sweep tries again");
    }
}

/// Whether a name and a media type are ones that a file can have.
#[must_use]
pub fn is_proper(new: &NewFile) -> bool {
    check(new).is_ok()
}

impl Arrived {
    /// What is to be given up when its job is not made.
    pub(in crate::domain) fn row(&self) -> file::Model {
        self.row.clone()
    }

    /// Makes it an input of the job that this transaction makes; the job with the event of that.
    pub(in crate::domain) async fn attach(&self, tx: &Tx, job: job::Model) -> Result<job::Model> {
        session::still_opens(tx, &self.viewer).await?;
        attach(tx, self.row.clone(), &self.stored, job).await
    }
}

async fn attach(tx: &Tx, row: file::Model, stored: &Stored, job: job::Model) -> Result<job::Model> {
    let row = file::Model {
        size: i64::try_from(stored.size).unwrap_or(i64::MAX),
        sha256: Some(stored.sha256.to_vec()),
        state: file::State::Ready,
        ..row
    };
    let (job, row) = attached(tx, &job, job.clone(), row, file::Role::Input).await?;
    appear(tx, &row).await?;
    Ok(job)
}

/// Stores bytes that an older system has kept as an input of a job, in the transaction that makes the job. `begun` is told
/// the outside id before anything is stored: whoever runs the transaction clears the store when it fails.
pub(in crate::domain) async fn take_over(
    tx: &Tx,
    app: &App,
    job: job::Model,
    new: &NewFile,
    bytes: impl Stream<Item = Result<Bytes>> + Send + Unpin,
    begun: impl Fn(Uuid) + Send,
) -> Result<()> {
    let row = begin(tx, app, job.owner_id, new, true).await?;
    begun(row.uid);
    let stored = app.storage.put(row.uid, bytes).await?;
    attach(tx, row, &stored, job).await.map(|_| ())
}

//! Bringing bytes.

use bytes::Bytes;
use entity::{event, file, job, user};
use futures_util::Stream;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Func, LockType},
};
use uuid::Uuid;

use super::{OF_JOB, unattached_until};
use crate::{
    app::App,
    db::Tx,
    domain::{
        check::Faults,
        job::change,
        lease::{self, Ticket},
        session,
    },
    error::{Error, Result},
    infra::{
        secret,
        storage::{Slot, Stored},
    },
    viewer::{Permission, RunnerViewer, Viewer},
};

/// Longest name, in bytes: what file systems take.
const NAME: usize = 255;
/// Longest media type, in bytes.
const MEDIA_TYPE: usize = 255;
/// Seconds between the end of an upload's time and its removal: its own end comes first.
const GRACE: i64 = 60;

/// A file that is about to arrive.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What to call it: 1 to 255 bytes, no slashes, no control characters. It is shown, and never a path.
    pub name: String,
    /// What it is, as `type/subtype`, perhaps with parameters; at most 255 characters.
    pub media_type: String,
    /// Bytes, when the client says so beforehand.
    pub announced: Option<u64>,
    /// Of a runner: the lease of the job whose output it is.
    pub lease_token: Option<String>,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The outside id.
    pub uid: Uuid,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
}

/// A worker that brings an output.
type Worker = Option<(RunnerViewer, Ticket)>;

/// Stores what `body` yields as a file of the viewer, attached to nothing; of a runner, as an output of the job under its
/// lease.
///
/// Fails with what `body` fails with, with INVALID for a name or media type that is none or when the viewer has too much
/// that is attached to nothing, with LEASE_LOST as soon as the lease is gone, and with UNAUTHENTICATED or FORBIDDEN when
/// the credential or the account has ended before the bytes have. Then nothing stays.
pub async fn upload(
    app: &App,
    viewer: &Viewer,
    new: NewFile,
    body: impl Stream<Item = Result<Bytes>> + Send + Unpin,
) -> Result<Uploaded> {
    upload_at(app, viewer, new, body, None).await
}

/// The same at a place among the uploads that was taken before, if one was: for the body that has the file in it.
pub async fn upload_at(
    app: &App,
    viewer: &Viewer,
    new: NewFile,
    body: impl Stream<Item = Result<Bytes>> + Send + Unpin,
    place: Option<Slot>,
) -> Result<Uploaded> {
    let (owner_id, worker) = who(app, viewer, new.lease_token.as_deref()).await?;
    check(&new)?;
    let place = match place {
        Some(place) => place,
        None => app.storage.slot()?,
    };
    let begun = app.db.write((app.clone(), owner_id, new, worker.is_some()), |tx, (app, owner_id, new, is_output)| {
        Box::pin(begin(tx, app, *owner_id, new, *is_output))
    });
    let row = begun.await?;
    let ended = match app.storage.put(row.uid, body).await {
        Ok(stored) => end(app, viewer, row.clone(), stored, worker).await,
        Err(error) => Err(error),
    };
    if ended.is_err()
        && let Err(error) = super::sweep::abandon(app, &row).await
    {
        tracing::warn!(?error, "a broken upload was not cleared; the sweep tries again");
    }
    drop(place);
    ended
}

async fn who(app: &App, viewer: &Viewer, lease_token: Option<&str>) -> Result<(i64, Worker)> {
    if let Viewer::Runner(runner) = viewer {
        let token = lease_token.ok_or_else(|| {
            Error::Forbidden("A runner brings the outputs of its jobs: send the lease token as Docket-Lease.".into())
        })?;
        let ticket = Ticket::parse(token)?;
        let owner_id = lease::held_now(app, &ticket, runner).await?.owner_id;
        return Ok((owner_id, Some(((**runner).clone(), ticket))));
    }
    let user = viewer.require(Permission::JobsWrite)?;
    if lease_token.is_some() {
        return Err(Error::Forbidden("A lease is shown with the runner's own token.".into()));
    }
    Ok((user.user.id, None))
}

pub(super) fn check(new: &NewFile) -> Result<()> {
    let mut faults = Faults::default();
    let name = &new.name;
    if name.is_empty() || name.len() > NAME {
        faults.add("name", format!("{} bytes; a name has 1 to {NAME}.", name.len()));
    }
    if matches!(name.as_str(), "." | "..") || name.contains(['/', '\\']) || name.chars().any(char::is_control) {
        faults.add("name", "A name is no path: `/`, `\\`, `.`, `..` and control characters are not allowed.");
    }
    if !is_media_type(&new.media_type) {
        faults.add("Content-Type", format!("A media type is needed, such as text/csv; at most {MEDIA_TYPE} bytes."));
    }
    faults.into_result()
}

/// `type/subtype` of the characters that the standard allows, and whatever printable follows a semicolon.
fn is_media_type(text: &str) -> bool {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= MEDIA_TYPE
        && name.trim().split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        && parameters.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The row of a file that begins to arrive. `belongs` says that it is a job's: then it is not counted among those that are
/// attached to nothing.
pub(super) async fn begin(tx: &Tx, app: &App, owner_id: i64, new: &NewFile, belongs: bool) -> Result<file::Model> {
    let size = i64::try_from(new.announced.unwrap_or(0)).unwrap_or(i64::MAX);
    if !belongs {
        require_room(tx, app, owner_id, size, None).await?;
    }
    let row = file::ActiveModel {
        uid: Set(secret::uid()),
        name: Set(new.name.clone()),
        media_type: Set(new.media_type.clone()),
        size: Set(size),
        sha256: Set(None),
        owner_id: Set(owner_id),
        job_id: Set(None),
        data_id: Set(None),
        role: Set(None),
        state: Set(file::State::Uploading),
        created_at: Set(tx.now),
        attached_at: Set(None),
        expires_at: Set(Some(tx.now.plus_seconds(i64::from(app.config.files.upload_seconds) + GRACE))),
        ..Default::default()
    };
    Ok(file::Entity::insert(row).exec_with_returning(&tx.db).await?)
}

/// Refuses `size` bytes more that are attached to nothing, beside what the user has brought and uploads that run, the
/// file `own` left out. An upload whose length nobody said counts for nothing while it runs, so this is asked at its end
/// too.
async fn require_room(tx: &Tx, app: &App, owner_id: i64, size: i64, own: Option<i64>) -> Result<()> {
    // One after the other: what two uploads read beside each other would let both in.
    let owner = user::Entity::find_by_id(owner_id).select_only().column(user::Column::Id);
    owner.lock(LockType::NoKeyUpdate).into_tuple::<i64>().one(&tx.db).await?;
    let sum = Expr::expr(Func::sum(Expr::col(file::Column::Size))).cast_as("bigint");
    let query = file::Entity::find().select_only().column_as(sum, "loose");
    let query = query.filter(file::Column::OwnerId.eq(owner_id)).filter(file::Column::Id.ne(own.unwrap_or(0)));
    let query = query.filter(file::Column::JobId.is_null()).filter(file::Column::DataId.is_null());
    let loose = query.into_tuple::<Option<i64>>().one(&tx.db).await?.flatten().unwrap_or(0);
    let bound = i64::try_from(app.config.files.unattached_bytes).unwrap_or(i64::MAX);
    if loose.saturating_add(size) <= bound {
        return Ok(());
    }
    Err(Error::invalid(
        "body",
        format!("You have {loose} bytes of files that are attached to nothing; {bound} are kept. Delete some."),
    ))
}

async fn end(app: &App, viewer: &Viewer, row: file::Model, stored: Stored, worker: Worker) -> Result<Uploaded> {
    let sign = worker.as_ref().map(|(runner, _)| app.seen.sign(runner.id, app.clock.now_micros()));
    let input = (app.clone(), viewer.clone(), row, stored, worker, sign);
    let row = app.db.write(input, |tx, (app, viewer, row, stored, worker, sign)| {
        Box::pin(async move {
            let mut row = file::Model {
                size: i64::try_from(stored.size).unwrap_or(i64::MAX),
                sha256: Some(stored.sha256.to_vec()),
                state: file::State::Ready,
                expires_at: Some(unattached_until(app, tx.now)),
                ..row.clone()
            };
            // The job before the file, here as everywhere: in one order nobody waits for each other.
            if let Some((runner, ticket)) = worker {
                let job = lease::held(tx, ticket, runner).await?;
                row = output_of(tx, job, row).await?;
            } else {
                require_room(tx, app, row.owner_id, row.size, Some(row.id)).await?;
            }
            // Bytes may come for an hour, and a credential is believed for a second.
            session::still_opens(tx, viewer).await?;
            if let Some(sign) = sign {
                sign.note(tx).await?;
            }
            appear(tx, &row).await?;
            Ok(row)
        })
    });
    let row = row.await?;
    if let Some(sign) = sign {
        app.seen.remember(sign);
    }
    Ok(Uploaded { uid: row.uid, size: row.size, sha256: super::sha256(&row) })
}

/// The file attached to the job under the lease, which it extends like a heartbeat.
async fn output_of(tx: &Tx, before: job::Model, row: file::Model) -> Result<file::Model> {
    let mut job = lease::running(&before, tx.now);
    let mut told = before;
    if told.status == job::Status::Claimed {
        job = change::transition(tx, &told, job, None).await?;
        told = job.clone();
    }
    Ok(attached(tx, &told, job, row, file::Role::Output).await?.1)
}

/// The job and the file as they are when the one is attached to the other, with the event that tells of it. `after` is
/// what else becomes of the job.
pub(super) async fn attached(
    tx: &Tx,
    before: &job::Model,
    after: job::Model,
    row: file::Model,
    role: file::Role,
) -> Result<(job::Model, file::Model)> {
    use sea_orm::PaginatorTrait as _;
    let there = file::Entity::find().filter(file::Column::JobId.eq(before.id)).count(&tx.db).await?;
    if there >= OF_JOB {
        return Err(Error::InvalidState(format!("The job has {there} files; a job has at most {OF_JOB}.")));
    }
    let detail = event::Detail { file: Some(row.uid), name: Some(row.name.clone()), ..Default::default() };
    let job = change::record(tx, before, after, event::Kind::FileAdded, detail).await?;
    let (job_id, role, attached_at) = (Some(before.id), Some(role), Some(tx.now));
    Ok((job, file::Model { job_id, role, attached_at, expires_at: None, ..row }))
}

/// Makes the file exist, unless the sweeper has given its upload up.
pub(super) async fn appear(tx: &Tx, row: &file::Model) -> Result<()> {
    let change = file::ActiveModel {
        size: Set(row.size),
        sha256: Set(row.sha256.clone()),
        job_id: Set(row.job_id),
        role: Set(row.role),
        state: Set(row.state),
        attached_at: Set(row.attached_at),
        expires_at: Set(row.expires_at),
        ..Default::default()
    };
    let waiting = file::Entity::update_many().set(change).filter(file::Column::Id.eq(row.id));
    let made = waiting.filter(file::Column::State.eq(file::State::Uploading)).exec(&tx.db).await?;
    if made.rows_affected == 1 {
        return Ok(());
    }
    Err(Error::InvalidState("The upload took longer than one may take.".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, media_type: &str) -> usize {
        let new =
            NewFile { name: name.to_owned(), media_type: media_type.to_owned(), announced: None, lease_token: None };
        match check(&new) {
            Err(Error::Invalid(faults)) => faults.len(),
            Err(error) => panic!("{error}"),
            Ok(()) => 0,
        }
    }

    #[test]
    fn names_are_names_and_no_paths() {
        for name in ["a", "übung 3.csv", "..a", ".hidden", "a;b\"c", "%2e%2e", &"x".repeat(255)] {
            assert_eq!(faults(name, "text/csv"), 0, "{name}");
        }
        for name in ["", ".", "..", "a/b", "../a", "a\\b", "a\nb", "a\0b", &"x".repeat(256), &"ü".repeat(128)] {
            assert_eq!(faults(name, "text/csv"), 1, "{name:?}");
        }
    }

    #[test]
    fn media_types_are_shaped_like_one() {
        for media_type in ["text/csv", "application/vnd.x+json; charset=utf-8", "TEXT/HTML"] {
            assert_eq!(faults("a", media_type), 0, "{media_type}");
        }
        for media_type in ["", "text", "text/", "/csv", "text/c sv", "text/csv; a=\r\nSet-Cookie: x", "text/csv;\u{7f}"]
        {
            assert_eq!(faults("a", media_type), 1, "{media_type:?}");
        }
    }
}

//! Following one job's state.

use entity::{
    Scope,
    job::{self, Columns, Part},
};
use uuid::Uuid;

use crate::{
    app::App,
    domain::event::{self, EventFilter, Follower},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// A job's states, one after the other; see [`watch`].
#[derive(Debug)]
pub struct Watch {
    app: App,
    scope: Scope,
    uid: Uuid,
    columns: Columns,
    follower: Follower,
    state: State,
    /// The revision that was given out last.
    given: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The current state has not been given out yet.
    Fresh,
    /// Waits for a change.
    Waiting,
    /// The final state was given out, or the job is gone.
    Over,
}

/// Follows a job: its state now, then its state after each change, until it is final. `columns` are read of it.
pub async fn watch(app: &App, viewer: &Viewer, uid: Uuid, columns: Columns) -> Result<Watch> {
    viewer.require_read(Permission::JobsRead)?;
    let scope = viewer.scope();
    // Follow first, read then: a change in between is seen twice rather than never.
    let filter = EventFilter { job_ids: Some(vec![uid]), ..Default::default() };
    let follower = event::follow(app, viewer, &filter, None).await?;
    let columns = columns.with(Columns::of(&[job::Column::Id, job::Column::Status, job::Column::Revision]));
    super::find(app, &scope, uid, columns).await?.ok_or(Error::NotFound("job"))?;
    Ok(Watch { app: app.clone(), scope, uid, columns, follower, state: State::Fresh, given: 0 })
}

impl Watch {
    /// The next state; `None` after the final one, when the job was removed, or when the server stops.
    pub async fn next(&mut self) -> Result<Option<Part>> {
        loop {
            match self.state {
                State::Over => return Ok(None),
                State::Fresh => {}
                State::Waiting => {
                    if self.follower.next().await?.is_none() {
                        return Ok(None);
                    }
                }
            }
            // Changes that are already there are all in the row that is read now.
            while self.follower.ready().await?.is_some() {}
            let row = super::find(&self.app, &self.scope, self.uid, self.columns).await?;
            let goes_on = row.as_ref().is_some_and(|part| !part.row.status.is_final());
            self.state = if goes_on { State::Waiting } else { State::Over };
            // The event of a change may come after the row that has it.
            match row {
                Some(part) if part.row.revision == self.given => {}
                row => {
                    self.given = row.as_ref().map_or(0, |part| part.row.revision);
                    return Ok(row);
                }
            }
        }
    }
}

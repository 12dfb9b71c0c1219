//! What an open stream is allowed: its credential is checked again when rights have changed and when it ends by itself.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::time::sleep;

use super::operation;
use super::reply::Refusal;
use super::state::Shared;
use crate::error::Code;
use crate::infra::rng;
use crate::viewer::Viewer;

/// After a change all streams ask who they are; not all in the same moment, in milliseconds.
const SPREAD: u64 = 300;
/// Between two tries when that cannot be found out.
const AGAIN: Duration = Duration::from_secs(1);

/// Watches over one stream.
pub(super) struct Guard {
    state: Shared,
    bearer: Option<String>,
    viewer: Viewer,
    changes: watch::Receiver<i64>,
}

impl Guard {
    /// Of a stream that this caller is about to open.
    pub(super) fn new(state: &Shared, bearer: Option<String>, viewer: &Viewer) -> Self {
        // As new as the server: the first change ever, and so each later stream, costs one look, and none is missed
        // between the caller's check and this.
        let changes = state.rights.clone();
        Self { state: Arc::clone(state), bearer, viewer: viewer.clone(), changes }
    }

    /// Comes to its end when the stream must, with the reason: UNAUTHENTICATED when the credential opens nothing any
    /// more, FORBIDDEN when its user may see less than before and is to ask again for what is left.
    pub(super) async fn ended(mut self) -> Refusal {
        if self.bearer.is_none() {
            return std::future::pending().await;
        }
        loop {
            self.doubt().await;
            loop {
                match operation::authenticate(&self.state, self.bearer.clone()).await {
                    Ok(viewer) if !viewer.may_still(&self.viewer) => return changed(),
                    Ok(viewer) => {
                        self.viewer = viewer;
                        break;
                    }
                    Err(refusal) if refusal.code() == Code::Unauthenticated => return refusal,
                    // The database is away: nobody can say yet.
                    Err(_) => sleep(AGAIN).await,
                }
            }
        }
    }

    /// Until the credential must be looked at again.
    async fn doubt(&mut self) {
        let left = self.viewer.expires_at().map(|end| {
            let left = u64::try_from(end.0 - self.state.clock.now_micros()).unwrap_or(0);
            // Past the end, and not just before it.
            Duration::from_micros(left) + Duration::from_millis(1)
        });
        let ends = async {
            match left {
                Some(left) => sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ends => {}
            changed = self.changes.changed() => {
                if changed.is_err() {
                    // Nobody says any more: the server is stopping.
                    return std::future::pending().await;
                }
                sleep(Duration::from_millis(u64::from(rng::draw_seed()) % SPREAD)).await;
            }
        }
    }
}

fn changed() -> Refusal {
    let message = "Your rights have changed. Ask again, after the last cursor, for what you may see now.";
    Refusal::new(StatusCode::FORBIDDEN, Code::Forbidden, message)
}

//! Whether the server lives, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use tokio::time::timeout;

use super::negotiate::Media;
use super::reply;
use super::state::Shared;

/// A database that needs longer than this for nothing is not ready for work.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// 200 as long as the process answers at all. It asks nothing of the database: a supervisor that restarts the server
/// because the database is away makes two outages of one.
pub(super) async fn alive() -> Response {
    reply::json(StatusCode::OK, Media::Json, json!({ "alive": true }).to_string())
}

/// 200 when new work may be sent here, else 503 and what is in the way.
pub(super) async fn ready(State(state): State<Shared>) -> Response {
    if state.shutdown.is_cancelled() {
        return verdict(false, "stopping", "not asked");
    }
    match timeout(READY_WITHIN, (state.readiness)()).await {
        Ok(Ok(())) => verdict(true, "running", "ok"),
        Ok(Err(error)) => {
            tracing::warn!(?error, "the database is not ready");
            verdict(false, "running", "failing")
        }
        Err(_) => verdict(false, "running", "does not answer"),
    }
}

fn verdict(ready: bool, server: &str, database: &str) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "ready": ready, "server": server, "database": database });
    reply::json(status, Media::Json, body.to_string())
}

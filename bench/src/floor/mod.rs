//! The floor: what the same row work costs when somebody writes it by hand for axum and sqlx, with no GraphQL,
//! no schemas, no rights beyond "is it mine", no metrics and no limits.
//!
//! It runs on a copy of docket's own database, with the same database settings and the same numbers of connections that
//! read and write, and makes the rows that docket makes for the same request.

mod caller;
mod db;
mod feed;
mod money;
mod read;
mod ready_made;
mod work;
mod writer;

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use crate::Result;
use caller::Known;
use db::Readers;
use ready_made::JobEventDelivery;
use writer::Writer;

/// The variable by which the floor's process is told of its database.
pub const FLOOR_DATABASE: &str = "DOCKET_BENCH_FLOOR_DATABASE";

/// The options of the floor's process.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where to listen.
    #[arg(long)]
    pub listen: SocketAddr,
    /// The URL of a database of docket's.
    #[arg(long, env = FLOOR_DATABASE, hide_env_values = true)]
    pub database: String,
    /// Commit every write by itself.
    #[arg(long)]
    pub single_commits: bool,
}

/// What the handlers share.
#[derive(Clone)]
struct Floor {
    known: Known,
    readers: Readers,
    writer: Writer,
    frames: broadcast::Sender<axum::extract::ws::Utf8Bytes>,
    deliveries: broadcast::Sender<JobEventDelivery>,
}

/// A refusal: the status, and what went wrong for whoever debugs the harness.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

/// What a handler answers.
type Answer<T> = std::result::Result<T, Refusal>;

/// Serves until the process is told to end.
pub fn serve(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (readers, writer) = db::open(&options.database, !options.single_commits).await?;
        let (frames, _) = broadcast::channel(1024);
        let (deliveries, _) = broadcast::channel(1024);
        let app = Router::new()
            .route("/readyz", get(|| async { "ready" }))
            .route("/jobs/{uid}", get(read::job))
            .route("/graphql", ready_made::handlers(readers.clone(), deliveries.clone()))
            .route("/jobs", get(read::page).post(work::submit))
            .route("/jobs/paid", get(read::paid_page))
            .route("/recorded/{number}", patch(work::change))
            .route("/work/claim", post(work::claim))
            .route("/work/complete", post(work::complete))
            .route("/publish", post(feed::publish))
            .route("/publish/parsed", post(feed::publish_parsed))
            .route("/ws", get(feed::subscribe))
            .with_state(Floor { known: Known::default(), readers, writer, frames, deliveries });
        axum::serve(TcpListener::bind(options.listen).await?, app).await?;
        Ok(())
    })
}

//! What every request is given.

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Api, HttpConfig};
use crate::app::App;
use crate::error::Result;
use crate::infra::clock::Clock;
use crate::viewer::Viewer;

/// Turns the bearer token of a request, or its absence, into who asks.
pub type Authenticate = Arc<dyn Fn(Option<String>) -> BoxFuture<'static, Result<Viewer>> + Send + Sync>;

/// Answers when the database does.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What every request is given. Copies share everything.
#[derive(Clone)]
pub struct HttpState {
    /// The door to the schema.
    pub api: Api,
    /// Who asks.
    pub authenticate: Authenticate,
    /// Bounds and names.
    pub config: Arc<HttpConfig>,
    /// Whether the server can do its work.
    pub readiness: Readiness,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
    /// Changes when rights may have shrunk or credentials have ended; never, without anybody who says so.
    pub rights: watch::Receiver<i64>,
    /// The clock by which credentials end.
    pub clock: Clock,
    /// Where files come from and go to; without it there are none.
    pub files: Option<App>,
    /// What else stands beside the server's own paths: a path and all that is below it.
    pub mounts: Vec<(String, Router)>,
    /// The connections, sockets and streams that are open: what [`super::serve()`] waits for at the end.
    pub(super) tasks: TaskTracker,
    /// Cancelled when waiting for them has taken too long.
    pub(super) cut: CancellationToken,
}

/// How handlers hold it: one pointer to copy for each request.
pub type Shared = Arc<HttpState>;

impl HttpState {
    /// The state of one server.
    #[must_use]
    pub fn new(
        api: Api,
        authenticate: Authenticate,
        config: HttpConfig,
        readiness: Readiness,
        shutdown: CancellationToken,
    ) -> Self {
        let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
        let (rights, clock) = (watch::channel(0).1, Clock::new());
        Self {
            api,
            authenticate,
            config: Arc::new(config),
            readiness,
            shutdown,
            rights,
            clock,
            files: None,
            mounts: Vec::new(),
            tasks,
            cut,
        }
    }

    /// The same for a server that says when rights have changed.
    #[must_use]
    pub fn with_rights(self, rights: watch::Receiver<i64>, clock: Clock) -> Self {
        Self { rights, clock, ..self }
    }

    /// The same with other APIs at paths of their own.
    #[must_use]
    pub fn with_mounts(self, mounts: Vec<(String, Router)>) -> Self {
        Self { mounts, ..self }
    }

    /// The same with files.
    #[must_use]
    pub fn with_files(self, app: App) -> Self {
        Self { files: Some(app), ..self }
    }
}

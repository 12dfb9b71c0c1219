//! A running server: the parts put together, and taken apart again in the right order.

use std::{net::SocketAddr, sync::Arc};

use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::task::TaskTracker;

use crate::{
    app::App,
    config::Config,
    db::ServeLock,
    domain::{event, lease, meter, session, user},
    error::{Error, Result},
    graphql,
    http::{self, HttpConfig, HttpState, Stopped},
    infra::clock::Clock,
};

/// A server that accepts connections.
#[derive(Debug)]
pub struct Server {
    /// What it works with.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// The password that was made up for the first admin, to be shown once.
    pub admin_password: Option<SecretString>,
    background: TaskTracker,
    serving: JoinHandle<Stopped>,
    _lock: ServeLock,
}

impl Server {
    /// Starts a server: takes the database, brings its tables up to date, listens, and begins to sweep.
    ///
    /// `admin_password` is for the first admin, if there is none yet. Fails with [`Error::InvalidState`] when another
    /// server has the database or a newer docket migrated it, and with [`Error::Unavailable`] when the database cannot
    /// be opened or the address is taken.
    pub async fn start(mut config: Config, clock: Clock, admin_password: Option<SecretString>) -> Result<Self> {
        http::install_metrics();
        meter::describe();
        let lock = ServeLock::take(config.database.path())?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| Error::unavailable(format!("Cannot listen on {}: {error}", config.listen)))?;
        let address = listener.local_addr().map_err(Error::internal)?;
        if config.listen.port() == 0 && config.public_url == format!("http://{}", config.listen) {
            // Any free port was asked for, and links must name the one that it became.
            config.public_url = format!("http://{address}");
        }
        let app = App::open(config, clock).await?;
        let applied = app.db.schema().migrate().await?;
        if applied > 0 {
            tracing::info!(applied, "the database was migrated");
        }
        let admin_password = user::bootstrap(&app, admin_password).await?;
        let background = TaskTracker::new();
        background.spawn(event::tail(app.clone(), event::newest(&app).await?));
        background.spawn(lease::keep_sweeping(app.clone()));
        background.close();
        let serving = tokio::spawn(http::serve(listener, state(&app)));
        Ok(Self { app, address, admin_password, background, serving, _lock: lock })
    }

    /// Stops: no new connections, streams closed with a reason, running requests answered within
    /// `http.shutdown_seconds`, then the database closed.
    pub async fn stop(self) -> Result<Stopped> {
        self.app.shutdown.cancel();
        let stopped = self.serving.await.map_err(Error::internal)?;
        self.background.wait().await;
        self.app.db.close().await;
        Ok(stopped)
    }
}

fn state(app: &App) -> HttpState {
    let (who, ready) = (app.clone(), app.clone());
    HttpState::new(
        Arc::new(graphql::api(app)),
        Arc::new(move |bearer| {
            let app = who.clone();
            Box::pin(async move { session::authenticate(&app, bearer.as_deref()).await })
        }),
        HttpConfig::from(&*app.config),
        Arc::new(move || {
            let app = ready.clone();
            Box::pin(async move { app.db.ping().await })
        }),
        app.shutdown.clone(),
    )
}

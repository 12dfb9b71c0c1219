//! A running server: the parts put together, and taken apart again in the right order.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::task::TaskTracker;

use crate::{
    app::App,
    compat,
    config::Config,
    db::{self, ServeLock},
    domain::{dialect_use, event, lease, mail, meter, rights, server, session, user},
    error::{Error, Result},
    graphql,
    http::{self, HttpConfig, HttpState, Listening, Stopped},
    infra::clock::Clock,
};

/// How long a stop waits for uploads whose connection was cut, to clear up.
const CLEAR_UP: Duration = Duration::from_secs(2);

/// A server that accepts connections.
#[derive(Debug)]
pub struct Server {
    /// What it works with.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where old APIs listen by themselves, in the order of [`compat::addresses`].
    pub addresses: Vec<SocketAddr>,
    /// The password that was made up for the first admin, to be shown once.
    pub admin_password: Option<SecretString>,
    background: TaskTracker,
    serving: JoinHandle<Stopped>,
    _lock: Option<ServeLock>,
}

/// What a server needs before it can start, taken so that nobody else has it. Nothing was changed yet.
#[derive(Debug)]
pub struct Ground {
    /// What the server will work with. The tables of its database may be old, or missing.
    pub app: App,
    /// Where it will listen.
    pub address: SocketAddr,
    listener: TcpListener,
    /// For the old APIs that have an address of their own.
    others: Vec<TcpListener>,
    lock: Option<ServeLock>,
}

impl Ground {
    /// Takes the database and the address.
    ///
    /// Fails with [`Error::InvalidState`] when another server has the database, and with [`Error::Unavailable`] when the
    /// database cannot be opened or the address is taken.
    pub async fn take(config: Config, clock: Clock) -> Result<Self> {
        Box::pin(Self::take_with(config, clock, Vec::new())).await
    }

    /// The same with listeners that are bound already: those whose address the configuration asks for are used.
    pub async fn take_with(mut config: Config, clock: Clock, bound: Vec<StdListener>) -> Result<Self> {
        http::install_metrics();
        db::describe();
        meter::describe();
        // Servers of one PostgreSQL database share it; of a file there is one.
        let lock = config.database.path().map(ServeLock::take).transpose()?;
        let listener = listen(config.listen).await?;
        let mut others = Vec::new();
        for (_, address) in compat::addresses(&config) {
            let ready = bound.iter().find(|bound| bound.local_addr().is_ok_and(|local| local == address));
            others.push(match ready {
                Some(bound) => adopted(bound).map_err(Error::internal)?,
                None => listen(address).await?,
            });
        }
        let address = listener.local_addr().map_err(Error::internal)?;
        if config.listen.port() == 0 && config.public_url == format!("http://{}", config.listen) {
            // Any free port was asked for, and links must name the one that it became.
            config.listen = address;
            config.public_url = format!("http://{address}");
        }
        Ok(Self { app: App::open(config, clock).await?, address, listener, others, lock })
    }

    /// Brings the tables up to date, makes the first admin if there is none, and begins to serve and to sweep.
    ///
    /// `admin_password` is for that admin. Fails with [`Error::InvalidState`] when a newer docket migrated the database.
    pub async fn start(self, admin_password: Option<SecretString>) -> Result<Server> {
        let Self { app, address, listener, others, lock } = self;
        let applied = app.db.schema().migrate().await?;
        if applied > 0 {
            tracing::info!(applied, "the database was migrated");
        }
        let admin_password = user::bootstrap(&app, admin_password).await?;
        server::enter(&app).await?;
        let background = TaskTracker::new();
        background.spawn(event::tail(app.clone(), event::end(&app).await?));
        background.spawn(app.db.keep_in_touch(app.shutdown.clone()));
        background.spawn(rights::keep_watching(app.clone()));
        background.spawn(lease::keep_sweeping(app.clone()));
        background.spawn(dialect_use::keep_storing(app.clone()));
        background.spawn(server::keep_probing(app.clone()));
        background.spawn(mail::keep_sending(app.clone()));
        background.close();
        let state = state(&app);
        let places = compat::places(&app, &state);
        let addresses =
            others.iter().map(|other| other.local_addr().map_err(Error::internal)).collect::<Result<_>>()?;
        let others = others.into_iter().zip(places.alone);
        let others = others.map(|(listener, routes)| Listening { listener, routes }).collect();
        let serving = tokio::spawn(http::serve_all(listener, others, state.with_mounts(places.mounted)));
        Ok(Server { app, address, addresses, admin_password, background, serving, _lock: lock })
    }
}

impl Server {
    /// Starts a server: [`Ground::take`] and [`Ground::start`] in one.
    pub async fn start(config: Config, clock: Clock, admin_password: Option<SecretString>) -> Result<Self> {
        Box::pin(Box::pin(Ground::take(config, clock)).await?.start(admin_password)).await
    }

    /// Stops: no new connections, streams closed with a reason, running requests answered within
    /// `http.shutdown_seconds`, then the database closed.
    pub async fn stop(self) -> Result<Stopped> {
        self.app.shutdown.cancel();
        let end = Instant::now() + Duration::from_secs(self.app.config.http.shutdown_seconds.into());
        let stopped = self.serving.await.map_err(Error::internal)?;
        finish(&self.app.finishing, end).await;
        self.background.wait().await;
        if let Err(error) = dialect_use::store(&self.app).await {
            tracing::warn!(%error, "the use of old APIs was not noted");
        }
        self.app.db.close().await;
        Ok(stopped)
    }
}

/// Waits for what has to clear up after its client, until this moment; it is still there when requests had to be cut at
/// the very end, and then has a little time.
async fn finish(finishing: &TaskTracker, end: Instant) {
    finishing.close();
    if timeout_at(end.max(Instant::now() + CLEAR_UP), finishing.wait()).await.is_err() {
        tracing::warn!(left = finishing.len(), "some uploads could not be cleared up; a later sweep does it");
    }
}

fn adopted(bound: &StdListener) -> std::io::Result<TcpListener> {
    let listener = bound.try_clone()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Error::unavailable(format!("Cannot listen on {address}: {error}")))
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
    .with_files(app.clone())
    .with_rights(app.rights.changes(), app.clock.clone())
}

//! `docket serve --demo`: an example that runs by itself.
//!
//! Two users, two services, a worker for each and a customer. Users are made as the operator would make them; services,
//! runners and jobs come over the public API, and the workers speak the worker protocol over HTTP: what they cannot do,
//! nobody outside can.

mod client;
mod desk;
mod feed;
mod introduction;
mod old;
mod people;
mod pi;
mod post;
mod sample;
mod word_stats;
mod work;
mod worker;

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::client::Client;
use self::feed::Feed;
pub use self::introduction::Introduction;
pub use self::old::open_old_apis;
use self::people::People;
use self::post::Post;
use self::work::Work;
use self::worker::Worker;
use crate::app::App;
use crate::config::Config;
use crate::domain::setting;
use crate::error::{Error, Result};
use crate::server::Server;
use crate::viewer::Viewer;

/// How this program is called in the settings of a database that it filled.
const SEEDER: &str = "demo";
/// Jobs that a worker holds at once: a long one that somebody submits should not stop the show.
const SLOTS: usize = 2;
/// In which the workers hand back what they hold.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// A running demo, beside the server that it uses.
#[derive(Debug)]
pub struct Demo {
    /// What to show to whoever started it.
    pub introduction: Introduction,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Refuses an address that others can reach: the demo prints passwords, and its users may do everything.
pub fn require_loopback(config: &Config) -> Result<()> {
    let others = config.mounts().into_iter().filter_map(|(_, mount)| mount.listen);
    let mut all = std::iter::once(config.listen).chain(others);
    let Some(open) = all.find(|address| !address.ip().to_canonical().is_loopback()) else { return Ok(()) };
    Err(Error::InvalidState(format!(
        "The demo listens on this machine only, since it prints its passwords; {open} can be reached from outside. Use \
         127.0.0.1:{}.",
        open.port()
    )))
}

/// Makes an empty database the demo's own, and accepts one that is. Fails with [`Error::InvalidState`], changing
/// nothing, when it is somebody else's.
pub async fn claim_database(app: &App) -> Result<()> {
    let operator = Viewer::local_operator();
    let is_new = !app.db.schema().steps().await?.iter().any(|step| step.applied);
    if !is_new && !setting::may_seed(app, &operator, SEEDER).await? {
        let path = app.config.database.place();
        return Err(Error::InvalidState(format!(
            "{path} holds data that is not the demo's, and the demo would mix its own with it. Give the demo a file of \
             its own: `docket serve --demo --database-url sqlite://demo.db`."
        )));
    }
    app.db.schema().migrate().await?;
    setting::note_seed(app, &operator, SEEDER).await
}

impl Demo {
    /// Fills the database of this server where something is missing, and sets everything going.
    ///
    /// `admin_password` is the operator's own choice. Fails when the set-up is refused, such as after somebody
    /// suspended the user `demo`.
    pub async fn start(server: &Server, admin_password: Option<SecretString>) -> Result<Self> {
        let app = &server.app;
        let people = People::prepare(app, admin_password, server.admin_password.clone()).await?;
        let client = Client::new(server.address, people.token.expose())?;
        let (stop, tasks) = (app.shutdown.child_token(), TaskTracker::new());
        let mut services = Vec::new();
        for work in Work::ALL {
            let Post { service_id, runner_token } = Post::prepare(&client, work, SLOTS).await?;
            let worker =
                Worker { client: client.with_token(&runner_token), work, service_id: service_id.clone(), slots: SLOTS };
            tasks.spawn(worker.run(stop.clone()));
            services.push((work, service_id));
        }
        let pi_id = services.iter().find(|(work, _)| *work == Work::Pi).map(|(_, id)| id.clone()).unwrap_or_default();
        tasks.spawn(Feed { client, services }.run(stop.clone()));
        tasks.close();
        let database = app.config.database.place();
        let old = old::open(&app.config, server.address);
        let introduction = Introduction { address: server.address, old, database, people, pi_id };
        Ok(Self { introduction, stop, tasks })
    }

    /// Lets the workers hand back what they hold and leave. The server must still be running.
    pub async fn stop(self) {
        self.stop.cancel();
        if timeout(LEAVE_WITHIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("the workers of the demo did not leave in time");
        }
    }
}

//! What a subcommand works on: the database, or everything above it.

use super::failure::{Failure, say};
use super::log;
use crate::app::App;
use crate::config::Loaded;
use crate::db::Db;
use crate::infra::clock::Clock;

/// Starts the log and says what is odd about the configuration.
fn start(loaded: &Loaded) {
    log::start_quiet(loaded);
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
}

/// A mistyped path would otherwise look like an empty database.
fn require_database(loaded: &Loaded) -> Result<(), Failure> {
    // A database server says by itself what it has not.
    let Some(path) = loaded.config.database.path().filter(|path| !path.exists()) else { return Ok(()) };
    let path = path.display();
    Err(Failure::Input(format!("there is no database at {path}; `docket db migrate` and `docket serve` create it")))
}

/// Opens the database, whatever the state of its tables, and creates it if it is not there and `create` says so.
pub(super) async fn open(loaded: &Loaded, create: bool) -> Result<Db, Failure> {
    start(loaded);
    if !create {
        require_database(loaded)?;
    }
    Ok(Db::open(&loaded.config.database, Clock::default()).await?)
}

/// Runs a command on an existing database whose tables are up to date, and closes it.
pub(super) async fn with_app(
    loaded: Loaded,
    work: impl AsyncFnOnce(&App) -> Result<(), Failure>,
) -> Result<(), Failure> {
    start(&loaded);
    require_database(&loaded)?;
    // Boxed: the configuration is large, and every command would carry it.
    let app = Box::pin(App::open(loaded.config, Clock::default())).await?;
    let done = match app.db.schema().require_current().await {
        Ok(()) => work(&app).await,
        Err(error) => Err(error.into()),
    };
    app.db.close().await;
    done
}

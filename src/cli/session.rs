//! `docket session`: log-ins.

use entity::session::Model;
use uuid::Uuid;

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::user;
use crate::app::App;
use crate::domain::session::{self, SessionOrder};
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the open log-ins of a user, newest first
    List {
        /// The user's name or e-mail address
        #[arg(long)]
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// End one log-in, or all of a user's; what they follow ends
    Revoke {
        /// The session's id, as `list` shows it
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        id: Option<Uuid>,
        /// All of the user with this name or e-mail address
        #[arg(long)]
        user: Option<String>,
    },
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::List { user, format } => list(&user, format, app, output).await,
        Command::Revoke { id: Some(id), .. } => revoke(id, app, output).await,
        Command::Revoke { user: Some(user), .. } => revoke_all(&user, app, output).await,
        Command::Revoke { id: None, user: None } => Err(Failure::Input("give a session's id, or --user".to_owned())),
    }
}

async fn list(name: &str, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, owner) = (Viewer::local_operator(), user::named(app, name).await?);
    let sessions = all(
        async |request| session::list(app, &viewer, owner.id, SessionOrder::CreatedAtDesc, &request).await,
        |row| cursor(SessionOrder::CreatedAtDesc, row),
    );
    let records = sessions.await?.iter().map(describe).collect();
    output.list(format, records, &["id", "origin", "userAgent", "createdAt", "lastUsedAt", "expiresAt"])?;
    Ok(())
}

async fn revoke(id: Uuid, app: &App, mut output: Output) -> Result<(), Failure> {
    session::revoke(app, &Viewer::local_operator(), id).await?;
    output.line(&format!("The session {id} is ended."))?;
    Ok(())
}

async fn revoke_all(name: &str, app: &App, mut output: Output) -> Result<(), Failure> {
    let owner = user::named(app, name).await?;
    let ended = session::end_all_of(app, &Viewer::local_operator(), Some(owner.uid), false).await?;
    output.line(&format!("{ended} sessions of {} are ended.", owner.username))?;
    Ok(())
}

fn describe(session: &Model) -> Record {
    record! {
        "id": session.uid.to_string(),
        "origin": session.origin,
        "userAgent": session.user_agent,
        "createdAt": time(session.created_at),
        "lastUsedAt": time(session.last_used_at),
        "expiresAt": time(session.ends_at()),
    }
}

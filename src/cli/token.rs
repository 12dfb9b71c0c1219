//! `docket token`: credentials of users for their programs.

use chrono::{DateTime, Utc};
use clap::builder::PossibleValuesParser;
use entity::Time;
use entity::token::Model;
use serde_json::Value as Json;
use uuid::Uuid;

use super::failure::{Failure, say};
use super::output::{Format, Output, Record, record, time};
use super::user;
use crate::app::App;
use crate::domain::token::{self, NewToken};
use crate::viewer::{Permission, Viewer};

const DAY_SECONDS: i64 = 86_400;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a token and print it, this once
    Create(Create),
    /// List the tokens of a user, newest first
    List {
        /// The user's name or e-mail address
        #[arg(long)]
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Revoke a token: from now on it opens nothing
    Revoke {
        /// The token's id, as `list` shows it
        id: Uuid,
        #[command(flatten)]
        format: Format,
    },
}

/// What it takes to make a token.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What the token is for
    name: String,
    /// The name or e-mail address of the user that it acts for
    #[arg(long)]
    user: String,
    /// What it may be used for; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scopes())]
    scopes: Vec<String>,
    /// The moment it ends, such as 2030-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME", conflicts_with = "expires_days")]
    expires_at: Option<DateTime<Utc>>,
    /// The days until it ends
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_days: Option<u16>,
    #[command(flatten)]
    format: Format,
}

fn scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(Permission::ALL.map(Permission::scope))
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List { user, format } => list(&user, format, app, output).await,
        Command::Revoke { id, format } => revoke(id, format, app, output).await,
    }
}

async fn create(new: Create, app: &App, output: Output) -> Result<(), Failure> {
    let owner = user::named(app, &new.user).await?;
    let in_days = |days: u16| Time(app.clock.now_micros()).plus_seconds(i64::from(days) * DAY_SECONDS);
    let expires_at = new.expires_at.map(Time::from).or(new.expires_days.map(in_days));
    let Create { name, scopes, format, .. } = new;
    let input = NewToken { user_id: Some(owner.id), name, scopes, expires_at };
    let (made, secret) = token::create(app, &Viewer::local_operator(), input).await?;
    let about = format!("The token {:?} of {}, shown this once:", made.name, owner.username);
    show_secret(format, describe(&made), &about, secret.expose(), output)
}

/// In a pipe only the token arrives: `TOKEN=$(docket token create ..)`.
pub(super) fn show_secret(
    format: Format,
    mut record: Record,
    about: &str,
    secret: &str,
    mut output: Output,
) -> Result<(), Failure> {
    if format.json {
        record.insert("token".to_owned(), Json::from(secret));
        output.one(format, record)?;
    } else {
        say(about);
        output.line(secret)?;
    }
    Ok(())
}

async fn list(name: &str, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let owner = user::named(app, name).await?;
    let tokens = token::list(app, &Viewer::local_operator(), owner.id).await?;
    let columns = ["id", "name", "scopes", "createdAt", "lastUsedAt", "expiresAt", "revokedAt"];
    output.list(format, tokens.iter().map(describe).collect(), &columns)?;
    Ok(())
}

async fn revoke(id: Uuid, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let revoked = token::revoke(app, &Viewer::local_operator(), id).await?;
    output.one(format, describe(&revoked))?;
    Ok(())
}

fn describe(token: &Model) -> Record {
    record! {
        "id": token.uid.to_string(),
        "name": token.name,
        "scopes": token.scopes.0,
        "createdAt": time(token.created_at),
        "lastUsedAt": token.last_used_at.map(time),
        "expiresAt": token.expires_at.map(time),
        "revokedAt": token.revoked_at.map(time),
    }
}

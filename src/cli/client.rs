//! `docket client`: OAuth clients of users.

use clap::builder::PossibleValuesParser;
use entity::oauth_client::Model;
use serde_json::Value as Json;
use uuid::Uuid;

use super::failure::{Failure, say};
use super::output::{Format, Output, Record, record, time};
use super::user;
use crate::app::App;
use crate::domain::oauth::CLIENT_PREFIX;
use crate::domain::oauth::client::{self, NewClient};
use crate::viewer::{Permission, Viewer};

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a client and print its id and its secret, this once
    Create(Create),
    /// List the clients of a user, newest first
    List {
        /// The user's name or e-mail address
        #[arg(long)]
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Remove a client: its tokens open nothing from now on
    Delete {
        /// The client's id, as `list` shows it
        id: String,
        #[command(flatten)]
        format: Format,
    },
}

/// What it takes to make a client.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What the client is
    name: String,
    /// The name or e-mail address of the user in whose name its tokens act
    #[arg(long)]
    user: String,
    /// What its tokens may be used for at most; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scopes())]
    scopes: Vec<String>,
    #[command(flatten)]
    format: Format,
}

fn scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(Permission::ALL.map(Permission::scope))
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List { user, format } => {
            let owner = user::named(app, &user).await?;
            let clients = client::list(app, &operator, owner.id).await?;
            let columns = ["id", "name", "scopes", "createdAt", "lastUsedAt"];
            output.list(format, clients.iter().map(describe).collect(), &columns)?;
            Ok(())
        }
        Command::Delete { id, format } => {
            let uid = id.strip_prefix(CLIENT_PREFIX).and_then(|uid| Uuid::try_parse(uid).ok());
            let uid = uid
                .ok_or_else(|| Failure::Input(format!("{id:?} is no client's id; `docket client list` shows them")))?;
            output.one(format, describe(&client::delete(app, &operator, uid).await?))?;
            Ok(())
        }
    }
}

async fn create(new: Create, app: &App, mut output: Output) -> Result<(), Failure> {
    let owner = user::named(app, &new.user).await?;
    let Create { name, scopes, format, .. } = new;
    let input = NewClient { user_id: Some(owner.id), name, scopes };
    let (made, secret) = client::create(app, &Viewer::local_operator(), input).await?;
    if format.json {
        let mut record = describe(&made);
        record.insert("secret".to_owned(), Json::from(secret.expose()));
        output.one(format, record)?;
    } else {
        say(&format!("The client {:?} of {}; its id and its secret, shown this once:", made.name, owner.username));
        // As curl wants them: curl -u "$(docket client create ..)".
        output.line(&format!("{}:{}", id(&made), secret.expose()))?;
    }
    Ok(())
}

fn id(client: &Model) -> String {
    format!("{CLIENT_PREFIX}{}", client.uid.simple())
}

fn describe(client: &Model) -> Record {
    record! {
        "id": id(client),
        "name": client.name,
        "scopes": client.scopes.0,
        "createdAt": time(client.created_at),
        "lastUsedAt": client.last_used_at.map(time),
    }
}

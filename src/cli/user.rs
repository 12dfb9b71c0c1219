//! `docket user`: people, and programs that act like people.

use entity::user::{Model, Status};
use serde_json::Value as Json;

use super::failure::{Failure, say};
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::password::Source;
use crate::app::App;
use crate::domain::user::{self, NewUser, UserOrder};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a user
    Create(Create),
    /// List all users
    List(Format),
    /// Show one user
    Show {
        /// The user's name or e-mail address
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Stop an account: its user may log in, read why, and nothing else; what it follows ends
    Suspend {
        /// The user's name or e-mail address
        user: String,
        /// Words for the user to read
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Let a suspended user work again
    Reinstate {
        /// The user's name or e-mail address
        user: String,
    },
    /// Replace a user's password and end the user's sessions
    SetPassword {
        /// The user's name or e-mail address
        user: String,
        #[command(flatten)]
        password: Source,
    },
}

/// What it takes to make a user.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The name to log in with: letters, digits, `_`, `.`, `-`
    username: String,
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The given name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// The family name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// May do everything
    #[arg(long)]
    admin: bool,
    /// A role, such as service-author; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    password: Source,
    #[command(flatten)]
    format: Format,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List(format) => list(format, app, output).await,
        Command::Show { user, format } => show(&user, format, app, output).await,
        Command::Suspend { user, message } => set_status(&user, Status::Suspended, message, app, output).await,
        Command::Reinstate { user } => set_status(&user, Status::Active, None, app, output).await,
        Command::SetPassword { user, password } => set_password(&user, &password, app, output).await,
    }
}

async fn create(new: Create, app: &App, mut output: Output) -> Result<(), Failure> {
    let password = new.password.read()?;
    let Create { username, email, first_name, last_name, admin: is_admin, roles, format, .. } = new;
    let new = NewUser { username, email, password: password.secret(), first_name, last_name, is_admin, roles };
    let made = user::create(app, &Viewer::local_operator(), new).await?;
    let mut record = describe(&made);
    match password.to_show() {
        Some(text) if format.json => {
            record.insert("password".to_owned(), Json::from(text));
            output.one(format, record)?;
        }
        Some(text) => {
            say(&format!("The user {} is made. The password, shown this once:", made.username));
            output.line(text)?;
        }
        None => output.one(format, record)?,
    }
    Ok(())
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    let users = all(
        async |request| user::list(app, &viewer, UserOrder::UsernameAsc, &request).await,
        |row| cursor(UserOrder::UsernameAsc, row),
    );
    let records = users.await?.iter().map(describe).collect();
    output.list(format, records, &["number", "username", "email", "status", "isAdmin", "roles", "createdAt"])?;
    Ok(())
}

async fn show(name: &str, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    output.one(format, describe(&named(app, name).await?))?;
    Ok(())
}

async fn set_status(
    name: &str,
    status: Status,
    message: Option<String>,
    app: &App,
    mut output: Output,
) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let changed = user::set_status(app, &Viewer::local_operator(), found.id, status, message).await?;
    let word = if status == Status::Active { "active" } else { "suspended" };
    output.line(&format!("The user {} is {word}.", changed.username))?;
    Ok(())
}

async fn set_password(name: &str, password: &Source, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let password = password.read()?;
    user::set_password(app, &Viewer::local_operator(), found.id, password.secret()).await?;
    match password.to_show() {
        Some(text) => {
            say(&format!("The password of {} is changed and shown this once:", found.username));
            output.line(text)?;
        }
        None => output.line(&format!("The password of {} is changed.", found.username))?,
    }
    Ok(())
}

/// The user with this name or address. No name holds an `@`.
pub(super) async fn named(app: &App, name: &str) -> Result<Model> {
    let (name, email) = if name.contains('@') { (None, Some(name)) } else { (Some(name), None) };
    user::get_by(app, &Viewer::local_operator(), None, name, email).await
}

fn describe(user: &Model) -> Record {
    let status = match user.status {
        Status::Pending => "PENDING",
        Status::Active => "ACTIVE",
        Status::Suspended => "SUSPENDED",
    };
    record! {
        "number": user.id,
        "username": user.username,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "status": status,
        "statusMessage": user.status_message,
        "isAdmin": user.is_admin,
        "roles": user.roles.0,
        "hasPassword": user.password_hash.is_some(),
        "createdAt": time(user.created_at),
        "updatedAt": time(user.updated_at),
    }
}

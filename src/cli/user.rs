//! `docket user`: people, and programs that act like people.

mod change;

use clap::builder::PossibleValuesParser;
use entity::user::{Kind, Model, Status};
use serde_json::Value as Json;

use super::failure::{Failure, say};
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::password::Source;
use crate::app::App;
use crate::domain::user::{self, NewPassword, NewUser, UserFilter, UserOrder};
use crate::origin::Via;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a user
    Create(Create),
    /// List users: all but deleted ones, by name
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATUS", value_parser = statuses())]
        status: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Show one user
    Show {
        /// The user's name or e-mail address
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Stop an account: its log-ins end; its user may log in anew, read why, and nothing else
    Suspend {
        /// The user's name or e-mail address
        user: String,
        /// Words for the user to read
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
        /// The account waits to be activated instead
        #[arg(long)]
        pending: bool,
    },
    /// Let a suspended user work again
    Reinstate {
        /// The user's name or e-mail address
        user: String,
    },
    /// Take a user's address as confirmed, and an account that waits into use
    Activate {
        /// The user's name or e-mail address
        user: String,
    },
    /// Make a user an admin
    Promote {
        /// The user's name or e-mail address
        user: String,
    },
    /// Make an admin an ordinary user
    Demote {
        /// The user's name or e-mail address
        user: String,
    },
    /// Set the number by which a cluster's directory, and reports of its jobs, know a user
    SetLdapUid {
        /// The user's name or e-mail address
        user: String,
        /// The number there
        uid: String,
        /// USER is the number that `docket user list` shows: names of users known from records need not be unique
        #[arg(long)]
        by_number: bool,
    },
    /// Delete a user, with its sessions, tokens, files and the contents of its jobs
    Delete {
        /// The user's name or e-mail address
        user: String,
        /// It cannot be undone: say that it is meant
        #[arg(long)]
        yes: bool,
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

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(["pending", "active", "suspended", "deleted"])
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List { status, format } => list(status.as_deref(), format, app, output).await,
        Command::Show { user, format } => show(&user, format, app, output).await,
        Command::SetPassword { user, password } => set_password(&user, &password, app, output).await,
        Command::Suspend { user, message, pending } => {
            let status = if pending { Status::Pending } else { Status::Suspended };
            change::set_status(&user, status, message, app, output).await
        }
        Command::Reinstate { user } => change::set_status(&user, Status::Active, None, app, output).await,
        Command::Activate { user } => change::activate(&user, app, output).await,
        Command::Promote { user } => change::set_admin(&user, true, app, output).await,
        Command::Demote { user } => change::set_admin(&user, false, app, output).await,
        Command::SetLdapUid { user, uid, by_number } => change::set_ldap_uid(&user, by_number, uid, app, output).await,
        Command::Delete { user, yes } => change::delete(&user, yes, app, output).await,
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

async fn list(status: Option<&str>, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    let statuses =
        status.map(|word| ALL.into_iter().filter(|status| said(*status).eq_ignore_ascii_case(word)).collect());
    let filter = UserFilter { statuses, ..UserFilter::default() };
    let users = all(
        async |request| user::list(app, &viewer, &filter, UserOrder::UsernameAsc, &request).await,
        |row| cursor(UserOrder::UsernameAsc, row),
    );
    let records = users.await?.iter().map(describe).collect();
    output.list(
        format,
        records,
        &["number", "username", "email", "status", "isAdmin", "roles", "lastLoginAt", "createdAt"],
    )?;
    Ok(())
}

async fn show(name: &str, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    output.one(format, describe(&named(app, name).await?))?;
    Ok(())
}

async fn set_password(name: &str, password: &Source, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let password = password.read()?;
    let new = NewPassword { password: password.secret(), confirmed: None };
    user::set_password(app, &Viewer::local_operator(), &Via::console(), found.uid, new).await?;
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
pub(super) async fn named(app: &App, given: &str) -> Result<Model, Failure> {
    let (name, email) = if given.contains('@') { (None, Some(given)) } else { (Some(given), None) };
    let found = user::get_by(app, &Viewer::local_operator(), None, name, email).await;
    found.map_err(Failure::looking_for("user", given))
}

const ALL: [Status; 4] = [Status::Pending, Status::Active, Status::Suspended, Status::Deleted];

const fn said(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING",
        Status::Active => "ACTIVE",
        Status::Suspended => "SUSPENDED",
        Status::Deleted => "DELETED",
    }
}

fn describe(user: &Model) -> Record {
    record! {
        "number": user.id,
        "username": user.username,
        "email": user.email,
        "emailVerifiedAt": user.email_verified_at.map(time),
        "firstName": user.first_name,
        "lastName": user.last_name,
        "kind": if user.kind == Kind::Anonymous { "ANONYMOUS" } else { "AUTHENTICATED" },
        "status": said(user.status),
        "statusMessage": user.status_message,
        "isAdmin": user.is_admin,
        "roles": user.roles.0,
        "ldapUid": user.ldap_uid,
        "hasPassword": user.password_hash.is_some(),
        "lastLoginAt": user.last_login_at.map(time),
        "createdAt": time(user.created_at),
        "updatedAt": time(user.updated_at),
    }
}

//! `docket group`: named sets of users, which projects give roles to.

use entity::group::Model;

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::user;
use crate::app::App;
use crate::domain::{
    group::{self, GroupChange, GroupMemberOrder, GroupOrder, NewGroup},
    user as users,
};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a group
    Create {
        /// The name: letters, digits, `_`, `.`, `-`
        name: String,
        /// Who is in it and why
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// A user to put into it; may be repeated
        #[arg(long = "member", value_name = "USER")]
        members: Vec<String>,
        #[command(flatten)]
        format: Format,
    },
    /// List all groups
    List(Format),
    /// Show one group with its members
    Show(Named),
    /// Give a group another name or description
    Update {
        #[command(flatten)]
        named: Named,
        /// Another name
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        /// Another description
        #[arg(long)]
        description: Option<String>,
    },
    /// Put a user into a group: it has the group's roles at once
    Add(Member),
    /// Take a user out of a group: it loses the group's roles at once
    Remove(Member),
    /// Remove a group, with the roles that projects gave it
    Delete(Named),
}

/// Which group.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The group's name
    name: String,
    #[command(flatten)]
    format: Format,
}

/// Which user, and which group.
#[derive(Debug, clap::Args)]
pub(super) struct Member {
    /// The group's name
    group: String,
    /// The user's name or e-mail address
    user: String,
    #[command(flatten)]
    format: Format,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, mut output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    match command {
        Command::Create { name, description, members, format } => {
            let mut found = Vec::with_capacity(members.len());
            for member in &members {
                found.push(user::named(app, member).await?.uid);
            }
            let made = group::create(app, &viewer, NewGroup { name, description }).await?;
            for member in found {
                group::add_member(app, &viewer, made.uid, member).await?;
            }
            show(&made, format, app, output).await
        }
        Command::List(format) => list(format, app, output).await,
        Command::Show(named) => show(&find(app, &named.name).await?, named.format, app, output).await,
        Command::Update { named, new_name, description } => {
            let uid = find(app, &named.name).await?.uid;
            let changed = group::update(app, &viewer, uid, GroupChange { name: new_name, description }).await?;
            show(&changed, named.format, app, output).await
        }
        Command::Add(member) => {
            let (group, user) = member.find(app).await?;
            show(&group::add_member(app, &viewer, group, user).await?, member.format, app, output).await
        }
        Command::Remove(member) => {
            let (group, user) = member.find(app).await?;
            show(&group::remove_member(app, &viewer, group, user).await?, member.format, app, output).await
        }
        Command::Delete(named) => {
            let deleted = group::delete(app, &viewer, find(app, &named.name).await?.uid).await?;
            if named.format.json {
                output.one(named.format, describe(&deleted))?;
            } else {
                output.line(&format!("The group {} is deleted, with its roles.", deleted.name))?;
            }
            Ok(())
        }
    }
}

/// The group with this name.
pub(super) async fn find(app: &App, name: &str) -> Result<Model, Failure> {
    let found = group::get_by_name(app, &Viewer::local_operator(), name).await;
    found.map_err(Failure::looking_for("group", name))
}

impl Member {
    async fn find(&self, app: &App) -> Result<(uuid::Uuid, uuid::Uuid), Failure> {
        Ok((find(app, &self.group).await?.uid, user::named(app, &self.user).await?.uid))
    }
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, order) = (Viewer::local_operator(), GroupOrder::NameAsc);
    let groups = all(async |request| group::list(app, &viewer, order, &request).await, |row| cursor(order, row));
    let mut records = Vec::new();
    for group in groups.await? {
        let members = group::count_members(app, &viewer, group.id).await?;
        let mut record = describe(&group);
        record.insert("members".to_owned(), members.into());
        records.push(record);
    }
    output.list(format, records, &["number", "name", "description", "members", "createdAt"])?;
    Ok(())
}

async fn show(group: &Model, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, order) = (Viewer::local_operator(), GroupMemberOrder::CreatedAtAsc);
    let members =
        all(async |request| group::members(app, &viewer, group.id, order, &request).await, |row| cursor(order, row));
    let ids: Vec<i64> = members.await?.iter().map(|member| member.user_id).collect();
    let mut names = Vec::with_capacity(ids.len());
    for ids in ids.chunks(100) {
        names.extend(users::by_ids(app, ids).await?.into_iter().map(|user| user.username));
    }
    names.sort_unstable();
    let mut record = describe(group);
    record.insert("members".to_owned(), names.into());
    output.one(format, record)?;
    Ok(())
}

fn describe(group: &Model) -> Record {
    record! {
        "number": group.id,
        "name": group.name,
        "description": group.description,
        "createdAt": time(group.created_at),
        "updatedAt": time(group.updated_at),
    }
}

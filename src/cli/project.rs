//! `docket project`: what people do together, and who may do what in it.

use clap::ValueEnum;
use entity::{project::Model, project_member::Role};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::{group, user};
use crate::app::App;
use crate::domain::{
    group as groups,
    project::{self, Holder, MemberOrder, NewProject, ProjectChange, ProjectFilter, ProjectOrder},
    user as users,
};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a project
    Create(Create),
    /// List all projects but users' own
    List {
        /// Users' own projects, too
        #[arg(long)]
        personal: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Show one project with its members
    Show(Named),
    /// Change what a project is called, and who sees it
    Update(Update),
    /// Give a user or a group a role in a project
    SetMember {
        #[command(flatten)]
        member: Member,
        /// What it may do
        #[arg(long, value_enum)]
        role: Part,
    },
    /// Take a user's or a group's role in a project away
    RemoveMember(Member),
    /// Delete a project whose jobs have finished; they stay
    Delete(Named),
}

/// Which project.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The project's name
    name: String,
    #[command(flatten)]
    format: Format,
}

/// What it takes to make a project.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The name: letters, digits, `_`, `.`, `-`
    name: String,
    /// Who is to own it: a user's name or e-mail address
    #[arg(long, value_name = "USER")]
    owner: String,
    /// The title [default: the name]
    #[arg(long)]
    title: Option<String>,
    /// What it is about
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// Let everybody see it
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    format: Format,
}

/// A change; what is absent stays.
#[derive(Debug, clap::Args)]
pub(super) struct Update {
    #[command(flatten)]
    named: Named,
    /// Another name
    #[arg(long, value_name = "NAME")]
    new_name: Option<String>,
    /// Another title
    #[arg(long)]
    title: Option<String>,
    /// Another description
    #[arg(long)]
    description: Option<String>,
    /// Whether everybody sees it
    #[arg(long, value_name = "true|false")]
    public: Option<bool>,
}

/// A user or a group, and a project.
#[derive(Debug, clap::Args)]
pub(super) struct Member {
    /// The project's name
    project: String,
    /// A user's name or e-mail address
    #[arg(long, required_unless_present = "group", conflicts_with = "group")]
    user: Option<String>,
    /// A group's name
    #[arg(long)]
    group: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// The roles, as words of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Part {
    Watcher,
    Contributor,
    Manager,
    Owner,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List { personal, format } => list(personal, format, app, output).await,
        Command::Show(named) => show(&find(app, &named.name).await?, named.format, app, output).await,
        Command::Update(Update { named, new_name, title, description, public }) => {
            let change = ProjectChange { name: new_name, title, description, is_public: public, ..Default::default() };
            let uid = find(app, &named.name).await?.uid;
            show(&project::update(app, &viewer, uid, change).await?, named.format, app, output).await
        }
        Command::SetMember { member, role } => {
            let (found, holder) = member.find(app).await?;
            project::set_member(app, &viewer, found.uid, holder, role.into()).await?;
            show(&found, member.format, app, output).await
        }
        Command::RemoveMember(member) => {
            let (found, holder) = member.find(app).await?;
            project::remove_member(app, &viewer, found.uid, holder).await?;
            show(&found, member.format, app, output).await
        }
        Command::Delete(named) => delete(&named, app, output).await,
    }
}

async fn find(app: &App, name: &str) -> Result<Model, Failure> {
    let found = project::get_by_name(app, &Viewer::local_operator(), name).await;
    found.map_err(Failure::looking_for("project", name))
}

impl Member {
    async fn find(&self, app: &App) -> Result<(Model, Holder), Failure> {
        let holder = match (&self.user, &self.group) {
            (Some(name), _) => Holder::User(user::named(app, name).await?.uid),
            (None, name) => Holder::Group(group::find(app, name.as_deref().unwrap_or_default()).await?.uid),
        };
        Ok((find(app, &self.project).await?, holder))
    }
}

async fn create(new: Create, app: &App, output: Output) -> Result<(), Failure> {
    let owner = user::named(app, &new.owner).await?;
    let input = NewProject {
        title: new.title.unwrap_or_else(|| new.name.clone()),
        name: Some(new.name),
        description: new.description,
        is_public: new.public,
        default_account_id: None,
    };
    let made = project::create_for(app, &Viewer::local_operator(), owner.uid, input).await?;
    show(&made, new.format, app, output).await
}

async fn list(personal: bool, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, order) = (Viewer::local_operator(), ProjectOrder::NameAsc);
    let filter = ProjectFilter { personal: (!personal).then_some(false), ..ProjectFilter::default() };
    let projects =
        all(async |request| project::list(app, &viewer, &filter, order, &request).await, |row| cursor(order, row));
    let records = projects.await?.iter().map(describe).collect();
    output.list(format, records, &["number", "name", "title", "isPublic", "createdAt"])?;
    Ok(())
}

async fn show(project: &Model, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, order) = (Viewer::local_operator(), MemberOrder::CreatedAtAsc);
    let members = all(
        async |request| project::members(app, &viewer, project.id, order, &request).await,
        |row| cursor(order, row),
    );
    let mut shown = Vec::new();
    for member in members.await? {
        let user = users::by_ids(app, member.user_id.as_slice()).await?.pop();
        let group = groups::by_ids(app, member.group_id.as_slice()).await?.pop();
        let role = Part::from(member.role).word();
        shown.push(match (user, group, format.json) {
            (user, group, true) => json!({
                "user": user.map(|user| user.username), "group": group.map(|group| group.name), "role": role,
            }),
            (Some(user), _, false) => Json::from(format!("{} {role}", user.username)),
            (None, group, false) => {
                Json::from(format!("@{} {role}", group.map_or_else(String::new, |group| group.name)))
            }
        });
    }
    let mut record = describe(project);
    record.insert("members".to_owned(), shown.into());
    output.one(format, record)?;
    Ok(())
}

async fn delete(named: &Named, app: &App, mut output: Output) -> Result<(), Failure> {
    let uid = find(app, &named.name).await?.uid;
    let deleted = project::delete(app, &Viewer::local_operator(), uid).await?;
    if named.format.json {
        output.one(named.format, describe(&deleted))?;
    } else {
        output.line(&format!("The project {} is deleted; its jobs stay.", deleted.name))?;
    }
    Ok(())
}

impl From<Part> for Role {
    fn from(part: Part) -> Self {
        match part {
            Part::Watcher => Self::Watcher,
            Part::Contributor => Self::Contributor,
            Part::Manager => Self::Manager,
            Part::Owner => Self::Owner,
        }
    }
}

impl From<Role> for Part {
    fn from(role: Role) -> Self {
        match role {
            Role::Watcher => Self::Watcher,
            Role::Contributor => Self::Contributor,
            Role::Manager => Self::Manager,
            Role::Owner => Self::Owner,
        }
    }
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Watcher => "WATCHER",
            Self::Contributor => "CONTRIBUTOR",
            Self::Manager => "MANAGER",
            Self::Owner => "OWNER",
        }
    }
}

fn describe(project: &Model) -> Record {
    record! {
        "number": project.id,
        "name": project.name,
        "title": project.title,
        "description": project.description,
        "isPublic": project.is_public,
        "isPersonal": project.personal_of.is_some(),
        "createdAt": time(project.created_at),
        "updatedAt": time(project.updated_at),
    }
}

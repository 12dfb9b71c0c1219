//! `docket account`: who pays for jobs.

use clap::ValueEnum;
use entity::account::{Model, Overrun};
use entity::{Amount, account_member};
use serde_json::json;

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::user::named as user_named;
use crate::app::App;
use crate::domain::account::{self, AccountChange, AccountFilter, AccountOrder, MemberChange, MemberOrder, NewAccount};
use crate::domain::user;
use crate::error::{Error, Result};
use crate::page::cursor;
use crate::viewer::Viewer;

mod holds;
mod money;
mod statement;
mod usage;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an account
    Create(Box<Create>),
    /// List all accounts with their sums
    List(Format),
    /// Show one account with its members
    Show(Named),
    /// Have MyBRC list an account and its members; it may be overdrawn from then on
    Enrol(Named),
    /// Change an account: its rule, and whether jobs that a batch system reports are charged
    Set(Box<Set>),
    /// Make a user a member of an account, change what the member may, or end the membership
    Member(Box<Member>),
    /// Put money into an account
    Grant(money::Grant),
    /// Correct an account's sums by an entry
    Adjust(money::Adjust),
    /// List the jobs that hold money, and release what they hold
    Holds(holds::Holds),
    /// Show the entries of an account with its running balance
    Statement(statement::Statement),
    /// Add up what was spent, by user, service, project or day
    Usage(usage::Used),
}

/// Which account.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The account's name
    name: String,
    #[command(flatten)]
    format: Format,
}

/// What it takes to make an account.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The name: letters, digits, `_`, `.`, `-`
    name: String,
    /// What sort of account it is, in a word
    #[arg(long = "type", value_name = "WORD", default_value = "standard")]
    kind: String,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// What happens when there is too little money, or a job costs more than was held for it
    #[arg(long, value_enum, default_value_t = Rule::Refuse)]
    overrun: Rule,
    /// Money to begin with
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse, default_value = "0", hide_default_value = true)]
    grant: Amount,
    /// A user who may charge it; may be repeated
    #[arg(long = "member", value_name = "USER")]
    members: Vec<String>,
    #[command(flatten)]
    format: Format,
}

/// A change of an account; what is not given stays.
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// The account's name
    name: String,
    /// What happens when there is too little money, or a job costs more than was held for it
    #[arg(long, value_enum)]
    overrun: Option<Rule>,
    /// Whether what a batch system reports of jobs is charged
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    charges_recorded_jobs: Option<bool>,
    #[command(flatten)]
    format: Format,
}

/// A membership.
#[derive(Debug, clap::Args)]
pub(super) struct Member {
    /// The account's name
    account: String,
    /// The user's name or e-mail address
    user: String,
    /// The most that the user's jobs may hold and have spent together
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse, conflicts_with = "no_limit")]
    limit: Option<Amount>,
    /// Take the limit away
    #[arg(long)]
    no_limit: bool,
    /// Whether the user sees all members and entries, and sets members
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    manager: Option<bool>,
    /// End the membership
    #[arg(long, conflicts_with_all = ["limit", "no_limit", "manager"])]
    remove: bool,
    #[command(flatten)]
    format: Format,
}

/// The rules, as words of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rule {
    /// Jobs are taken whatever is available: the account may be overdrawn
    Allow,
    /// What a job costs beyond its hold is taken as far as money is available
    Cap,
    /// A job never costs more than was held for it
    Refuse,
}

impl From<Rule> for Overrun {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Allow => Self::Allow,
            Rule::Cap => Self::Cap,
            Rule::Refuse => Self::Refuse,
        }
    }
}

fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("`yes` or `no` is needed"),
    }
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(*new, app, output).await,
        Command::List(format) => list(format, app, output).await,
        Command::Show(named) => show(&named, app, output).await,
        Command::Enrol(named) => enrol(&named, app, output).await,
        Command::Set(change) => set(*change, app, output).await,
        Command::Member(member) => set_member(&member, app, output).await,
        Command::Grant(grant) => money::grant(grant, app, output).await,
        Command::Adjust(adjust) => money::adjust(adjust, app, output).await,
        Command::Holds(holds) => holds::run(&holds, app, output).await,
        Command::Statement(statement) => statement::run(&statement, app, output).await,
        Command::Usage(used) => usage::run(&used, app, output).await,
    }
}

/// The account with this name; failing that, the only one that MyBRC knows by it.
async fn find(app: &App, name: &str) -> Result<Model, Failure> {
    let operator = Viewer::local_operator();
    let found = match account::get_by_name(app, &operator, name).await {
        Err(Error::NotFound(_)) => account::get_by_title(app, &operator, name).await,
        found => found,
    };
    found.map_err(Failure::looking_for("account", name))
}

async fn enrol(named: &Named, app: &App, output: Output) -> Result<(), Failure> {
    account::enrol(app, &Viewer::local_operator(), find(app, &named.name).await?.uid).await?;
    show(named, app, output).await
}

async fn create(new: Create, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    let mut users = Vec::new();
    for name in &new.members {
        users.push(user_named(app, name).await?);
    }
    let Create { name, kind, description, overrun, grant: granted, format, .. } = new;
    let overrun = overrun.into();
    let input = NewAccount { name, kind, description, overrun, charges_recorded: true, granted };
    let made = account::create(app, &operator, input).await?;
    for user in users {
        account::set_member(app, &operator, made.uid, user.uid, MemberChange::default()).await?;
    }
    output.one(format, describe(&made))?;
    Ok(())
}

async fn set(change: Set, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = find(app, &change.name).await?;
    let Set { overrun, charges_recorded_jobs: charges_recorded, format, .. } = change;
    let change = AccountChange { overrun: overrun.map(Into::into), charges_recorded, ..AccountChange::default() };
    let changed = account::update(app, &Viewer::local_operator(), found.uid, change).await?;
    output.one(format, describe(&changed))?;
    Ok(())
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, filter) = (Viewer::local_operator(), AccountFilter::default());
    let accounts = all(
        async |request| account::list(app, &viewer, &filter, AccountOrder::NameAsc, &request).await,
        |row| cursor(AccountOrder::NameAsc, row),
    );
    let records = accounts.await?.iter().map(describe).collect();
    output.list(
        format,
        records,
        &["number", "name", "title", "type", "overrun", "granted", "held", "spent", "available"],
    )?;
    Ok(())
}

async fn show(named: &Named, app: &App, mut output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    let found = find(app, &named.name).await?;
    let members = all(
        async |request| account::members(app, &viewer, found.id, MemberOrder::CreatedAtAsc, &request).await,
        |row| cursor(MemberOrder::CreatedAtAsc, row),
    );
    let members = members.await?;
    let ids: Vec<i64> = members.iter().map(|member| member.user_id).collect();
    let mut users = Vec::new();
    for ids in ids.chunks(100) {
        users.extend(user::by_ids(app, ids).await?);
    }
    let name = |id: i64| users.iter().find(|user| user.id == id).map(|user| user.username.clone()).unwrap_or_default();
    let members: Vec<Record> = members.iter().map(|member| describe_member(member, &name(member.user_id))).collect();
    let mut record = describe(&found);
    if named.format.json {
        record.insert("members".to_owned(), json!(members));
        output.one(named.format, record)?;
        return Ok(());
    }
    output.one(named.format, record)?;
    output.line("")?;
    output.list(named.format, members, &["user", "isManager", "limit", "held", "spent"])?;
    Ok(())
}

async fn set_member(member: &Member, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    let found = find(app, &member.account).await?;
    let user = user_named(app, &member.user).await?;
    let set = if member.remove {
        account::remove_member(app, &operator, found.uid, user.uid).await?
    } else {
        let limit = if member.no_limit { Some(None) } else { member.limit.map(Some) };
        let change = MemberChange { limit, is_manager: member.manager };
        account::set_member(app, &operator, found.uid, user.uid, change).await?
    };
    if member.remove && !member.format.json {
        output.line(&format!("{} is no member of {} any more.", user.username, found.name))?;
    } else {
        output.one(member.format, describe_member(&set, &user.username))?;
    }
    Ok(())
}

fn describe(account: &Model) -> Record {
    let overrun = match account.overrun {
        Overrun::Allow => "ALLOW",
        Overrun::Cap => "CAP",
        Overrun::Refuse => "REFUSE",
    };
    record! {
        "number": account.id,
        "name": account.name,
        "title": account.title,
        "type": account.kind,
        "description": account.description,
        "overrun": overrun,
        "chargesRecordedJobs": account.charges_recorded,
        "granted": account.granted.to_string(),
        "held": account.held.to_string(),
        "spent": account.spent.to_string(),
        "available": account.available().to_string(),
        "createdAt": time(account.created_at),
        "updatedAt": time(account.updated_at),
    }
}

fn describe_member(member: &account_member::Model, name: &str) -> Record {
    record! {
        "user": name,
        "isManager": member.is_manager,
        "limit": member.spend_limit.map(|limit| limit.to_string()),
        "held": member.held.to_string(),
        "spent": member.spent.to_string(),
        "createdAt": time(member.created_at),
        "updatedAt": time(member.updated_at),
    }
}

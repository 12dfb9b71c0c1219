//! `docket server`: other servers, whose services are shown here.

use clap::ValueEnum;
use entity::server::{Model, Protocol};

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use crate::app::App;
use crate::domain::server::{self, NewServer, ServerChange, ServerFilter, ServerOrder};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Register another server, and probe it
    Add(Add),
    /// List this server and those that are registered
    List(Format),
    /// Show one server
    Show(Named),
    /// Ask a server now what it offers
    Probe(Named),
    /// Change a server's name or address; at another address it is probed at once
    Update(Update),
    /// Stop probing a server; what it offered stays listed
    Disable(Named),
    /// Probe a server again
    Enable(Named),
    /// Forget a server and what it offered
    Remove(Named),
}

/// Which server.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The server's name
    name: String,
    #[command(flatten)]
    format: Format,
}

/// What it takes to register a server.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The name by which it is known here: letters, digits, `_`, `.`, `-`
    name: String,
    /// Where it answers, such as `https://lab.example.org`
    url: String,
    /// How it tells what it offers [default: the first probe finds out]
    #[arg(long, value_enum)]
    protocol: Option<Speech>,
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
    /// Another address
    #[arg(long)]
    url: Option<String>,
}

/// The protocols, as words of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speech {
    Docket,
    Mobyle2,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    // Before the first `docket serve` its own row is not there yet.
    server::enter(app).await?;
    match command {
        Command::Add(new) => add(new, app, output).await,
        Command::List(format) => list(format, app, output).await,
        Command::Show(named) => show(named.format, &named.find(app).await?, output),
        Command::Probe(named) => {
            let found = named.find(app).await?;
            show(named.format, &server::probe(app, &Viewer::local_operator(), found.uid).await?, output)
        }
        Command::Update(change) => update(change, app, output).await,
        Command::Disable(named) => set_enabled(&named, false, app, output).await,
        Command::Enable(named) => set_enabled(&named, true, app, output).await,
        Command::Remove(named) => remove(&named, app, output).await,
    }
}

impl Named {
    async fn find(&self, app: &App) -> Result<Model, Failure> {
        let found = server::get_by_name(app, &Viewer::local_operator(), &self.name).await;
        found.map_err(Failure::looking_for("server", &self.name))
    }
}

async fn add(new: Add, app: &App, output: Output) -> Result<(), Failure> {
    let protocol = new.protocol.map(|protocol| match protocol {
        Speech::Docket => Protocol::Docket,
        Speech::Mobyle2 => Protocol::Mobyle2,
    });
    let viewer = Viewer::local_operator();
    let input = NewServer { name: new.name, url: new.url, protocol };
    let made = server::register(app, &viewer, input).await?;
    // A running server may be faster; then it has the answer soon.
    let probed = server::probe(app, &viewer, made.uid).await;
    show(new.format, probed.as_ref().unwrap_or(&made), output)
}

async fn update(change: Update, app: &App, output: Output) -> Result<(), Failure> {
    let Update { named, new_name, url } = change;
    let (viewer, found) = (Viewer::local_operator(), named.find(app).await?);
    let change = ServerChange { name: new_name, url, ..ServerChange::default() };
    let changed = server::update(app, &viewer, found.uid, change).await?;
    if changed.url == found.url || !changed.is_enabled {
        return show(named.format, &changed, output);
    }
    let probed = server::probe(app, &viewer, changed.uid).await;
    show(named.format, probed.as_ref().unwrap_or(&changed), output)
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, filter, order) = (Viewer::local_operator(), ServerFilter::default(), ServerOrder::NameAsc);
    let servers =
        all(async |request| server::list(app, &viewer, filter, order, &request).await, |row| cursor(order, row));
    let records = servers.await?.iter().map(describe).collect();
    output.list(format, records, &["name", "url", "isActive", "protocol", "lastActiveAt", "lastError"])?;
    Ok(())
}

fn show(format: Format, server: &Model, mut output: Output) -> Result<(), Failure> {
    output.one(format, describe(server))?;
    Ok(())
}

async fn set_enabled(named: &Named, enabled: bool, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named.find(app).await?;
    let change = ServerChange { is_enabled: Some(enabled), ..ServerChange::default() };
    let changed = server::update(app, &Viewer::local_operator(), found.uid, change).await?;
    if named.format.json {
        output.one(named.format, describe(&changed))?;
    } else {
        let state = if enabled { "is probed by running servers" } else { "is not probed any more" };
        output.line(&format!("The server {} {state}.", changed.name))?;
    }
    Ok(())
}

async fn remove(named: &Named, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named.find(app).await?;
    let removed = server::remove(app, &Viewer::local_operator(), found.uid).await?;
    if named.format.json {
        output.one(named.format, describe(&removed))?;
    } else {
        output.line(&format!("The server {} is forgotten, and what it offered.", removed.name))?;
    }
    Ok(())
}

fn describe(server: &Model) -> Record {
    let protocol = server.protocol.map(|protocol| match protocol {
        Protocol::Docket => "DOCKET",
        Protocol::Mobyle2 => "MOBYLE2",
    });
    record! {
        "name": server.name,
        "url": server.url,
        "isLocal": server.is_local,
        "isEnabled": server.is_enabled,
        "isActive": server.is_active,
        "protocol": protocol,
        "lastProbedAt": server.last_probed_at.map(time),
        "lastActiveAt": server.last_active_at.map(time),
        "lastError": server.last_error,
        "createdAt": time(server.created_at),
        "updatedAt": time(server.updated_at),
    }
}

//! `docket runner`: worker processes and their tokens.

use std::collections::HashMap;

use entity::job::{Column, Columns};
use entity::runner::Model;
use serde_json::Value as Json;

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use super::token::show_secret;
use crate::app::App;
use crate::domain::job::{self, JobFilter, JobOrder};
use crate::domain::runner::{self, NewRunner, RunnerOrder};
use crate::domain::service;
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a runner and print its token, this once
    Create(Create),
    /// List all runners
    List(Format),
    /// Show one runner, its services and the jobs that it holds
    Show(Numbered),
    /// Remove a runner: its token opens nothing any more, its jobs go back to the queue
    Delete(Numbered),
}

/// Which runner. Two owners may give theirs the same name, so that a name is not enough.
#[derive(Debug, clap::Args)]
pub(super) struct Numbered {
    /// The runner's number, as `list` shows it
    number: i64,
    #[command(flatten)]
    format: Format,
}

/// What it takes to make a runner.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What to call it
    name: String,
    /// A service that it works for; may be repeated
    #[arg(long = "service", value_name = "NAME", required = true)]
    services: Vec<String>,
    /// Jobs that it may hold at once
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    slots: i32,
    /// What it can do, for jobs that require it; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    #[command(flatten)]
    format: Format,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(new, app, output).await,
        Command::List(format) => list(format, app, output).await,
        Command::Show(numbered) => show(&numbered, app, output).await,
        Command::Delete(numbered) => delete(&numbered, app, output).await,
    }
}

impl Numbered {
    async fn find(&self, app: &App) -> Result<Model, Failure> {
        let found = runner::get_by_number(app, &Viewer::local_operator(), self.number).await;
        found.map_err(Failure::looking_for("runner", self.number))
    }
}

async fn create(new: Create, app: &App, output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    let mut service_ids = Vec::with_capacity(new.services.len());
    for name in &new.services {
        let found = service::get_by_name(app, &viewer, name, None).await;
        service_ids.push(found.map_err(|error| Failure::Input(format!("--service {name}: {error}")))?.uid);
    }
    let pair = |label: &String| {
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        (key.to_owned(), value.to_owned())
    };
    let labels = new.labels.iter().map(pair).collect();
    let input = NewRunner { name: new.name, service_ids, slots: new.slots, labels };
    let (made, secret) = runner::create(app, &viewer, input).await?;
    let about = format!("The token of the runner {:?} (number {}), shown this once:", made.name, made.id);
    show_secret(new.format, describe(&made), &about, secret.expose(), output)
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let (viewer, order) = (Viewer::local_operator(), RunnerOrder::CreatedAtAsc);
    let runners =
        all(async |request| runner::list(app, &viewer, order, &request).await, |row| cursor(order, row)).await?;
    let mut records = Vec::with_capacity(runners.len());
    for row in &runners {
        records.push(with_services(app, row).await?);
    }
    output.list(format, records, &["number", "name", "services", "slots", "registeredAt", "lastHeartbeatAt"])?;
    Ok(())
}

async fn show(numbered: &Numbered, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = numbered.find(app).await?;
    let mut record = with_services(app, &found).await?;
    let (viewer, order) = (Viewer::local_operator(), JobOrder::SubmittedAtAsc);
    let filter = JobFilter { held_by: Some(found.id), ..JobFilter::default() };
    let columns = Columns::of(&[Column::Id]);
    let held = all(
        async |request| job::list(app, &viewer, &filter, order, &request, columns).await,
        |part| cursor(order, &part.row),
    );
    record.insert("heldJobs".to_owned(), held.await?.iter().map(|part| Json::from(part.row.id)).collect());
    output.one(numbered.format, record)?;
    Ok(())
}

async fn delete(numbered: &Numbered, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = numbered.find(app).await?;
    let deleted = runner::delete(app, &Viewer::local_operator(), found.uid).await?;
    if numbered.format.json {
        output.one(numbered.format, describe(&deleted))?;
    } else {
        output.line(&format!("The runner {} is deleted; the jobs that it held wait again.", deleted.id))?;
    }
    Ok(())
}

async fn with_services(app: &App, runner: &Model) -> Result<Record> {
    let ids = runner::service_ids(app, runner.id).await?;
    let names: HashMap<i64, String> =
        service::by_ids(app, &ids).await?.into_iter().map(|service| (service.id, service.name)).collect();
    let mut record = describe(runner);
    record.insert("services".to_owned(), ids.iter().filter_map(|id| names.get(id)).cloned().collect());
    Ok(record)
}

fn describe(runner: &Model) -> Record {
    record! {
        "number": runner.id,
        "name": runner.name,
        "slots": runner.slots,
        "labels": serde_json::json!(runner.labels),
        "registeredAt": runner.registered_at.map(time),
        "lastHeartbeatAt": runner.last_heartbeat_at.map(time),
        "createdAt": time(runner.created_at),
        "updatedAt": time(runner.updated_at),
    }
}

//! `docket service`: what can be run.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use entity::Amount;
use entity::service::{Dispatch, Kind, Model};
use entity::service_version;
use serde_json::Value as Json;

use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use super::pages::all;
use crate::app::App;
use crate::domain::schema::Semantics;
use crate::domain::service::{self, Limits, NewService, Prices, ServiceFilter, ServiceOrder};
use crate::error::Result;
use crate::page::cursor;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a service
    Create(Box<Create>),
    /// List all services that this server runs
    List(Format),
    /// Show one service with its schemas
    Show(Named),
    /// Stop taking new jobs; those already submitted go on
    Disable(Named),
    /// Take new jobs again
    Enable(Named),
    /// Remove a service without unfinished jobs; its jobs stay
    Delete(Named),
}

/// Which service.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The service's name
    name: String,
    #[command(flatten)]
    format: Format,
}

/// What it takes to make a service.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The name: letters, digits, `_`, `.`, `-`
    name: String,
    /// The title [default: the name]
    #[arg(long)]
    title: Option<String>,
    /// What it does
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// What sort of thing it is
    #[arg(long, value_enum, default_value_t = Sort::Program)]
    kind: Sort,
    /// Let other servers show it
    #[arg(long)]
    exported: bool,
    /// Assign its jobs to registered runners, instead of letting runners ask for them
    #[arg(long)]
    push: bool,
    /// A file with the JSON Schema of a job's parameters [default: whatever JSON]
    #[arg(long, value_name = "FILE")]
    parameters_schema: Option<PathBuf>,
    /// A file with the JSON Schema of a job's results [default: whatever JSON]
    #[arg(long, value_name = "FILE")]
    results_schema: Option<PathBuf>,
    #[command(flatten)]
    limits: Bounds,
    #[command(flatten)]
    prices: Cost,
    #[command(flatten)]
    format: Format,
}

/// What its jobs cost; what is absent costs nothing.
#[derive(Debug, clap::Args)]
struct Cost {
    /// What each job costs
    #[arg(long = "price-per-job", value_name = "AMOUNT", value_parser = Amount::parse)]
    job: Option<Amount>,
    /// What an hour of a job costs
    #[arg(long = "price-per-hour", value_name = "AMOUNT", value_parser = Amount::parse)]
    hour: Option<Amount>,
    /// What an hour of a job costs for each of its processors
    #[arg(long = "price-per-cpu-hour", value_name = "AMOUNT", value_parser = Amount::parse)]
    cpu_hour: Option<Amount>,
}

/// The kinds, as words of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    Program,
    Workflow,
    Widget,
}

/// Bounds of its jobs; what is absent follows the configuration.
#[derive(Debug, clap::Args)]
struct Bounds {
    /// Seconds without check-in until it counts as timed out
    #[arg(long, value_name = "SECONDS")]
    timeout_seconds: Option<i32>,
    /// Attempts of a job
    #[arg(long, value_name = "NUMBER")]
    max_attempts: Option<i32>,
    /// Seconds that a claim lasts without a heartbeat
    #[arg(long, value_name = "SECONDS")]
    lease_seconds: Option<i32>,
    /// Seconds that one attempt may run
    #[arg(long, value_name = "SECONDS")]
    max_run_seconds: Option<i32>,
    /// Bytes of JSON that a job's results may have
    #[arg(long, value_name = "BYTES")]
    max_result_bytes: Option<i32>,
    /// Jobs that runners may hold at once [default: any number]
    #[arg(long, value_name = "NUMBER")]
    max_running: Option<i32>,
    /// Jobs of one user that runners may hold at once [default: any number]
    #[arg(long, value_name = "NUMBER")]
    max_running_per_user: Option<i32>,
    /// Try attempts again that ran too long
    #[arg(long)]
    retry_timeouts: bool,
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, output: Output) -> Result<(), Failure> {
    match command {
        Command::Create(new) => create(*new, app, output).await,
        Command::List(format) => list(format, app, output).await,
        Command::Show(named) => {
            let found = named.find(app).await?;
            show(&found, named.format, app, output).await
        }
        Command::Disable(named) => set_disabled(&named, true, app, output).await,
        Command::Enable(named) => set_disabled(&named, false, app, output).await,
        Command::Delete(named) => delete(&named, app, output).await,
    }
}

impl Named {
    async fn find(&self, app: &App) -> Result<Model, Failure> {
        let found = service::get_by_name(app, &Viewer::local_operator(), &self.name, None).await;
        found.map_err(Failure::looking_for("service", &self.name))
    }
}

async fn create(new: Create, app: &App, output: Output) -> Result<(), Failure> {
    let input = NewService {
        project_id: None,
        is_exported: new.exported,
        title: new.title.unwrap_or_else(|| new.name.clone()),
        name: Some(new.name),
        description: new.description,
        kind: new.kind.into(),
        is_available: true,
        is_checked_in: false,
        semantics: Semantics::Declared,
        dispatch: if new.push { Dispatch::Push } else { Dispatch::Pull },
        parameters_schema: new.parameters_schema.as_deref().map_or(Ok(Json::Bool(true)), json_file)?,
        results_schema: new.results_schema.as_deref().map_or(Ok(Json::Bool(true)), json_file)?,
        limits: new.limits.into(),
        prices: new.prices.into(),
        dialect: None,
    };
    let made = service::create(app, &Viewer::local_operator(), input).await?;
    show(&made, new.format, app, output).await
}

fn json_file(path: &Path) -> Result<Json, Failure> {
    let refuse = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(&error))?;
    serde_json::from_str(&text).map_err(|error| refuse(&format_args!("not JSON: {error}")))
}

async fn list(format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let viewer = Viewer::local_operator();
    let (filter, order) = (ServiceFilter { remote: Some(false), ..ServiceFilter::default() }, ServiceOrder::NameAsc);
    let services =
        all(async |request| service::list(app, &viewer, &filter, order, &request).await, |row| cursor(order, row));
    let records = services.await?.iter().map(describe).collect();
    output.list(format, records, &["name", "title", "kind", "disabled", "isAvailable", "lastSeenAt"])?;
    Ok(())
}

async fn show(service: &Model, format: Format, app: &App, mut output: Output) -> Result<(), Failure> {
    let mut record = describe(service);
    let versions: Vec<service_version::Model> = service::versions(app, service.version_id.as_slice()).await?;
    for version in versions {
        record.insert("version".to_owned(), Json::from(version.version));
        record.insert("parametersSchema".to_owned(), version.parameters_schema.0);
        record.insert("resultsSchema".to_owned(), version.results_schema.0);
    }
    output.one(format, record)?;
    Ok(())
}

async fn set_disabled(named: &Named, disabled: bool, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named.find(app).await?;
    let changed = service::set_disabled(app, &Viewer::local_operator(), found.uid, disabled).await?;
    if named.format.json {
        output.one(named.format, describe(&changed))?;
    } else {
        let state = if disabled { "takes no new jobs" } else { "takes jobs" };
        output.line(&format!("The service {} {state}.", changed.name))?;
    }
    Ok(())
}

async fn delete(named: &Named, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named.find(app).await?;
    let deleted = service::delete(app, &Viewer::local_operator(), found.uid).await?;
    if named.format.json {
        output.one(named.format, describe(&deleted))?;
    } else {
        output.line(&format!("The service {} is deleted; its jobs stay.", deleted.name))?;
    }
    Ok(())
}

impl From<Cost> for Prices {
    fn from(cost: Cost) -> Self {
        Self { per_job: cost.job.map(Some), per_hour: cost.hour.map(Some), per_cpu_hour: cost.cpu_hour.map(Some) }
    }
}

impl From<Sort> for Kind {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Program => Self::Program,
            Sort::Workflow => Self::Workflow,
            Sort::Widget => Self::Widget,
        }
    }
}

impl From<Bounds> for Limits {
    fn from(bounds: Bounds) -> Self {
        Self {
            timeout_seconds: bounds.timeout_seconds,
            max_attempts: bounds.max_attempts.into(),
            lease_seconds: bounds.lease_seconds,
            max_run_seconds: bounds.max_run_seconds.into(),
            retry_timeouts: Some(bounds.retry_timeouts),
            max_result_bytes: bounds.max_result_bytes.into(),
            max_running: bounds.max_running.into(),
            max_running_per_user: bounds.max_running_per_user.into(),
        }
    }
}

fn describe(service: &Model) -> Record {
    let kind = match service.kind {
        Kind::Program => "PROGRAM",
        Kind::Workflow => "WORKFLOW",
        Kind::Widget => "WIDGET",
    };
    let dispatch = match service.dispatch {
        Dispatch::Pull => "PULL",
        Dispatch::Push => "PUSH",
    };
    record! {
        "number": service.id,
        "name": service.name,
        "title": service.title,
        "description": service.description,
        "kind": kind,
        "isExported": service.is_exported,
        "dispatch": dispatch,
        "disabled": service.disabled,
        "isAvailable": service.is_available,
        "timeoutSeconds": service.timeout_seconds,
        "lastSeenAt": service.last_seen_at.map(time),
        "maxAttempts": service.max_attempts,
        "leaseSeconds": service.lease_seconds,
        "maxRunSeconds": service.max_run_seconds,
        "retryTimeouts": service.retry_timeouts,
        "pricePerJob": service.price_per_job.map(|price| price.to_string()),
        "pricePerHour": service.price_per_hour.map(|price| price.to_string()),
        "pricePerCpuHour": service.price_per_cpu_hour.map(|price| price.to_string()),
        "maxResultBytes": service.max_result_bytes,
        "maxRunning": service.max_running,
        "maxRunningPerUser": service.max_running_per_user,
        "createdAt": time(service.created_at),
        "updatedAt": time(service.updated_at),
    }
}

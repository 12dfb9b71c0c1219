//! The load harness: starts docket and a floor of bare axum and sqlx, loads both in turn over loopback, and prints
//! what each request cost.
//!
//! [`programs`] starts the servers, [`world`] seeds them, [`requests`] speaks both their languages, [`load`] measures,
//! and [`scenario`] says what is measured and what was promised. [`floor`] is the program to compare with.

#[macro_use]
mod either;
mod client;
mod cpu;
mod databases;
mod floor;
mod load;
mod operations;
mod options;
mod programs;
mod queues;
mod report;
mod requests;
mod scenario;
mod server;
mod socket;
mod world;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use databases::Databases;
use options::{Command, Options, Scenario};
use programs::{Fleet, Place, Programs};
use report::Line;
use tokio::signal::unix::{SignalKind, signal};
use world::World;

/// The allocator that docket uses, so that the floor gains nothing by another one and loses nothing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What everything here returns: a harness has nobody to tell errors apart for, only somebody who reads them.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.command {
        Some(Command::Floor(options)) => floor::serve(options),
        None => run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let place = Place::find(options.docket.clone())?;
    // One thread: the client must leave the machine to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lines = runtime.block_on(in_databases(options, &place))?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        println!("{}", report::table(&lines));
    }
    Ok(())
}

/// Makes the databases, measures, and drops them again, whatever happened.
async fn in_databases(options: &Options, place: &Place) -> Result<Vec<Line>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let databases = Databases::find(options.database.as_deref(), place.folder()).await?;
    let programs = Programs { place, databases: &databases };
    // Leaving by this way ends the servers and removes what they left, which a default interrupt would not.
    let lines = tokio::select! {
        lines = measure(options, &programs) => lines,
        _ = interrupt.recv() => Err("interrupted".into()),
        _ = terminate.recv() => Err("terminated".into()),
    };
    let removed = databases.remove().await;
    let lines = lines?;
    removed.map(|()| lines)
}

async fn measure(options: &Options, programs: &Programs<'_>) -> Result<Vec<Line>> {
    let (plan, mut lines) = (options.plan(), Vec::new());
    note("seeding");
    programs.databases.create().await?;
    let docket = programs.docket()?;
    programs.make_user()?;
    let world = world::seed(&docket).await?;
    docket.stop()?;
    if options.names(Scenario::Mybrc) {
        note("taking over MyBRC");
        lines.extend(scenario::import(programs, options.rows)?);
    }
    programs.databases.copy().await?;
    if options.wants(Scenario::Start) {
        note("start and idle memory");
        lines.extend(scenario::start(plan, programs)?);
    }
    let fleet = programs.fleet()?;
    lines.extend(few_rows(options, &fleet, &world).await?);
    if options.wants(Scenario::Claim) || options.wants(Scenario::Deep) {
        lines.extend(many_rows(options, programs.databases, &fleet, &world).await?);
    }
    lines.push(scenario::loaded_memory(&fleet)?);
    fleet.stop()?;
    Ok(lines)
}

/// The scenarios on the rows that the seeding made.
async fn few_rows(options: &Options, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let (plan, mut lines) = (options.plan(), Vec::new());
    if options.wants(Scenario::Job) {
        note("job by id");
        lines.extend(scenario::job(plan, fleet, world).await?);
    }
    if options.wants(Scenario::Page) {
        note("page of 100 jobs");
        lines.extend(scenario::page(plan, fleet, world).await?);
        lines.extend(scenario::paid_page(plan, fleet, world).await?);
    }
    if options.wants(Scenario::Stream) {
        note("events to 100 subscribers");
        lines.extend(scenario::stream(plan, fleet, world).await?);
    }
    if options.wants(Scenario::Submit) {
        note("submit");
        lines.extend(scenario::submit(plan, fleet, world).await?);
    }
    if options.wants(Scenario::Compat) {
        note("old APIs");
        lines.extend(scenario::compat(plan, fleet, world, options.database.is_some()).await?);
    }
    if options.wants(Scenario::Cycle) {
        note("life cycle");
        lines.extend(scenario::cycle(plan, fleet, world).await?);
        lines.extend(scenario::paid(plan, fleet, world).await?);
    }
    if options.names(Scenario::Mybrc) {
        note("MyBRC's API");
        lines.extend(scenario::mybrc(plan, fleet, world, options.rows, options.database.is_some()).await?);
    }
    if options.wants(Scenario::ProjectW) {
        note("Project-W's API");
        lines.extend(scenario::project_w(fleet, world).await?);
    }
    Ok(lines)
}

/// The scenarios that need a million jobs.
async fn many_rows(options: &Options, databases: &Databases, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let (plan, mut lines) = (options.plan(), Vec::new());
    note("making queues of 1,000 and 1,000,000 jobs");
    queues::fill(databases, &world.services).await?;
    if options.wants(Scenario::Deep) {
        note("page 10,000");
        lines.extend(scenario::deep(plan, fleet, world).await?);
    }
    if options.wants(Scenario::Claim) {
        note("claims from the two queues");
        lines.extend(scenario::claim(plan, fleet, world).await?);
    }
    Ok(lines)
}

/// Says on standard error what is being done; standard output has the table alone.
fn note(what: &str) {
    eprintln!("bench: {what}");
}

//! The command line: one file a subcommand.
//!
//! A subcommand reads its arguments, makes one call and shows the result: a table for people, JSON with `--json`.
//! Results go to stdout, everything else to stderr. The exit code is 0 when it was done, 1 when it was refused or
//! failed, 2 when the command line itself is wrong.

mod account;
mod client;
mod config;
mod context;
mod db;
mod doctor;
mod failure;
mod group;
mod import;
mod log;
mod mail;
mod output;
mod pages;
mod password;
mod project;
mod routes;
mod runner;
mod schema;
mod serve;
mod server;
mod service;
mod session;
mod stand_in;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::context::with_app;
use self::failure::Failure;
use self::output::Output;
use crate::config::{Flag, Loaded, Problems, Sources, load};

/// docket: one server for people who run computations for others.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Debug, Args)]
struct Global {
    /// The configuration [default: docket.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "DOCKET_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// The database, as a `sqlite:` or `postgres:` URL
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Log more; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Make, list and change users, and set their passwords
    #[command(subcommand)]
    User(user::Command),
    /// Make and manage groups of users
    #[command(subcommand)]
    Group(group::Command),
    /// Make and manage projects, and who may do what in them
    #[command(subcommand)]
    Project(project::Command),
    /// Register and probe other servers, whose services are shown here
    #[command(subcommand)]
    Server(server::Command),
    /// List the log-ins of a user, and end them
    #[command(subcommand)]
    Session(session::Command),
    /// Make and manage services: what can be run
    #[command(subcommand)]
    Service(service::Command),
    /// Make and manage runners: worker processes
    #[command(subcommand)]
    Runner(runner::Command),
    /// Make and manage accounts: who pays for jobs, and with what
    #[command(subcommand)]
    Account(account::Command),
    /// Make, list and revoke API tokens of users
    #[command(subcommand)]
    Token(token::Command),
    /// Make, list and remove OAuth clients of users
    #[command(subcommand)]
    Client(client::Command),
    /// Look at the outbox, and test the mail server
    #[command(subcommand)]
    Mail(mail::Command),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Create, update or check the database
    #[command(subcommand)]
    Db(db::Command),
    /// Look for what is wrong, or soon will be: database, settings, clock, event log, disks, runners, jobs, accounts
    Doctor(output::Format),
    /// List the routes of the old APIs, and the GraphQL operations that they run
    Routes(routes::Routes),
    /// Take over what an older system has kept
    #[command(subcommand)]
    Import(import::Command),
    /// Print the GraphQL schema
    Schema,
}

/// Runs the command of this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Input(format!("no threads can be started: {error}")).report(),
    };
    match runtime.block_on(run(&global, command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(global: &Global, command: Command) -> Result<(), Failure> {
    let output = Output::stdout();
    let flags = if let Command::Serve(serve) = &command { serve.flags() } else { Vec::new() };
    let loaded = global.load(flags);
    match command {
        Command::Serve(command) => Box::pin(serve::run(&command, loaded?)).await,
        Command::Routes(command) => Box::pin(routes::run(&command, loaded?, output)).await,
        Command::Schema => schema::run(output),
        Command::Import(command) => Box::pin(import::run(command, loaded?, output)).await,
        Command::Config(command) => Box::pin(config::run(command, loaded, output)).await,
        Command::Db(command) => db::run(command, &loaded?, output).await,
        Command::Doctor(format) => Box::pin(doctor::run(format, loaded?, output)).await,
        Command::User(command) => with_app(loaded?, async |app| user::run(command, app, output).await).await,
        Command::Group(command) => with_app(loaded?, async |app| group::run(command, app, output).await).await,
        Command::Project(command) => with_app(loaded?, async |app| project::run(command, app, output).await).await,
        Command::Server(command) => with_app(loaded?, async |app| server::run(command, app, output).await).await,
        Command::Session(command) => with_app(loaded?, async |app| session::run(command, app, output).await).await,
        Command::Service(command) => with_app(loaded?, async |app| service::run(command, app, output).await).await,
        Command::Runner(command) => with_app(loaded?, async |app| runner::run(command, app, output).await).await,
        Command::Account(command) => with_app(loaded?, async |app| account::run(command, app, output).await).await,
        Command::Client(command) => with_app(loaded?, async |app| client::run(command, app, output).await).await,
        Command::Mail(command) => with_app(loaded?, async |app| mail::run(command, app, output).await).await,
        Command::Token(command) => with_app(loaded?, async |app| token::run(command, app, output).await).await,
    }
}

impl Global {
    /// The configuration under these and a subcommand's own flags.
    fn load(&self, mut flags: Vec<Flag>) -> Result<Loaded, Problems> {
        if let Some(url) = &self.database_url {
            flags.push(Flag { path: "database.url", name: "--database-url", value: url.clone() });
        }
        if self.verbose > 0 {
            let filter = if self.verbose == 1 { "info,docket=debug" } else { "debug,docket=trace" };
            flags.push(Flag { path: "log.filter", name: "--verbose", value: filter.to_owned() });
        }
        load(&Sources { file: self.config.clone(), environment: std::env::vars_os().collect(), flags })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_that_every_command_takes_stand_before_or_after_it() {
        for line in [["docket", "-v", "config", "show"], ["docket", "config", "show", "-v"]] {
            let cli = Cli::try_parse_from(line).expect("both are right");
            let loaded = cli.global.load(Vec::new()).expect("nothing is wrong");
            assert_eq!(loaded.config.log.filter, "info,docket=debug");
            assert_eq!(loaded.origin("log.filter").to_string(), "flag --verbose");
        }
    }
}

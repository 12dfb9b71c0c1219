//! `docket config`: what is set, and whether it is right.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::{Format, Output, Record, record};
use super::stand_in;
use crate::app::App;
use crate::config::{Entry, Loaded, Origin, Problem, Problems};
use crate::domain::content;
use crate::infra::clock::Clock;

/// The subcommands.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say everything that is wrong with the file, the environment and the flags
    Check(Format),
    /// Print every value and where it comes from
    Show(Format),
}

/// Runs one of them on what loading the configuration gave.
pub(super) async fn run(command: Command, loaded: Result<Loaded, Problems>, output: Output) -> Result<(), Failure> {
    match command {
        Command::Check(format) => Box::pin(check(format, loaded, output)).await,
        Command::Show(format) => show(format, &loaded?, output),
    }
}

/// Problems are this command's result, so they go to stdout.
async fn check(format: Format, loaded: Result<Loaded, Problems>, mut output: Output) -> Result<(), Failure> {
    let (problems, warnings) = match loaded {
        Ok(mut loaded) => {
            let mut warnings = std::mem::take(&mut loaded.warnings);
            let problems = of_content(&loaded);
            warnings.extend(Box::pin(of_database(loaded)).await);
            (problems, warnings)
        }
        Err(problems) => (problems.0, Vec::new()),
    };
    if format.json {
        let problems: Vec<Json> = problems.iter().map(problem).collect();
        output.json(&json!({ "problems": problems, "warnings": warnings }))?;
    } else {
        for problem in &problems {
            output.line(&problem.to_string())?;
        }
        for warning in &warnings {
            output.line(&format!("warning: {warning}"))?;
        }
        if problems.is_empty() {
            output.line("The configuration is right.")?;
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Shown) }
}

/// What is wrong with the schemas of content.
fn of_content(loaded: &Loaded) -> Vec<Problem> {
    let problems = content::problems(&loaded.config).into_iter();
    problems.map(|(index, message)| Problem { origin: loaded.origin_of_content(index).clone(), message }).collect()
}

/// What only the database can tell; nothing where there is none yet, or none that can be read.
async fn of_database(loaded: Loaded) -> Vec<String> {
    let stands_in = loaded.config.mounts().iter().any(|(_, mount)| mount.anonymous_as.is_some());
    if !stands_in || loaded.config.database.path().is_some_and(|path| !path.exists()) {
        return Vec::new();
    }
    let Ok(app) = App::open(loaded.config, Clock::default()).await else { return Vec::new() };
    let warnings = match app.db.schema().require_current().await {
        Ok(()) => stand_in::warnings(&app).await,
        Err(_) => Vec::new(),
    };
    app.db.close().await;
    warnings
}

fn show(format: Format, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let entries = loaded.entries();
    if format.json {
        let values = entries.iter().map(|entry| (entry.path.to_owned(), value(entry)));
        output.json(&Json::Object(values.collect()))?;
    } else {
        output.list(format, entries.iter().map(row).collect(), &["key", "value", "origin"])?;
    }
    Ok(())
}

fn value(entry: &Entry) -> Json {
    json!({ "value": entry.value, "origin": entry.origin.to_string() })
}

/// Values as the file would spell them, which for these types is also how JSON does.
fn row(entry: &Entry) -> Record {
    record! { "key": entry.path, "value": entry.value.to_string(), "origin": entry.origin.to_string() }
}

fn problem(problem: &Problem) -> Json {
    match &problem.origin {
        Origin::File { name, line, column } => {
            json!({ "file": **name, "line": line, "column": column, "message": problem.message })
        }
        Origin::Variable(name) => json!({ "variable": name, "message": problem.message }),
        Origin::Flag(name) => json!({ "flag": name, "message": problem.message }),
        Origin::Default => json!({ "message": problem.message }),
    }
}

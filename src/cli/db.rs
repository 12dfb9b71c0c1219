//! `docket db`: the database itself.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::open;
use super::failure::Failure;
use super::output::{Format, Output, record};
use crate::config::Loaded;
use crate::db::{ServeLock, Summary};
use crate::domain::{account, legacy_number};

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create the database, or bring its tables up to date
    Migrate(Format),
    /// List the migrations and whether they were applied; fails when a newer docket made some of them
    Status(Format),
    /// Look for damage in the file, for references to missing rows, and for accounts whose sums are not those of their
    /// entries
    Check(Format),
    /// Write everything into a new file, while servers go on; the files' bytes lie in the file store
    Backup {
        /// The file to make
        file: PathBuf,
        #[command(flatten)]
        format: Format,
    },
    /// Fill an empty database, of either kind, from a backup
    Restore {
        /// A file that `docket db backup` made
        file: PathBuf,
        #[command(flatten)]
        format: Format,
    },
}

/// Runs one of them.
pub(super) async fn run(command: Command, loaded: &Loaded, output: Output) -> Result<(), Failure> {
    match command {
        Command::Migrate(format) => migrate(format, loaded, output).await,
        Command::Status(format) => status(format, loaded, output).await,
        Command::Check(format) => check(format, loaded, output).await,
        Command::Backup { file, format } => backup(&file, format, loaded, output).await,
        Command::Restore { file, format } => restore(&file, format, loaded, output).await,
    }
}

async fn migrate(format: Format, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let db = open(loaded, true).await?;
    let applied = db.schema().migrate().await?;
    db.close().await;
    if format.json {
        output.json(&json!({ "applied": applied }))?;
    } else if applied == 0 {
        output.line("The database is up to date.")?;
    } else {
        output.line(&format!("Migrations applied: {applied}."))?;
    }
    Ok(())
}

async fn status(format: Format, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let db = open(loaded, false).await?;
    let (steps, known) = (db.schema().steps().await?, db.schema().require_known().await);
    db.close().await;
    let records = steps.iter().map(|step| record! { "name": step.name, "applied": step.applied }).collect();
    output.list(format, records, &["name", "applied"])?;
    Ok(known?)
}

async fn backup(file: &Path, format: Format, loaded: &Loaded, output: Output) -> Result<(), Failure> {
    let db = open(loaded, false).await?;
    let written = db.backup(file).await;
    db.close().await;
    tell("Written", &written?, format, output)
}

async fn restore(file: &Path, format: Format, loaded: &Loaded, output: Output) -> Result<(), Failure> {
    // No server may be there to see half of it. On PostgreSQL the whole is one transaction.
    let _alone = loaded.config.database.path().map(ServeLock::take).transpose()?;
    let db = open(loaded, true).await?;
    let restored = match db.schema().migrate().await {
        Ok(_) => db.restore(file).await,
        Err(error) => Err(error),
    };
    db.close().await;
    tell("Restored", &restored?, format, output)
}

fn tell(word: &str, summary: &Summary, format: Format, mut output: Output) -> Result<(), Failure> {
    let Summary { tables, rows } = *summary;
    if format.json {
        output.json(&json!({ "tables": tables, "rows": rows }))?;
    } else {
        output.line(&format!("{word}: {rows} rows of {tables} tables."))?;
    }
    Ok(())
}

/// Faults are this command's result, so they go to stdout.
async fn check(format: Format, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let db = open(loaded, false).await?;
    let mut faults = db.schema().faults().await?;
    match db.schema().require_current().await {
        Ok(()) => {
            faults.extend(account::audit(&db).await?);
            faults.extend(legacy_number::audit(&db).await?);
        }
        Err(error) => faults.push(error.to_string()),
    }
    db.close().await;
    if format.json {
        output.json(&json!({ "faults": faults }))?;
    } else {
        for fault in &faults {
            output.line(fault)?;
        }
        if faults.is_empty() {
            output.line("The database is sound.")?;
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Shown) }
}

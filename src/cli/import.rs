//! `docket import`: what older systems have kept.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use serde_json::json;

use super::context::with_app;
use super::failure::Failure;
use super::output::{Format, Output, record};
use crate::config::Loaded;
use crate::db::ServeLock;
use crate::domain::import::{self, Counts, Progress, Refused, Report};
use crate::viewer::Viewer;

/// What every import's help ends with.
const EXIT: &str = "Exit code: 0 when every row was taken over or is there already, 3 when rows were refused (the others are \
                    taken over), 1 when nothing was done.";

/// The subcommands. What is there already is left as it is, so that an import may be repeated.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Take over MyBRC: a folder with users.csv, accounts.csv, useraccountassociations.csv and jobs.csv
    #[command(after_help = EXIT)]
    Mybrc {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        format: Format,
    },
    /// Take over Project-W 0.2.0: its database.db, with users, jobs, recordings and transcripts
    #[command(after_help = EXIT)]
    ProjectW {
        /// The database file
        database: PathBuf,
        #[command(flatten)]
        format: Format,
    },
    /// Take over backrest: a folder with principal.csv and globalroles.csv
    #[command(after_help = EXIT)]
    Backrest {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        format: Format,
    },
}

/// Runs one of them.
pub(super) async fn run(command: Command, loaded: Loaded, output: Output) -> Result<(), Failure> {
    // A server on the same file would wait behind the import for longer than its callers do. On PostgreSQL the import is a
    // transaction beside others.
    let _alone = loaded.config.database.path().map(ServeLock::take).transpose()?;
    with_app(loaded, async |app| {
        let (operator, progress) = (Viewer::local_operator(), progress());
        let (report, format) = match command {
            Command::Mybrc { folder, format } => (import::mybrc(app, &operator, &folder, progress).await, format),
            Command::ProjectW { database, format } => {
                (import::project_w(app, &operator, &database, progress).await, format)
            }
            Command::Backrest { folder, format } => (import::backrest(app, &operator, &folder, progress).await, format),
        };
        show(&report?, format, output)
    })
    .await
}

/// A line on a terminal that tells how far it is; nothing elsewhere.
fn progress() -> Progress {
    let shown = std::io::stderr().is_terminal();
    Progress::new(move |place, part| {
        if shown {
            let end = if part >= 1.0 { "\n" } else { "" };
            // When nobody looks any more, nobody is told.
            let _ = write!(std::io::stderr(), "\r{place}: {:>3.0} %{end}", part * 100.0);
        }
    })
}

/// What was taken over, and every row that was not with its reason.
fn show(report: &Report, format: Format, mut output: Output) -> Result<(), Failure> {
    if format.json {
        let counts = report.counts.iter().map(|(place, counts)| {
            let Counts { added, known, refused } = *counts;
            json!({ "place": place, "added": added, "known": known, "refused": refused })
        });
        let refused = report
            .refused
            .iter()
            .map(|Refused { place, row, reason }| json!({ "place": place, "row": row, "reason": reason }));
        let told = json!({ "counts": counts.collect::<Vec<_>>(), "refused": refused.collect::<Vec<_>>(),
            "refusedMore": report.refused_more, "notes": report.notes });
        output.json(&told)?;
        return complete(report);
    }
    let records = report.counts.iter().map(|(place, counts)| {
        let Counts { added, known, refused } = *counts;
        record! { "from": place.clone(), "added": added, "known": known, "refused": refused }
    });
    output.list(format, records.collect(), &["from", "added", "known", "refused"])?;
    for Refused { place, row, reason } in &report.refused {
        output.line(&format!("refused: {place}:{row}: {reason}"))?;
    }
    if report.refused_more > 0 {
        output.line(&format!("refused: {} more, which are not listed", report.refused_more))?;
    }
    for note in &report.notes {
        output.line(&format!("note: {note}"))?;
    }
    complete(report)
}

/// Scripts learn from the exit code that something was left out.
fn complete(report: &Report) -> Result<(), Failure> {
    if report.is_complete() { Ok(()) } else { Err(Failure::Partial) }
}

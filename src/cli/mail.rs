//! `docket mail`: the outbox.

use clap::ValueEnum;
use entity::mail::{Model, State};

use super::failure::{Failure, say};
use super::output::{Format, Output, Record, record, time};
use crate::app::App;
use crate::domain::mail;
use crate::viewer::Viewer;

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List mails of the last month, newest first: where they went and what became of them, but not what they said
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<Word>,
        #[command(flatten)]
        format: Format,
    },
    /// Have the server try at once what waits for its next attempt
    Retry,
    /// Send a test, and say what the mail server answers
    Test {
        /// The address that it goes to
        address: String,
    },
}

/// What has become of a mail.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Word {
    /// It waits
    Queued,
    /// It went
    Sent,
    /// It was refused, or given up
    Failed,
    /// It was taken back
    Withdrawn,
}

impl From<Word> for State {
    fn from(word: Word) -> Self {
        match word {
            Word::Queued => Self::Queued,
            Word::Sent => Self::Sent,
            Word::Failed => Self::Failed,
            Word::Withdrawn => Self::Withdrawn,
        }
    }
}

/// Runs one of them.
pub(super) async fn run(command: Command, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    match command {
        Command::List { state, format } => {
            let mails = mail::list(app, &operator, state.map(Into::into)).await?;
            let columns = ["createdAt", "recipient", "mail", "state", "attempts", "dueAt", "lastError"];
            output.list(format, mails.iter().map(describe).collect(), &columns)?;
        }
        Command::Retry => {
            let count = mail::retry(app, &operator).await?;
            say(&format!("{count} mails are due now; a running server sends them within a second or two"));
        }
        Command::Test { address } => {
            mail::test(app, &operator, &address).await?;
            let settings = &app.config.mail;
            let place = if settings.host.is_empty() { &settings.folder } else { &settings.host };
            say(&format!("a test for {address} went to {place}"));
        }
    }
    Ok(())
}

fn describe(mail: &Model) -> Record {
    let state = match mail.state {
        State::Queued => "QUEUED",
        State::Sent => "SENT",
        State::Failed => "FAILED",
        State::Withdrawn => "WITHDRAWN",
    };
    record! {
        "id": mail.uid.to_string(),
        "createdAt": time(mail.created_at),
        "recipient": mail.recipient,
        "mail": mail.template,
        "origin": mail.origin,
        "state": state,
        "attempts": mail.attempts,
        "dueAt": (mail.state == State::Queued).then(|| time(mail.due_at)),
        "endedAt": mail.ended_at.map(time),
        "lastError": mail.last_error,
    }
}

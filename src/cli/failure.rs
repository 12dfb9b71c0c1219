//! Why a command was not done, for the person at the terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use crate::config::Problems;
use crate::error::Error;

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration is wrong.
    Config(Problems),
    /// docket refused or failed.
    Refused(Error),
    /// The result could not be written.
    Output(io::Error),
    /// What was given cannot be used: a file that is not there, a password that was not typed.
    Input(String),
    /// The result says it all, such as a check that found something.
    Shown,
    /// It was done but for what the result names.
    Partial,
}

/// The exit code of what was done in part. A command line that cannot be read ends with 2.
const PARTIAL: u8 = 3;

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Config(problems)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// What to make of the error of looking for something that was named: that there is none says which.
    pub fn looking_for(noun: &str, name: impl Display) -> impl FnOnce(Error) -> Self {
        move |error| match error {
            Error::NotFound(_) => Self::Input(format!("{noun} {name}: {error}")),
            other => Self::Refused(other),
        }
    }

    /// Says why on stderr and gives the exit code.
    pub fn report(&self) -> ExitCode {
        // A reader that has seen enough, such as `head`, is no failure.
        if matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        for line in self.lines() {
            say(&line);
        }
        if matches!(self, Self::Partial) { ExitCode::from(PARTIAL) } else { ExitCode::FAILURE }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Self::Config(problems) => problems.0.iter().map(|problem| format!("error: {problem}")).collect(),
            Self::Output(error) => vec![format!("error: the result cannot be written: {error}")],
            Self::Input(message) => vec![format!("error: {message}")],
            Self::Shown | Self::Partial => Vec::new(),
            Self::Refused(Error::Invalid(fields)) if fields.len() > 1 => {
                let head = format!("error: {} values are wrong:", fields.len());
                let rest = fields.iter().map(|field| format!("  {}: {}", field.path, field.message));
                std::iter::once(head).chain(rest).collect()
            }
            // Clients are not shown the cause of a defect; whoever runs this command owns the server.
            Self::Refused(Error::Internal(cause)) => vec![format!("error: a defect, or a damaged database: {cause}")],
            Self::Refused(error) => vec![format!("error: {error}")],
        }
    }
}

/// A line to stderr, which is where everything but a result goes.
pub(super) fn say(line: &str) {
    // When stderr is gone there is nobody left to tell, and `eprintln!` would panic.
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FieldError;

    #[test]
    fn every_wrong_field_has_its_line() {
        let field = |path: &str| FieldError { path: path.to_owned(), message: "is wrong".to_owned() };
        let failure = Failure::from(Error::Invalid(vec![field("name"), field("title")]));
        assert_eq!(failure.lines(), ["error: 2 values are wrong:", "  name: is wrong", "  title: is wrong"]);
        let failure = Failure::from(Error::Invalid(vec![field("name")]));
        assert_eq!(failure.lines(), ["error: name: is wrong"]);
    }

    #[test]
    fn the_cause_of_a_defect_is_shown() {
        assert!(Failure::from(Error::internal("no such column")).lines()[0].ends_with("no such column"));
    }
}

//! What is wrong with an installation, or soon will be: what an operator would look at, looked at in one go.
//!
//! Nothing is changed, and no server need run. What is here costs no more than a look at a few indexes and at the books;
//! `docket db check` reads every row.

mod database;
mod work;

use crate::{
    app::App,
    error::{Error, Result},
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// To be looked at when there is time.
    Notice,
    /// To be mended.
    Wrong,
}

/// What one look has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found, in a sentence or two.
    pub finding: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, finding: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, finding: finding.into(), advice: None }
    }

    /// Something to know of.
    pub fn notice(check: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Notice, finding: finding.into(), advice: Some(advice.into()) }
    }

    /// Something to mend.
    pub fn wrong(check: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Wrong, finding: finding.into(), advice: Some(advice.into()) }
    }

    /// A look that failed.
    #[must_use]
    pub fn failed(check: &'static str, error: &Error) -> Self {
        // Clients are not shown the cause of a defect; whoever asks here owns the server.
        let finding = match error {
            Error::Internal(cause) => cause.clone(),
            other => other.to_string(),
        };
        Self { check, verdict: Verdict::Wrong, finding, advice: None }
    }
}

/// Looks at everything that can be looked at. What fails is a finding of its own and keeps nothing else from being found;
/// what needs the tables is left out while these are not there, or are of another docket.
pub async fn examine(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    tell(&mut findings, "database", database::setup(app).await);
    tell(&mut findings, "writing", database::writing(app).await);
    tell(&mut findings, "disk", Ok(database::disks(app)));
    let schema = database::schema(app).await;
    let current = matches!(&schema, Ok(found) if found.iter().all(|finding| finding.verdict == Verdict::Ok));
    tell(&mut findings, "schema", schema);
    if current {
        tell(&mut findings, "event log", database::log(app).await);
        tell(&mut findings, "runners", work::runners(app).await);
        tell(&mut findings, "jobs", work::jobs(app).await);
        tell(&mut findings, "accounts", work::books(app).await);
    }
    findings
}

fn tell(findings: &mut Vec<Finding>, check: &'static str, found: Result<Vec<Finding>>) {
    match found {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(Finding::failed(check, &error)),
    }
}

//! `docket doctor`: what is wrong with an installation, or soon will be.

use super::failure::Failure;
use super::log;
use super::output::{Format, Output, Record, record};
use crate::app::App;
use crate::config::Loaded;
use crate::domain::doctor::{Finding, Verdict, examine};
use crate::infra::clock::Clock;

/// Shows all that was looked at, what is wrong last; fails when something is.
pub(super) async fn run(format: Format, loaded: Loaded, mut output: Output) -> Result<(), Failure> {
    log::start_quiet(&loaded);
    let mut findings = vec![Finding::ok("configuration", "It was read, and nothing is wrong with it.")];
    let odd: Vec<Finding> = loaded.warnings.iter().map(|warning| warned(warning)).collect();
    if !odd.is_empty() {
        findings = odd;
    }
    findings.extend(look(loaded).await);
    findings.sort_by_key(|finding| finding.verdict);
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    let columns = ["verdict", "check", "finding", "advice"];
    output.list(format, findings.iter().map(describe).collect(), &columns)?;
    if wrong { Err(Failure::Shown) } else { Ok(()) }
}

fn warned(warning: &str) -> Finding {
    Finding::notice("configuration", warning, "docket config show says where each value comes from.")
}

async fn look(loaded: Loaded) -> Vec<Finding> {
    // A mistyped path would otherwise become an empty database.
    if let Some(path) = loaded.config.database.path().filter(|path| !path.exists()) {
        let found = format!("There is no database at {}.", path.display());
        return vec![Finding::wrong("database", found, "docket db migrate and docket serve create it.")];
    }
    // Boxed: the configuration is large.
    match Box::pin(App::open(loaded.config, Clock::default())).await {
        Ok(app) => {
            let findings = examine(&app).await;
            app.db.close().await;
            findings
        }
        Err(error) => vec![Finding::failed("database", &error)],
    }
}

fn describe(finding: &Finding) -> Record {
    let verdict = match finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Notice => "notice",
        Verdict::Wrong => "WRONG",
    };
    record! {
        "check": finding.check,
        "verdict": verdict,
        "finding": finding.finding,
        "advice": finding.advice,
    }
}

//! Money that is held for jobs that do not come to an end.

use entity::{Amount, Time};

use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Output, Record, record, time};
use crate::domain::account::{self, HeldJob};
use crate::error::Code;
use crate::viewer::Viewer;

/// Which holds, and what to do with them.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Holds {
    /// Only those of jobs submitted longer ago than this, such as `90s`, `30m`, `12h` or `7d`
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "0s", hide_default_value = true)]
    older: i64,
    /// Release them: the money is available again, and a job that ends after all is settled from what is there then. Which
    /// ones must be said with --older
    #[arg(long, requires = "older")]
    release: bool,
    #[command(flatten)]
    format: Format,
}

/// `7d` as seconds.
fn seconds(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "a whole number and one of `s`, `m`, `h` and `d` is needed, such as `7d`";
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(WRONG),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| WRONG)?;
    Ok(i64::from(number) * unit)
}

/// Lists the holds, or releases them.
pub(super) async fn run(holds: &Holds, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    let before = Time(app.clock.now_micros()).plus_seconds(-holds.older);
    let mut found: Vec<HeldJob> = Vec::new();
    loop {
        let after = found.last().map_or(0, |held| held.job.id);
        let page = account::holds(app, &operator, before, after).await?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    if holds.release {
        let mut released = Vec::new();
        for held in found {
            match account::release_hold(app, &operator, held.job.uid).await {
                // Ended since it was listed, and so settled.
                Err(error) if matches!(error.code(), Code::InvalidState | Code::NotFound) => {}
                done => {
                    done?;
                    released.push(held);
                }
            }
        }
        found = released;
    }
    let records = found.iter().map(describe).collect();
    output.list(holds.format, records, &["job", "account", "held", "status", "submittedAt"])?;
    Ok(())
}

fn describe(held: &HeldJob) -> Record {
    record! {
        "job": held.job.id,
        "account": held.account,
        "held": held.job.held.unwrap_or(Amount::ZERO).to_string(),
        "status": format!("{:?}", held.job.status).to_uppercase(),
        "submittedAt": time(held.job.submitted_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(["0s", "90s", "30m", "12h", "7d"].map(seconds), [0, 90, 1_800, 43_200, 604_800].map(Ok));
        for wrong in ["", "d", "7", "-7d", "1.5h", "7 d", "99999999999d", "7w", "ü"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}

//! Grants and corrections.

use entity::Amount;

use super::{describe, find};
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Output};
use crate::domain::account::{self, Adjustment};
use crate::viewer::Viewer;

/// Money to put into an account.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Grant {
    /// The account's name
    name: String,
    /// How much, more than 0
    #[arg(value_parser = Amount::parse, allow_negative_numbers = true)]
    amount: Amount,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// A correction.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Adjust {
    /// The account's name
    name: String,
    /// Added to what was granted; a negative amount takes from it
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse, allow_negative_numbers = true)]
    granted: Option<Amount>,
    /// Added to what was spent; a negative amount takes from it
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse, allow_negative_numbers = true)]
    spent: Option<Amount>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    format: Format,
}

/// Puts money into an account.
pub(super) async fn grant(grant: Grant, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = find(app, &grant.name).await?;
    let operator = Viewer::local_operator();
    let booked = account::grant(app, &operator, found.uid, grant.amount, grant.reason).await?;
    output.one(grant.format, describe(&booked.account))?;
    Ok(())
}

/// Corrects an account's sums.
pub(super) async fn adjust(adjust: Adjust, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = find(app, &adjust.name).await?;
    let adjustment = Adjustment {
        granted: adjust.granted.unwrap_or_default(),
        spent: adjust.spent.unwrap_or_default(),
        reason: adjust.reason,
    };
    let booked = account::adjust(app, &Viewer::local_operator(), found.uid, adjustment).await?;
    output.one(adjust.format, describe(&booked.account))?;
    Ok(())
}

//! The older APIs, and their numbers of things.

use async_graphql::{Context, Enum, InputObject, Result};
use entity::legacy_number::{Dialect as Home, Noun};

use super::{
    Origin,
    context::{app, loaders},
    scalar::number,
};
use crate::{
    domain::{dialect_use, legacy_number},
    error::Error,
};

/// An older API that docket still serves. Each has its own numbers of jobs, users, accounts and runners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "Dialect", remote = "entity::legacy_number::Dialect")]
pub enum Dialect {
    /// Project-W's: transcriptions. It numbers jobs, users and runners.
    ProjectW,
    /// TopChef's. It calls services and jobs by UUIDs.
    #[graphql(name = "TOPCHEF")]
    TopChef,
    /// backrest's. It calls users by UUIDs, and content by docket's own numbers.
    Backrest,
    /// Mobyle2's. It uses docket's own numbers.
    Mobyle2,
    /// MyBRC's, and that of the Slurm plugins. It numbers recorded jobs, users and accounts.
    Mybrc,
}

/// Matches the older API that something is at home in.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DialectFilter {
    /// One of these.
    #[graphql(name = "in")]
    any_of: Option<Vec<Dialect>>,
    /// None of these; what is at home in no older API matches, too.
    #[graphql(name = "notIn")]
    none_of: Option<Vec<Dialect>>,
}

impl DialectFilter {
    /// Those that match, and those that do not.
    pub fn homes(self) -> (Option<Vec<Home>>, Option<Vec<Home>>) {
        let homes = |dialects: Vec<Dialect>| dialects.into_iter().map(Into::into).collect();
        (self.any_of.map(homes), self.none_of.map(homes))
    }
}

/// Where what this request makes is at home.
pub fn home(ctx: &Context<'_>) -> Option<Home> {
    ctx.data_opt::<Origin>().copied().and_then(dialect_use::home)
}

/// The number of a row in a dialect. One that has none gets it when a request of that very dialect asks, if `draw` says
/// so, and stays without when anybody else does: reading by GraphQL changes nothing.
pub async fn its_number(
    ctx: &Context<'_>,
    dialect: Dialect,
    noun: Noun,
    row_id: i64,
    draw: bool,
) -> Result<Option<i32>> {
    let dialect = Home::from(dialect);
    let draws = draw && home(ctx) == Some(dialect);
    Ok(loaders(ctx)?.legacy_number(dialect, noun, row_id, draws).await?.map(number))
}

/// The internal id of the row that a number stands for: docket's own number, or that of a dialect.
pub async fn row_of(ctx: &Context<'_>, dialect: Option<Dialect>, noun: Noun, number: i32) -> Result<i64> {
    let number = i64::from(number);
    let Some(dialect) = dialect else { return Ok(number) };
    let found = legacy_number::row_of(app(ctx)?, dialect.into(), noun, number).await?;
    Ok(found.ok_or(Error::NotFound(match noun {
        Noun::Job => "job",
        Noun::User => "user",
        Noun::Account => "account",
        Noun::Runner => "runner",
    }))?)
}

/// Refuses a dialect without a number in it.
pub fn only_with_a_number(dialect: Option<Dialect>, number: Option<i32>) -> Result<()> {
    if dialect.is_some() && number.is_none() {
        return Err(Error::invalid("dialect", "It says whose `number` is meant: give that, too.").into());
    }
    Ok(())
}

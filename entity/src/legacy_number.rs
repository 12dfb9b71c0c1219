//! The numbers by which older APIs call things that docket calls otherwise.

use sea_orm::entity::prelude::*;

use crate::Time;

/// An older API that docket still serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Dialect {
    /// Project-W's.
    #[sea_orm(string_value = "project_w")]
    ProjectW,
    /// TopChef's.
    #[sea_orm(string_value = "topchef")]
    TopChef,
    /// backrest's.
    #[sea_orm(string_value = "backrest")]
    Backrest,
    /// Mobyle2's.
    #[sea_orm(string_value = "mobyle2")]
    Mobyle2,
    /// `MyBRC`'s, and that of the Slurm plugins.
    #[sea_orm(string_value = "mybrc")]
    Mybrc,
}

impl Dialect {
    /// Whether its jobs have numbers of their own. The others call a job by its outside id or by docket's own number.
    #[must_use]
    pub const fn numbers_jobs(self) -> bool {
        match self {
            Self::ProjectW | Self::Mybrc => true,
            Self::TopChef | Self::Backrest | Self::Mobyle2 => false,
        }
    }
}

/// What has numbers of its own in a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Noun {
    /// Jobs: their numbers stand in their own rows, and only the counter is here.
    #[sea_orm(string_value = "job")]
    Job,
    /// Users.
    #[sea_orm(string_value = "user")]
    User,
    /// Accounts.
    #[sea_orm(string_value = "account")]
    Account,
    /// Runners.
    #[sea_orm(string_value = "runner")]
    Runner,
}

/// A row of `legacy_number`. It stays when the row that it stands for goes: numbers are never used again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "legacy_number")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose number it is.
    pub dialect: Dialect,
    /// What it is a number of; never a job.
    pub noun: Noun,
    /// The number, 1 to 2^31-1.
    pub number: i64,
    /// The row that it stands for (`id` of the noun's table).
    pub row_id: i64,
    /// When it was drawn.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

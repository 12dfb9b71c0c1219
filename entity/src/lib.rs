//! The tables of docket as sea-orm entities, one file a table.
//!
//! No logic lives here but *scoped finders*: queries that return only what a [`Scope`] may see, so that hidden and
//! absent are the same thing everywhere above.

pub mod account;
pub mod account_member;
pub mod amount;
pub mod audit_entry;
pub mod dialect_use;
pub mod document;
pub mod event;
pub mod favorite;
pub mod file;
pub mod group;
pub mod group_member;
pub mod job;
pub mod job_label;
pub mod job_log;
pub mod job_slurm;
pub mod labels;
pub mod ledger;
pub mod legacy_counter;
pub mod legacy_number;
pub mod limit_counter;
pub mod mail;
pub mod oauth_client;
pub mod one_time_token;
pub mod project;
pub mod project_data;
pub mod project_member;
pub mod requirement;
pub mod reservation;
pub mod runner;
pub mod runner_service;
pub mod scope;
pub mod server;
pub mod service;
pub mod service_version;
pub mod session;
pub mod setting;
pub mod time;
pub mod token;
pub mod user;
pub mod words;

pub use amount::{Amount, Total};
pub use document::Document;
pub use labels::Labels;
pub use scope::Scope;
pub use time::Time;
pub use words::Words;

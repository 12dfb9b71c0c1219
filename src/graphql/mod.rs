//! The public contract, and the one door through which every surface runs an operation.
//!
//! A request passes in two steps. [`Door::prepare`] turns text into a [`Prepared`] operation: limits on the text,
//! one parse, limits on the shape, strict validation, all remembered per distinct document; then the choice of the
//! operation, the check of the variables' values, and the cost. What it refuses is a *request error*: nothing ran.
//! [`Door::execute`] and [`Door::execute_stream`] run what was prepared for a [`Caller`].
//!
//! Everything that touches the edges of the GraphQL library stands in these files, none of it beside a resolver, so
//! that another version of it is a small change.

mod account;
mod api;
mod assignment;
mod audit;
mod call;
mod connection;
mod context;
mod dialect;
mod dialect_use;
mod document;
mod enrolled;
pub mod error;
mod event;
mod executor;
mod file;
mod filter;
mod group;
pub mod guard;
pub mod id;
mod job;
mod label;
mod ledger;
mod loaders;
mod node;
mod nodes;
mod oauth_client;
mod payload;
mod project;
mod project_data;
mod rate;
mod runner;
mod scalar;
mod schema;
mod server;
mod service;
mod session;
mod strict;
#[cfg(test)]
mod test_schema;
mod token;
mod usage;
mod user;
mod variables;
mod viewer;
mod work;

pub use crate::origin::{Client, Origin};
pub use api::Door;
pub use call::{Caller, OperationKind, Params, Prepared, RequestId, ResumePoint, Statement};
pub use executor::Root;
pub use schema::{Api, api, sdl};

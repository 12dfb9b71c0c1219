//! The old REST APIs that docket stands in for.
//!
//! Each is a *dialect*: a table of routes, and handlers that translate a request into a named GraphQL operation and its
//! answer into the old JSON. What a route shows is what the operation shows, to the same viewer, through the same door;
//! so an old API cannot give away what GraphQL would hide, and `docket routes` can tell for each route what replaces it.
//! `docs/compat.md` says how a dialect is built.

mod announce;
mod answer;
mod auth;
mod backrest;
mod call;
mod catalogue;
mod cookie;
mod credential;
mod dialect;
mod disposition;
mod entrance;
mod failure;
mod form;
mod link;
mod mobyle2;
mod moment;
mod mybrc;
mod mybrc_rest;
mod numbered;
mod openapi;
mod operation;
mod pages;
mod paging;
mod parameter;
mod place;
mod project_w;
mod route;
mod surface;
mod topchef;

pub use call::Call;
pub use catalogue::{Line, Listed, Mapped, Run, counted_as, listed};
pub use credential::Credential;
pub use dialect::Dialect;
pub use failure::Failure;
pub use openapi::openapi;
pub use operation::{Document, Operation};
pub use paging::Page;
pub use parameter::Parameter;
pub use route::Route;
pub use surface::{Places, addresses, places};

/// Every dialect, in the order in which they are listed.
pub static DIALECTS: &[&Dialect] = &[
    &project_w::DIALECT,
    &topchef::DIALECT,
    &backrest::DIALECT,
    &mobyle2::DIALECT,
    &mybrc::DIALECT,
    &mybrc_rest::DIALECT,
];

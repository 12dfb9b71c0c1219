//! The one integration test binary: every further one costs seconds of linking at each edit.

mod calls;
mod cli;
mod compat;
mod demo;
mod doctor;
mod drills;
mod graphql;
mod http;
mod import;
mod import_backrest;
mod import_project_w;
mod lag;
mod layers;
mod limit;
mod mail;
mod money;
mod oauth;
mod permissions;
mod plans;
mod properties;
mod readme;
mod rights;
mod side_by_side;
mod support;
mod user;

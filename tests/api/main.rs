//! The one integration test binary: every further one costs seconds of linking at each edit.

mod calls;
mod cli;
mod compat;
mod demo;
mod drills;
mod graphql;
mod http;
mod lag;
mod layers;
mod money;
mod permissions;
mod plans;
mod properties;
mod rights;
mod side_by_side;
mod support;

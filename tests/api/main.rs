//! The one integration test binary: every further one costs seconds of linking at each edit.

mod cli;
mod demo;
mod drills;
mod graphql;
mod http;
mod lag;
mod layers;
mod support;

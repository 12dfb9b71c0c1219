//! The public contract, one file a noun, through real HTTP.

mod bad_input;
mod event;
mod job;
mod runner;
mod schema;
mod service;
mod session;
mod token;
mod work;

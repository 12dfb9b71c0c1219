//! The public contract, one file a noun, through real HTTP.

mod account;
mod audit;
mod bad_input;
mod cursor;
mod event;
mod file;
pub mod job;
mod project;
mod rate;
mod runner;
mod schema;
mod service;
mod session;
mod token;
mod work;

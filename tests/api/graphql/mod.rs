//! The public contract, one file a noun, through real HTTP.

mod account;
mod assignment;
mod audit;
mod bad_input;
mod cursor;
mod event;
mod file;
pub mod job;
mod overruled;
mod project;
mod rate;
mod runner;
mod schema;
mod server;
mod service;
mod session;
mod token;
mod work;

//! docket: one server for people who run computations for others.
pub mod app;
pub mod cli;
pub mod compat;
pub mod config;
pub mod db;
pub mod demo;
pub mod domain;
pub mod error;
pub mod graphql;
pub mod http;
pub mod infra;
pub mod origin;
pub mod page;
pub mod server;
pub mod viewer;

//! docket: one server for people who run computations for others.
pub mod db;
pub mod error;
pub mod infra;

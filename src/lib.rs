//! docket: one server for people who run computations for others.
pub mod error;

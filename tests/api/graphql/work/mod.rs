//! The worker protocol.

mod claim;
mod finish;
mod limits;
mod report;
mod requires;
mod sweep;

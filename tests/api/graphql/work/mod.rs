//! The worker protocol.

mod claim;
mod finish;
mod report;
mod sweep;

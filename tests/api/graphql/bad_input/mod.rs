//! Input that is wrong. Every refusal has a code, says where, and changes nothing; none is a 500 ([`Client`] checks
//! every answer for that).
//!
//! [`Client`]: crate::support::Client

mod bodies;
mod bombs;
mod documents;
mod fields;

//! The outside world behind small types: time, randomness, passwords. Nothing here knows a layer of docket.

pub mod clock;
pub mod passwords;
pub mod rng;
pub mod secret;

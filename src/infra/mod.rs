//! The outside world behind small types: time, randomness, passwords, files. Nothing here knows a layer of docket.

pub mod clock;
pub mod csv;
pub mod disk;
pub mod escape;
pub mod letter;
pub mod mailer;
pub mod passwords;
pub mod remote;
pub mod rng;
pub mod seal;
pub mod secret;
pub mod storage;

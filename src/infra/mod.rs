//! The outside world: clock, randomness, passwords.
pub mod clock;

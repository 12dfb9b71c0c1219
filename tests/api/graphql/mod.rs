//! The public contract, one file a noun, through real HTTP.

mod event;
mod session;
mod work;

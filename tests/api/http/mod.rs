//! The transports, over real connections to the real accept loop, in front of a small schema.

mod bodies;
mod connections;
mod errors;
mod events;
mod metrics;
mod negotiation;
mod pages;
mod playground;
mod socket_close;
mod socket_old;
mod sockets;
mod stop;
pub mod support;
mod unread;

//! Files: brought, attached, given out, removed.

mod attach;
mod download;
mod hostile;
mod sweep;
mod upload;

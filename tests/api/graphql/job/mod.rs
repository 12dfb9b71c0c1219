//! Jobs, as their owners see them.

mod batch;
mod cancel_many;
mod change;
mod download;
mod idempotency;
mod labels;
mod list;
mod overrule;
mod quick;
mod record;
mod retry;
mod schedule;
pub mod statements;
mod submit;
mod waiting;

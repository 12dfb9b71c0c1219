//! Drills: each does the damage that one promise speaks of for real, to the real program in a process of its own, over
//! loopback, and looks whether the promise holds.
//!
//! They are smaller than the promises by default; `support::full` says how to run them at full size.

/// A job that was acknowledged is never lost.
mod acknowledged;
/// A backup under load restores, balances and goes on.
mod backup;
/// Bombs and slow clients are refused, and slow nobody.
mod bombs;
/// No job is claimed twice at once.
mod claimed_once;
/// A database that goes away is waited for.
mod database_away;
/// What was acknowledged outlives a crash of PostgreSQL, too.
mod database_crashes;
/// A dead worker's job is claimable again soon, and never stuck.
mod dead_worker;
/// At most one result, whatever a worker that was thought dead sends later.
mod fenced;
/// A full disk refuses uploads, and nothing else.
mod full_disk;
/// Notices between servers are hints.
mod hints;
/// A large file costs little memory, and so does a long list.
mod large_file;
/// Live readers see every event in order.
mod live;
/// So do those of another server than the writers', whatever else goes on in the database.
mod live_elsewhere;
/// No "database is locked" reaches a client.
mod locked;
/// An older program leaves a newer database alone.
mod newer_schema;
/// No more is held than there is.
mod no_overdraft;
/// One idempotency key, one job.
mod one_key;
/// One server on one file.
mod one_server;
/// A stop loses nothing and breaks nothing.
mod restart;
/// Servers that are restarted in turn fail no request.
mod rolling;
/// No secret in the log or in the database.
mod secrets;
/// Slow readers cost bounded memory and slow nobody.
mod slow_readers;
/// Servers that start together on an empty database migrate it once.
mod started_together;
pub mod support;
/// An upload is whole or absent.
mod whole_files;

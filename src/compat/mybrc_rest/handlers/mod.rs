//! Requests to operations, and back.

pub(super) mod find;
pub(super) mod jobs;
pub(super) mod list;
pub(super) mod submit;
pub(super) mod token;

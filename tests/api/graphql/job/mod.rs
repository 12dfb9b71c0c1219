//! Jobs, as their owners see them.

mod change;
mod list;
mod submit;

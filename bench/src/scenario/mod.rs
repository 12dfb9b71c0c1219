//! The scenarios: what is measured, and against which promise.

mod claim;
mod compat;
mod cycle;
mod mybrc;
mod project_w;
mod read;
mod start;
mod stream;

pub use claim::claim;
pub use compat::compat;
pub use cycle::{cycle, paid, submit};
pub use mybrc::{import, mybrc};
pub use project_w::project_w;
pub use read::{deep, job, page, paid_page};
pub use start::{loaded_memory, start};
pub use stream::stream;

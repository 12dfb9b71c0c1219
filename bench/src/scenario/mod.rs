//! The scenarios: what is measured, and against which promise.

mod claim;
mod cycle;
mod read;
mod start;
mod stream;

pub use claim::claim;
pub use cycle::{cycle, paid, submit};
pub use read::{deep, job, page, paid_page};
pub use start::{loaded_memory, start};
pub use stream::stream;

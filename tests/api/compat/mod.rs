//! The old APIs.

mod every_operation;
mod layer;
mod project_w;
mod topchef;

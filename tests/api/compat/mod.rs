//! The old APIs.

mod every_operation;
mod layer;
mod topchef;

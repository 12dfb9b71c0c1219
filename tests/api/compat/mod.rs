//! The old APIs.

mod every_operation;
mod layer;
mod pages;
mod topchef;
mod uses;

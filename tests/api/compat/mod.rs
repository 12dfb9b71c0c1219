//! The old APIs.

mod every_operation;
mod layer;
mod pages;
mod mobyle2;
mod topchef;
mod uses;

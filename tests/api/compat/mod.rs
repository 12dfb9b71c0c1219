//! The old APIs.

mod every_operation;
mod layer;
mod pages;
mod mobyle2;
mod mybrc;
mod topchef;
mod uses;

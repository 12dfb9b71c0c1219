//! The old APIs.

mod backrest;
mod every_operation;
mod layer;
mod mobyle2;
mod mybrc;
mod pages;
mod project_w;
mod topchef;
mod uses;

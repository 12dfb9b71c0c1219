//! The old APIs.

mod backrest;
mod every_operation;
mod everywhere;
mod layer;
mod mobyle2;
mod mybrc;
mod mybrc_rest;
mod pages;
mod project_w;
mod topchef;
mod uses;

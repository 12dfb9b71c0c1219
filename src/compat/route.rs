//! One line of a dialect's table.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::operation::Document;

/// A route: what it answers to, what it runs, and who handles it.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below the mount, with `{names}`.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The operations that it may run. A handler that runs another one fails: the table is what people migrate by.
    pub operations: Vec<&'static dyn Document>,
    /// Why it runs no operation, or does something beside them.
    pub reason: Option<&'static str>,
    pub(super) handler: MethodRouter,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Route {
    /// A route for a method that axum can route by: all that HTTP names but CONNECT.
    ///
    /// # Panics
    ///
    /// For a method that HTTP does not name.
    pub fn new<H: Handler<T, ()>, T: 'static>(
        method: Method,
        path: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("a table names methods of HTTP");
        let handler = on(filter, handler);
        Self { method, path, summary, operations: Vec::new(), reason: None, handler }
    }

    /// A route that is read.
    pub fn get<H: Handler<T, ()>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self::new(Method::GET, path, summary, handler)
    }

    /// A route that something is sent to.
    pub fn post<H: Handler<T, ()>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self::new(Method::POST, path, summary, handler)
    }

    /// A route that changes a part of something.
    pub fn patch<H: Handler<T, ()>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self::new(Method::PATCH, path, summary, handler)
    }

    /// A route that replaces something.
    pub fn put<H: Handler<T, ()>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self::new(Method::PUT, path, summary, handler)
    }

    /// A route that removes something.
    pub fn delete<H: Handler<T, ()>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self::new(Method::DELETE, path, summary, handler)
    }

    /// The operations that it may run.
    #[must_use]
    pub fn runs<const N: usize>(self, operations: [&'static dyn Document; N]) -> Self {
        Self { operations: operations.to_vec(), ..self }
    }

    /// Why it runs none, or what it does beside them.
    #[must_use]
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

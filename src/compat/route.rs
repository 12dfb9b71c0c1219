//! One line of a dialect's table.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::Value;

use super::credential::Credential;
use super::operation::Document;
use super::parameter::Parameter;

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
    /// What lets a caller in, any one of them.
    pub credentials: &'static [Credential],
    /// What it reads of the address' query. What is not listed is not read.
    pub query: Vec<Parameter>,
    /// What it reads of a form. What is not listed is not read.
    pub form: Vec<Parameter>,
    /// JSON Schema of the body that it takes, for its description.
    pub takes: Option<fn() -> Value>,
    /// Whether a form of the same fields does as well as that body.
    pub takes_forms: bool,
    /// The status of a good answer, and JSON Schema of its body.
    pub gives: Option<(u16, fn() -> Value)>,
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
        Self {
            method,
            path,
            summary,
            operations: Vec::new(),
            reason: None,
            credentials: Credential::ANY,
            query: Vec::new(),
            form: Vec::new(),
            takes: None,
            takes_forms: false,
            gives: None,
            handler,
        }
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

    /// What lets a caller in; without a word it is what `auth::any` takes.
    #[must_use]
    pub fn lets_in(self, credentials: &'static [Credential]) -> Self {
        Self { credentials, ..self }
    }

    /// What it reads of the address' query.
    #[must_use]
    pub fn query(self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        Self { query: parameters.into_iter().collect(), ..self }
    }

    /// What it reads of a form.
    #[must_use]
    pub fn form(self, fields: impl IntoIterator<Item = Parameter>) -> Self {
        Self { form: fields.into_iter().collect(), ..self }
    }

    /// Whether it reads a parameter of this name.
    #[must_use]
    pub fn reads_query(&self, name: &str) -> bool {
        self.query.iter().any(|parameter| parameter.name == name)
    }

    /// Whether it reads a field of a form of this name.
    #[must_use]
    pub fn reads_form(&self, name: &str) -> bool {
        self.form.iter().any(|field| field.name == name)
    }

    /// The JSON Schema of its body.
    #[must_use]
    pub fn takes(self, schema: fn() -> Value) -> Self {
        Self { takes: Some(schema), ..self }
    }

    /// The same as a JSON body, or as a form of these fields.
    #[must_use]
    pub fn takes_or_form(self, schema: fn() -> Value) -> Self {
        Self { takes: Some(schema), takes_forms: true, ..self }
    }

    /// The status of a good answer and the JSON Schema of its body.
    #[must_use]
    pub fn gives(self, status: u16, schema: fn() -> Value) -> Self {
        Self { gives: Some((status, schema)), ..self }
    }

    /// Why it runs none, or what it does beside them.
    #[must_use]
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

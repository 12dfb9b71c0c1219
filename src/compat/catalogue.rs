//! The table of all routes, for people and programs that want to know what an old API runs.

use serde::Serialize;
use serde_json::Value;

use super::dialect::Dialect;
use super::failure::Failure;
use super::openapi::described;
use super::route::Route;
use super::{DIALECTS, Document};
use crate::config::{Config, Mount};
use crate::error::Code;

/// A dialect with its routes.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its word.
    pub dialect: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The path under which it stands.
    pub mount: String,
    /// What each failure of an operation becomes.
    pub errors: Vec<Mapped>,
    /// Its routes, in the order of its table.
    pub routes: Vec<Line>,
}

/// A failure and its status.
#[derive(Debug, Serialize)]
pub struct Mapped {
    /// The code, as GraphQL shows it.
    pub code: &'static str,
    /// The HTTP status that the dialect answers with, unless a route says otherwise.
    pub status: u16,
}

/// A route.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The method.
    pub method: String,
    /// The path with its mount.
    pub path: String,
    /// What it does.
    pub summary: &'static str,
    /// What it runs.
    pub operations: Vec<Run>,
    /// Why it runs nothing, or what it does beside it.
    pub reason: Option<&'static str>,
    /// What the dialect's `OpenAPI` description tells of it.
    #[serde(skip)]
    pub described: Value,
}

/// An operation.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Its name.
    pub name: &'static str,
    /// Its document.
    pub document: &'static str,
}

/// All dialects, as this configuration places them.
#[must_use]
pub fn listed(config: &Config) -> Vec<Listed> {
    DIALECTS.iter().map(|dialect| of(dialect, config)).collect()
}

/// The name of the dialect whose use was counted under this word with this route: one that is `beside` another is
/// counted under the other's word, with its mount in front of the route.
#[must_use]
pub fn counted_as(config: &Config, word: &'static str, route: &str) -> &'static str {
    let beside = DIALECTS.iter().filter(|dialect| dialect.beside == Some(word)).find(|dialect| {
        route.strip_prefix(&(dialect.mount)(config).path).is_some_and(|inside| inside.starts_with('/'))
    });
    beside.map_or(word, |dialect| dialect.name)
}

pub(super) fn of(dialect: &Dialect, config: &Config) -> Listed {
    let mount = (dialect.mount)(config);
    let errors = Code::ALL.into_iter().map(|code| Mapped {
        code: code.as_str(),
        status: (dialect.refuse)(Failure::new(code, String::new())).status().as_u16(),
    });
    let routes = (dialect.routes)();
    Listed {
        dialect: dialect.name,
        title: dialect.title,
        enabled: mount.enabled,
        errors: errors.collect(),
        routes: routes.iter().map(|route| line(dialect, route, &mount)).collect(),
        mount: mount.path,
    }
}

fn line(dialect: &Dialect, route: &Route, mount: &Mount) -> Line {
    let run = |operation: &&'static dyn Document| Run { name: operation.name(), document: operation.text() };
    Line {
        method: route.method.to_string(),
        path: format!("{}{}", mount.path, if route.path == "/" { dialect.root } else { route.path }),
        summary: route.summary,
        operations: route.operations.iter().map(run).collect(),
        reason: route.reason,
        described: described(dialect, route, mount),
    }
}

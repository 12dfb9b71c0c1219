//! Defaults, then the file, then the environment, then the flags: each overrides the one before.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

use super::setting::{Key, Raw};
use super::{Config, KEYS, check, environment, file, mask_url};

/// The file that is read when none is named and it exists in the working directory.
pub(super) const DEFAULT_FILE: &str = "docket.toml";

/// Where values may come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file that was asked for; it must exist. Without one, `docket.toml` is read if it exists.
    pub file: Option<PathBuf>,
    /// The variables of the environment; those that do not start with `DOCKET_` are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// A flag of the command line that stands for a key.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The key's path: `database.url`.
    pub path: &'static str,
    /// The flag as it is typed: `--database-url`.
    pub name: &'static str,
    /// Its value, not yet checked.
    pub value: String,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A place in the file; both numbers start at 1, columns count characters.
    File {
        /// The file's name as it was given.
        name: Arc<str>,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A variable of the environment, by its name.
    Variable(String),
    /// A flag of the command line, as it is typed.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line, .. } => write!(f, "{name}:{line}"),
            Self::Variable(name) => write!(f, "env {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was said.
    pub origin: Origin,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str(&self.message),
            Origin::File { name, line, column } => write!(f, "{name}:{line}:{column}: {}", self.message),
            Origin::Variable(name) => write!(f, "{name}: {}", self.message),
            Origin::Flag(name) => write!(f, "{name}: {}", self.message),
        }
    }
}

/// Everything that is wrong, in the order of the file, then of the variables, then of the flags. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A configuration that holds together.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// What is not wrong but probably not meant either, such as a variable that stands for nothing.
    pub warnings: Vec<String>,
    origins: HashMap<&'static str, Origin>,
    content: Vec<Origin>,
}

/// One key with its effective value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key's path.
    pub path: &'static str,
    /// The value, with passwords inside URLs masked.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
}

impl Loaded {
    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, path: &str) -> &Origin {
        self.origins.get(path).unwrap_or(&Origin::Default)
    }

    /// Where the table of a type of content stands, by its place among them.
    #[must_use]
    pub fn origin_of_content(&self, index: usize) -> &Origin {
        self.content.get(index).unwrap_or(&Origin::Default)
    }

    /// Every key, in the order of the documentation.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let show = |key: &Key| match (key.show)(&self.config) {
            Json::String(text) => Json::String(mask_url(&text)),
            other => other,
        };
        KEYS.iter()
            .map(|key| Entry { path: key.path, value: show(key), origin: self.origin(key.path).clone() })
            .collect()
    }
}

/// What the sources have said so far.
#[derive(Default)]
pub(super) struct Draft {
    pub config: Config,
    pub origins: HashMap<&'static str, Origin>,
    /// Where the tables of content stand, in their order.
    pub content: Vec<Origin>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

impl Draft {
    pub fn refuse(&mut self, origin: Origin, message: impl Into<String>) {
        self.problems.push(Problem { origin, message: message.into() });
    }

    pub fn set(&mut self, key: &'static Key, raw: &Raw<'_>, origin: Origin) {
        match (key.set)(&mut self.config, raw) {
            Ok(()) => {
                self.origins.insert(key.path, origin);
            }
            // In the file the position does not name the key; a variable or a flag does.
            Err(message) if matches!(origin, Origin::File { .. }) => {
                self.refuse(origin, format!("{}: {message}", key.path));
            }
            Err(message) => self.refuse(origin, message),
        }
    }
}

/// Reads all sources and checks the whole.
///
/// # Errors
/// Everything that is wrong in any of them. Values that do not fit each other are looked for only when each is right
/// by itself.
///
/// # Panics
/// When a flag names a key that is not in the table: a mistake in the command line's own code.
pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
    let mut draft = Draft::default();
    file::read(&mut draft, sources.file.as_deref());
    environment::read(&mut draft, &sources.environment);
    for flag in &sources.flags {
        let key = KEYS.iter().find(|key| key.path == flag.path).expect("every flag names a key of the table");
        draft.set(key, &Raw::Text(&flag.value), Origin::Flag(flag.name));
    }
    settle(&mut draft);
    if draft.problems.is_empty() {
        let Draft { config, origins, content, warnings, .. } = draft;
        Ok(Loaded { config, warnings, origins, content })
    } else {
        Err(Problems(draft.problems))
    }
}

/// Values that follow from others, then the check of the whole.
fn settle(draft: &mut Draft) {
    if draft.origins.contains_key("public_url") {
        let length = draft.config.public_url.trim_end_matches('/').len();
        draft.config.public_url.truncate(length);
    } else {
        draft.config.public_url = format!("http://{}", reachable(draft.config.listen));
    }
    if !draft.problems.is_empty() {
        return;
    }
    draft.warnings.extend(check::open_doors(&draft.config));
    for (paths, message) in check::whole(&draft.config) {
        let said = paths.iter().find_map(|path| draft.origins.get(path)).cloned();
        draft.refuse(said.unwrap_or(Origin::Default), message);
    }
}

/// "Every address" is one to listen on, not one to connect to.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port());
    }
    listen
}

//! Letters: templates, embedded in the program and replaced by an operator's file by file, and what they become.
//!
//! A mail has a subject, a text and perhaps HTML: `NAME.subject`, `NAME.txt`, `NAME.html`. A surface may have a set of its
//! own in a folder of its name (`backrest/activation.txt`). A file of the operator's folder stands in for the embedded one
//! of the same path.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

use include_dir::{Dir, include_dir};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, value::Serde};
use serde::Serialize;

use crate::error::{Error, Result};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Every mail that there is, by the name of its files.
pub const NAMES: [&str; 7] =
    ["activation", "password-reset", "email-change", "email-changed", "password-changed", "address-taken", "test"];

const PARTS: [&str; 3] = ["subject", "txt", "html"];

/// What stands in a mail, before anything is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For everybody.
    pub text: String,
    /// For programs that show it.
    pub html: Option<String>,
}

/// What templates may use.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Values {
    /// What to click, with its secret; empty in mails without one.
    pub link: String,
    /// The user name.
    pub username: String,
    /// The given name; empty when it is not known.
    pub name: String,
    /// The address that the mail is about.
    pub address: String,
    /// How long the link is good.
    pub hours: u32,
    /// The server, as people reach it.
    pub public_url: String,
}

/// The templates of a server.
#[derive(Debug)]
pub struct Letters(Environment<'static>);

/// A template that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl Letters {
    /// The embedded templates and those in `folder` over them; an empty name is no folder.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the operator's files: each is read, parsed and filled in on trial.
    pub fn load(folder: &str) -> Result<Self, Vec<Broken>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if Path::new(name).extension().is_some_and(|part| part == "html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        let mut letters = Self(environment);
        let own = if folder.is_empty() { BTreeMap::new() } else { read(Path::new(folder))? };
        let mut broken = Vec::new();
        for (path, source) in embedded().chain(own.iter().map(|(path, source)| (path.clone(), source.clone()))) {
            if let Err(error) = letters.0.add_template_owned(path.clone(), source) {
                broken.push(describe(folder, &path, &error));
            } else if let Err(error) =
                letters.0.get_template(&path).and_then(|template| template.render(Serde(trial())))
            {
                broken.push(describe(folder, &path, &error));
            }
        }
        if broken.is_empty() { Ok(letters) } else { Err(broken) }
    }

    /// The mail `name` as a surface says it: its own set of files, or else the general one.
    ///
    /// Fails with an internal error when a template cannot be filled in, which [`Letters::load`] has tried.
    pub fn write(&self, name: &str, surface: &str, values: &Values) -> Result<Letter> {
        let own = format!("{surface}/{name}");
        let set = if self.0.get_template(&format!("{own}.txt")).is_ok() { own.as_str() } else { name };
        let fill = |path: String| {
            let template = self.0.get_template(&path).map_err(Error::internal)?;
            template.render(Serde(values)).map_err(Error::internal)
        };
        let html = format!("{set}.html");
        let html = if self.0.get_template(&html).is_ok() { Some(fill(html)?) } else { None };
        // A subject is one line, whatever was filled in.
        let subject: String = fill(format!("{set}.subject"))?.trim().chars().filter(|c| !c.is_control()).collect();
        Ok(Letter { subject, text: fill(format!("{set}.txt"))?, html })
    }
}

fn embedded() -> impl Iterator<Item = (String, String)> {
    let folders = EMBEDDED.dirs().flat_map(Dir::files);
    EMBEDDED.files().chain(folders).map(|file| {
        let source = file.contents_utf8().expect("the templates are text");
        (file.path().to_string_lossy().replace('\\', "/"), source.to_owned())
    })
}

/// The operator's files by their paths.
fn read(folder: &Path) -> Result<BTreeMap<String, String>, Vec<Broken>> {
    let mut sources = BTreeMap::new();
    let mut broken = Vec::new();
    let unread = |path: &Path, why: String| Broken(format!("{}: {why}", path.display()));
    let known: Vec<String> = crate::origin::Origin::ALL.map(|origin| origin.word().to_owned()).into();
    let places = std::iter::once(String::new()).chain(known.iter().map(|surface| format!("{surface}/")));
    for place in places {
        let inside = folder.join(&place);
        let entries = match fs::read_dir(&inside) {
            Ok(entries) => entries,
            Err(error) if !place.is_empty() && error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(vec![unread(&inside, format!("cannot be read: {error}"))]),
        };
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            if path.is_dir() || name.starts_with('.') {
                if place.is_empty() && !name.starts_with('.') && !known.contains(&name) {
                    broken.push(unread(&path, format!("no surface has this name; there are {}", known.join(", "))));
                }
            } else if !is_part(&name) {
                let names = NAMES.join(", ");
                broken.push(unread(
                    &path,
                    format!("no mail has this file; there are {names}, each .subject, .txt, .html"),
                ));
            } else {
                match fs::read_to_string(&path) {
                    Ok(source) => drop(sources.insert(format!("{place}{name}"), source)),
                    Err(error) => broken.push(unread(&path, format!("cannot be read: {error}"))),
                }
            }
        }
    }
    if broken.is_empty() { Ok(sources) } else { Err(broken) }
}

fn is_part(name: &str) -> bool {
    name.split_once('.').is_some_and(|(name, part)| NAMES.contains(&name) && PARTS.contains(&part))
}

fn describe(folder: &str, path: &str, error: &minijinja::Error) -> Broken {
    let place = Path::new(folder).join(path);
    let line = error.line().map_or(String::new(), |line| format!(":{line}"));
    let detail = error.detail().map_or(String::new(), |detail| format!(": {detail}"));
    Broken(format!("{}{line}: {}{detail}", place.display(), error.kind()))
}

/// Something in every place, so that a name that does not exist is found.
fn trial() -> Values {
    Values {
        link: "https://docket.example.org/activate?token=x".into(),
        username: "ada".into(),
        name: "Ada".into(),
        address: "ada@example.org".into(),
        hours: 24,
        public_url: "https://docket.example.org".into(),
    }
}

#[cfg(test)]
mod tests;

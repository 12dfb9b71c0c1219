//! Who may import whom, and how long a file may be: read from the sources, so that a breach fails the build of the
//! branch that makes it. The table below is the rule; `ARCHITECTURE.md` explains it.

mod paths;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use paths::named_paths;

struct Rule {
    /// A file or folder of `src`, or a member of the workspace.
    module: &'static str,
    must_not: &'static [&'static str],
    why: &'static str,
}

/// Every module of `src` has its line here; one without fails, so that a new module is placed on purpose.
const RULES: &[Rule] = &[
    Rule { module: "entity", must_not: &["docket", "migration"], why: "the tables know nothing of the server" },
    Rule {
        module: "migration",
        must_not: &["docket", "entity"],
        why: "entities move on, and what a migration did must stay what it was",
    },
    Rule { module: "lib", must_not: &["axum", "async_graphql", "entity", "sea_orm"], why: "it lists the modules" },
    Rule {
        module: "main",
        must_not: &[
            "crate::app",
            "crate::db",
            "crate::demo",
            "crate::domain",
            "crate::graphql",
            "crate::http",
            "async_graphql",
            "axum",
            "entity",
            "sea_orm",
        ],
        why: "it starts the command line, which does the rest",
    },
    Rule { module: "cli", must_not: &["sea_orm"], why: "a command asks the domain, which asks the database" },
    Rule {
        module: "demo",
        must_not: &["crate::cli", "crate::graphql", "crate::http", "async_graphql", "axum", "entity", "sea_orm"],
        why: "it uses docket as any caller does; what it cannot do so, others cannot either",
    },
    Rule {
        module: "server",
        must_not: &["crate::cli", "crate::demo", "async_graphql", "axum", "entity", "sea_orm"],
        why: "it puts the parts together and does nothing of what they do",
    },
    Rule {
        module: "compat",
        must_not: &["crate::cli", "crate::demo", "crate::domain", "crate::server", "entity", "sea_orm"],
        why: "an old API is a view of the GraphQL API: it runs operations and translates",
    },
    Rule {
        module: "http",
        must_not: &["crate::cli", "crate::compat", "crate::demo", "crate::domain", "entity", "sea_orm"],
        why: "transports go through `graphql::Api`, the one door that knows the limits and the rights",
    },
    Rule {
        module: "graphql",
        must_not: &["crate::cli", "crate::compat", "crate::demo", "crate::http", "axum", "sea_orm"],
        why: "a resolver decodes, makes one call into the domain and encodes",
    },
    Rule {
        module: "domain",
        must_not: &[
            "crate::cli",
            "crate::compat",
            "crate::demo",
            "crate::graphql",
            "crate::http",
            "async_graphql",
            "axum",
        ],
        why: "what the product does is the same behind every surface",
    },
    Rule {
        module: "server",
        must_not: &["crate::cli", "crate::demo", "async_graphql", "axum", "entity", "sea_orm"],
        why: "it puts the parts together; what they do is theirs",
    },
    Rule { module: "app", must_not: LAYERS_AND_EDGES, why: "it holds what the domain is given, and decides nothing" },
    Rule { module: "db", must_not: LAYERS_AND_EDGES, why: "it knows how to write, not what" },
    Rule { module: "viewer", must_not: LAYERS_AND_EDGES, why: "rights are the same behind every surface" },
    Rule { module: "config", must_not: LAYERS_AND_TABLES, why: "every layer uses it" },
    Rule { module: "error", must_not: LAYERS_AND_TABLES, why: "every layer uses it" },
    Rule { module: "infra", must_not: LAYERS_AND_TABLES, why: "every layer uses it" },
    Rule { module: "origin", must_not: LAYERS_AND_TABLES, why: "every layer uses it" },
    Rule { module: "page", must_not: LAYERS_AND_TABLES, why: "every layer uses it" },
];

const LAYERS_AND_EDGES: &[&str] = &[
    "crate::cli",
    "crate::compat",
    "crate::demo",
    "crate::domain",
    "crate::graphql",
    "crate::http",
    "async_graphql",
    "axum",
];

const LAYERS_AND_TABLES: &[&str] = &[
    "crate::app",
    "crate::cli",
    "crate::compat",
    "crate::demo",
    "crate::domain",
    "crate::graphql",
    "crate::http",
    "crate::viewer",
    "async_graphql",
    "axum",
    "entity",
];

struct Exception {
    module: &'static str,
    /// Allowed together with everything below it.
    path: &'static str,
}

/// Kept short, and each with its reason: a new one shows up in review.
const EXCEPTIONS: &[Exception] = &[
    // A credential becomes a viewer before there is a document to run.
    Exception { module: "http", path: "crate::domain::session" },
    // The same for the old APIs, whose callers may have no credential and a user who stands in for them.
    Exception { module: "compat", path: "crate::domain::session" },
    // Project-W's recordings are bytes, and become a job's file in the transaction that makes the job.
    Exception { module: "compat", path: "crate::domain::file" },
    Exception { module: "compat", path: "crate::domain::job::NewJob" },
    Exception { module: "compat", path: "crate::domain::job::submit_with" },
    // It tells numbers that no job has from those of other people's jobs.
    Exception { module: "compat", path: "crate::domain::job::is_of_project_w" },
    // The service that it takes to be there is made when it is first needed, whoever comes first.
    Exception { module: "compat", path: "crate::domain::service::of_project_w" },
    // It looks at the caller's password before anything else, and names the account of a link that was used.
    Exception { module: "compat", path: "crate::domain::user::is_password" },
    Exception { module: "compat", path: "crate::domain::user::address_of_link" },
    // backrest tells everything that is wrong with a body at once, an address that is none or taken among it.
    Exception { module: "compat", path: "crate::domain::policy::EmailRule" },
    Exception { module: "compat", path: "crate::domain::user::is_email_taken" },
    // What it serves beside accounts is of the types that the configuration declares.
    Exception { module: "compat", path: "crate::domain::content::Type" },
    // Bytes are no documents: they go straight to the domain, with the same viewer.
    Exception { module: "http", path: "crate::domain::file" },
    // Forms and errors of RFC 6749 are no documents either, and the tokens that they give are no part of the schema.
    Exception { module: "http", path: "crate::domain::oauth" },
    // What the domain remembers between requests lives as long as the server, and so in `app`.
    Exception { module: "app", path: "crate::domain::content" },
    Exception { module: "app", path: "crate::domain::dialect_use::Uses" },
    Exception { module: "app", path: "crate::domain::event::Feed" },
    Exception { module: "app", path: "crate::domain::job::Texts" },
    Exception { module: "app", path: "crate::domain::legacy_number::Kept" },
    Exception { module: "app", path: "crate::domain::rights::Rights" },
    Exception { module: "app", path: "crate::domain::runner::Seen" },
    Exception { module: "app", path: "crate::domain::schema" },
    Exception { module: "app", path: "crate::domain::session::Known" },
];

struct OnlyIn {
    path: &'static str,
    modules: &'static [&'static str],
    why: &'static str,
}

/// Tools with one owner.
const ONLY_IN: &[OnlyIn] = &[
    OnlyIn {
        path: "sea_orm::TransactionTrait",
        modules: &["db", "migration"],
        why: "a plain transaction is deferred on SQLite and fails when it turns to writing; use `app.db.write`",
    },
    OnlyIn {
        path: "crate::server",
        modules: &["cli", "demo"],
        why: "it knows every part: a part that knew it would know them all",
    },
    OnlyIn { path: "sea_orm::*", modules: &[], why: "it would hide what is imported" },
    OnlyIn { path: "crate::*", modules: &[], why: "it would hide what is imported" },
];

const MAX_LINES: usize = 400;

/// Longer on purpose: written by a tool, or a table that is one thing.
const LONG_FILES: &[&str] = &[
    "Cargo.lock",
    "schema.graphql",
    "tests/browser/package-lock.json",
    "tests/bucket/requirements.txt",
    "tests/conformance/package-lock.json",
    "ui/package-lock.json",
];

#[test]
fn no_module_imports_what_it_must_not() {
    let mut report = String::new();
    for (name, folder) in [("", "src"), ("entity", "entity/src"), ("migration", "migration/src")] {
        let root = root().join(folder);
        let files = files_below(&root);
        assert!(!files.is_empty(), "no sources in {folder}");
        for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "rs")) {
            let source = std::fs::read_to_string(file).expect("a source file is UTF-8");
            let inside = file.strip_prefix(&root).expect("it lies below its root");
            report.push_str(&breaches(&source, name, inside));
        }
    }
    assert!(report.is_empty(), "\n{report}The table of rules is in tests/api/layers.rs.");
}

/// Each is deleted by deleting its folder, and has to stay so.
#[test]
fn no_old_api_imports_another() {
    let folder = root().join("src/compat");
    let files = files_below(&folder);
    let dialect_of = |file: &Path| -> Option<String> {
        let inside = file.strip_prefix(&folder).ok()?;
        (inside.components().count() > 1).then(|| inside.iter().next()?.to_str().map(str::to_owned))?
    };
    let all: Vec<String> = files.iter().filter_map(|file| dialect_of(file)).collect();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "rs")) {
        let Some(own) = dialect_of(file) else { continue };
        let source = std::fs::read_to_string(file).expect("a source file is UTF-8");
        let inside = file.strip_prefix(root().join("src")).expect("it lies in src").with_extension("");
        let module = inside.iter().filter_map(|part| part.to_str()).filter(|part| *part != "mod");
        for named in named_paths(&source, &module.collect::<Vec<_>>()) {
            let other = all
                .iter()
                .find(|other| **other != own && lies_below(&named.path.join("::"), &format!("crate::compat::{other}")));
            assert!(other.is_none(), "{}:{}: {own} must not import {other:?}", file.display(), named.line);
        }
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let mut long = String::new();
    for file in files_below(&root()) {
        let name = file.strip_prefix(root()).expect("it lies below the root").to_string_lossy().replace('\\', "/");
        // What is not text has no lines.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let lines = text.lines().count();
        if lines > MAX_LINES && !LONG_FILES.contains(&name.as_str()) {
            writeln!(long, "{name} has {lines} lines").expect("a string grows");
        }
    }
    assert!(long.is_empty(), "\n{long}No file is longer than {MAX_LINES} lines: split it by noun, then by verb.");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` but those that a tool put there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry of the project can be read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            if path.is_symlink() || ["target", ".git", ".tools", "node_modules", "snapshots"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// One line for each import in `source` that its module's rule forbids. `member` is empty for the server itself.
fn breaches(source: &str, member: &str, inside: &Path) -> String {
    let inside = inside.with_extension("").to_string_lossy().replace('\\', "/");
    let module: Vec<&str> = inside.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect();
    let name = if member.is_empty() { inside.split('/').next().expect("split gives one part") } else { member };
    let place = if member.is_empty() { format!("src/{inside}.rs") } else { format!("{member}/src/{inside}.rs") };
    let Some(rule) = RULES.iter().find(|rule| rule.module == name) else {
        return format!("{place}: the module `{name}` has no rule yet: say what it must not import, and why.\n");
    };
    let mut report = String::new();
    for named in named_paths(source, &module) {
        let path = named.path.join("::");
        if let Some(breach) = breach(rule, &path) {
            writeln!(report, "{place}:{}: `{path}`: {breach}.", named.line).expect("a string grows");
        }
    }
    report
}

/// What `rule` or the owner of `path` says against it.
fn breach(rule: &Rule, path: &str) -> Option<String> {
    let Rule { module, why, .. } = rule;
    if let Some(only) = ONLY_IN.iter().find(|only| lies_below(path, only.path) && !only.modules.contains(module)) {
        return Some(format!("{module} must not import {}: {}", only.path, only.why));
    }
    if EXCEPTIONS.iter().any(|exception| exception.module == *module && lies_below(path, exception.path)) {
        return None;
    }
    let forbidden = rule.must_not.iter().find(|forbidden| lies_below(path, forbidden))?;
    Some(format!("{module} must not import {forbidden}: {why}"))
}

fn lies_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

mod the_checker {
    use super::*;

    fn check(file: &str, source: &str) -> String {
        breaches(source, "", Path::new(file))
    }

    #[test]
    fn a_forbidden_import_is_found_in_every_spelling() {
        let spellings = [
            ("graphql/job.rs", "use axum::Json;"),
            ("graphql/job.rs", "use ::axum::{routing::get};"),
            ("graphql/job.rs", "use crate::{error::Error, http};"),
            ("graphql/job.rs", "use crate::{error::{Code, Error}, http::{self as h}};"),
            ("graphql/job.rs", "use docket::http::limits as l;"),
            ("graphql/job.rs", "pub(crate) use super::super::http::limits;"),
            ("graphql/mod.rs", "use super::http;"),
            ("graphql/job.rs", "mod tests { use super::super::super::http::limits; }"),
            ("graphql/job.rs", "fn f() -> crate::http::Limits { crate::error::Error::x() }"),
            ("graphql/job.rs", "fn f(x: Vec<axum::Json<u8>>) {}"),
            ("graphql/job.rs", "let c = '\"'; let l: &'static str = r#\"\"\"#; axum::serve(); // \""),
            ("graphql/job.rs", "use crate::*;"),
            ("domain/job.rs", "use sea_orm::{EntityTrait, TransactionTrait};"),
            ("error.rs", "use entity::job;"),
            ("error.rs", "mod tests { use super::super::domain; }"),
            ("domain/job.rs", "#[derive(async_graphql::SimpleObject)] struct Job;"),
            ("http/mod.rs", "use crate::domain;"),
            ("http/mod.rs", "use crate::domain::sessions;"),
            ("http/mod.rs", "use crate::domain::{job, session};"),
            ("main.rs", "fn main() { docket::http::serve() }"),
        ];
        for (file, source) in spellings {
            assert_eq!(check(file, source).lines().count(), 1, "{file}: {source}: {}", check(file, source));
        }
    }

    #[test]
    fn what_is_allowed_or_only_mentioned_is_not_reported() {
        let fine = [
            ("graphql/job.rs", "use crate::domain::job;\nuse async_graphql::Object;"),
            (
                "graphql/job.rs",
                "/// See [`axum::Json`]. /* \n fn f() {} /* use axum::Json; /* nested */ use axum::Json; */",
            ),
            (
                "graphql/job.rs",
                "let s = \"use axum::Json; \\\" crate::http::x\"; let r = r##\"axum::x \"# crate::http::y\"##;",
            ),
            ("graphql/job.rs", "let axum = 1; x.axum::<T>(); Vec::<T>::axum(); let r#type = axum;"),
            ("graphql/job.rs", "fn f<'a>(x: &'a str) -> impl Fn() + use<'a> {}"),
            ("graphql/job.rs", "use crate::httpd::x; use super::*; use self::http::y;"),
            ("graphql/mod.rs", "mod tests { use super::job; } use http::StatusCode;"),
            ("http/mod.rs", "use crate::domain::session;\nuse crate::{domain::session::authenticate, error};"),
            ("db/writer.rs", "use sea_orm::{EntityTrait, TransactionTrait};"),
            ("main.rs", "fn main() { docket::cli::run() }"),
        ];
        for (file, source) in fine {
            assert_eq!(check(file, source), "", "{file}: {source}");
        }
    }

    #[test]
    fn a_breach_names_the_line_and_the_rule() {
        assert_eq!(
            check("domain/job.rs", "//! Jobs.\n\nuse axum::{\n    Json,\n};\n"),
            "src/domain/job.rs:4: `axum::Json`: domain must not import axum: what the product does is the same behind \
             every surface.\n"
        );
        assert!(check("helpers.rs", "").contains("has no rule yet"));
    }
}

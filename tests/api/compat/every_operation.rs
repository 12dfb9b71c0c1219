//! What validates can still fail when its arguments are read. So each operation is run, and gives an answer without an
//! error; a dialect with an operation that its scenario leaves out fails here.

use std::collections::BTreeSet;
use std::path::Path;

use docket::compat::DIALECTS;

use super::{backrest, mobyle2, mybrc, mybrc_rest, project_w, topchef};

/// The dialects, and what runs all their operations.
async fn run(dialect: &str) {
    match dialect {
        "backrest" => backrest::every_operation().await,
        "mobyle2" => mobyle2::every_operation().await,
        "mybrc" => mybrc::every_operation().await,
        "mybrc_rest" => mybrc_rest::every_operation().await,
        "project_w" => project_w::every_operation().await,
        "topchef" => topchef::every_operation().await,
        other => panic!("{other} has no scenario yet: run each of its operations here"),
    }
}

#[tokio::test]
async fn every_operation_was_run() {
    for dialect in DIALECTS {
        run(dialect.name).await;
        let routes = (dialect.routes)();
        let operations = routes.iter().flat_map(|route| &route.operations);
        let left: BTreeSet<_> = operations.filter(|operation| operation.answered() == 0).map(|it| it.name()).collect();
        assert!(left.is_empty(), "{} never ran {left:?}", dialect.title);
    }
}

#[test]
fn every_document_is_in_a_table() {
    for dialect in DIALECTS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compat").join(dialect.name).join("operations");
        let routes = (dialect.routes)();
        let listed: BTreeSet<_> = routes.iter().flat_map(|route| &route.operations).map(|it| it.text()).collect();
        for file in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = file.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a document");
            assert!(listed.contains(text.as_str()), "{} is in no table", path.display());
        }
    }
}

/// Of all but those of OPTIONS; HEAD goes where GET goes.
#[test]
fn in_each_dialect_less_than_a_third_of_the_routes_run_no_operation() {
    for dialect in DIALECTS {
        let routes: Vec<_> = (dialect.routes)().into_iter().filter(|route| route.method != "OPTIONS").collect();
        let without = routes.iter().filter(|route| route.operations.is_empty()).count();
        assert!(without * 3 < routes.len(), "{}: {without} of {}", dialect.title, routes.len());
    }
}

#[test]
fn every_route_has_an_operation_or_a_reason() {
    for dialect in DIALECTS {
        for route in (dialect.routes)() {
            assert!(!route.operations.is_empty() || route.reason.is_some(), "{} {route:?}", dialect.title);
            assert!(route.summary.ends_with('.'), "{route:?} says what it does in a sentence");
            for operation in &route.operations {
                let named = operation.text().contains(&format!(" {}", operation.name()));
                assert!(named, "the document of {} names it otherwise", operation.name());
            }
        }
    }
}

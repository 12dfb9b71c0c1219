//! What an operator and a maintainer of scripts can look up.

use std::collections::BTreeSet;

use docket::compat::{DIALECTS, listed, openapi};
use docket::config::Config;
use serde_json::Value;

use crate::support::TestApp;

#[tokio::test]
async fn the_pages_show_every_route_and_load_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let read = async |path: &str| {
        let answer = app.anonymous().get(path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
        answer.text().await.expect("a page")
    };
    let index = read("/compat").await;
    for dialect in DIALECTS {
        assert!(index.contains(&format!("href=\"/compat/{}\"", dialect.name)), "{index}");
        let page = read(&format!("/compat/{}", dialect.name)).await;
        for route in (dialect.routes)() {
            for operation in &route.operations {
                assert!(page.contains(operation.name()), "{}", operation.name());
            }
        }
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "{page}");
    }
    assert!(read("/compat/style.css").await.contains("font-family"));
    assert_eq!(app.anonymous().get("/compat/nothing").send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn each_has_a_description_for_tools() {
    let app = TestApp::new().await;
    for dialect in DIALECTS {
        let mount = (dialect.mount)(&app.server.app.config).path;
        let answer = app.anonymous().get(&format!("{mount}/openapi.json")).send().await.expect("an answer");
        let told: Value = answer.json().await.expect("JSON");
        assert_eq!(told, openapi(dialect, &mount));
        let routes = (dialect.routes)();
        let mut ids = BTreeSet::new();
        for route in &routes {
            let operation = &told["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
            assert_eq!(operation["summary"], route.summary, "{route:?}");
            assert!(ids.insert(operation["operationId"].to_string()), "{route:?} has an id of its own");
        }
        let mut kept = told;
        kept["info"]["version"] = "the program's".into();
        insta::assert_json_snapshot!(format!("openapi_{}", dialect.name), kept);
    }
}

#[test]
fn the_list_tells_what_each_failure_becomes() {
    let all = listed(&Config::default());
    let topchef = all.iter().find(|listed| listed.dialect == "topchef").expect("it is there");
    let status = |code: &str| topchef.errors.iter().find(|error| error.code == code).map(|error| error.status);
    assert_eq!((status("UNAUTHENTICATED"), status("NOT_FOUND"), status("INVALID")), (Some(401), Some(404), Some(400)));
    assert!(topchef.routes.iter().any(|route| route.method == "GET" && route.path == "/topchef/jobs/{id}"));
}

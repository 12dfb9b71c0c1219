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
            for parameter in &route.query {
                assert!(page.contains(&format!("<code>{}</code>", parameter.name)), "{route:?}: {}", parameter.name);
            }
            for field in &route.form {
                assert!(page.contains(&format!("&quot;{}&quot;", field.name)), "{route:?}: {}", field.name);
            }
        }
        // Schemas name the standard that they follow, as text; nothing is loaded, and no link leads away.
        assert!(!page.contains("=\"http") && !page.contains("<script"), "{page}");
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
        assert_eq!(told, openapi(dialect, &mount, &(dialect.mount)(&app.server.app.config)));
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

/// The ways in that a description tells of a route: schemes, or `-` for nothing at all.
fn ways(told: &Value, method: &str, path: &str) -> Vec<String> {
    let ways = told["paths"][path][method]["security"].as_array().expect("it is told");
    let word = |way: &Value| way.as_object().expect("an object").keys().next().map_or("-".to_owned(), Clone::clone);
    ways.iter().map(word).collect()
}

fn described(name: &str, stand_in: Option<&str>) -> Value {
    let dialect = DIALECTS.iter().find(|dialect| dialect.name == name).expect("it is there");
    let mut mount = (dialect.mount)(&Config::default());
    mount.anonymous_as = stand_in.map(str::to_owned);
    openapi(dialect, &mount.path, &mount)
}

#[test]
fn descriptions_tell_what_lets_a_caller_in() {
    let told = described("project_w", None);
    assert_eq!(ways(&told, "post", "/users/login"), [""; 0]);
    assert_eq!(ways(&told, "get", "/jobs/list"), ["login"]);
    assert_eq!(ways(&told, "get", "/runners/create"), ["login"]);
    assert_eq!(ways(&told, "post", "/runners/heartbeat"), ["runner"]);
    let schemes = &told["components"]["securitySchemes"];
    assert_eq!(schemes.as_object().expect("an object").keys().collect::<Vec<_>>(), ["login", "runner"]);

    let told = described("mobyle2", None);
    assert_eq!(ways(&told, "get", "/services"), ["-", "bearer", "basic", "session", "ticket"]);
    assert_eq!(ways(&told, "get", "/users"), ["bearer", "basic", "session", "ticket"]);
    assert_eq!(told["components"]["securitySchemes"]["ticket"]["name"], "auth_tkt");

    for (name, path) in [("topchef", "/jobs"), ("mybrc", "/jobs/")] {
        assert_eq!(ways(&described(name, None), "get", path), ["bearer", "basic", "session"], "{name}");
        let told = described(name, Some("demo"));
        assert_eq!(ways(&told, "get", path), ["bearer", "basic", "session", "-"], "{name} with a stand-in");
    }
}

/// What each route reads of query and form. A handler is given nothing else, so that a parameter that stands here and one
/// that a test of the dialect sends are the same.
#[test]
fn descriptions_tell_what_routes_read() {
    for dialect in DIALECTS {
        let mut read = Vec::new();
        for route in (dialect.routes)() {
            let names = |parameters: &[docket::compat::Parameter]| {
                let word =
                    |one: &docket::compat::Parameter| format!("{}{}", one.name, if one.required { "*" } else { "" });
                parameters.iter().map(word).collect::<Vec<_>>().join(" ")
            };
            let (query, form) = (names(&route.query), names(&route.form));
            if !query.is_empty() || !form.is_empty() {
                read.push(format!("{route:?} ?{query} ={form}"));
            }
        }
        insta::assert_snapshot!(format!("parameters_{}", dialect.name), read.join("\n"));
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

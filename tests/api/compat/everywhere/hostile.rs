//! Attacks, repeated over every route of every old API.

use docket::compat::DIALECTS;
use reqwest::{Method, StatusCode};

use super::{Ask, Body, Everywhere};
use crate::support::Client;

/// What no body should say of the inside.
const LEAKS: [&str; 6] = ["SELECT ", "sqlx", "sea_orm", "panicked", "src/", "RUST_BACKTRACE"];

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=x";

/// Bodies that no client means.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let keys: Vec<String> = (0..5_000).map(|number| format!("\"k{number}\":{number}")).collect();
    let keys = keys.join(",");
    vec![
        (JSON, Vec::new()),
        (JSON, b"nonsense".to_vec()),
        (JSON, b"null".to_vec()),
        (JSON, b"[]".to_vec()),
        (JSON, b"\"text\"".to_vec()),
        (JSON, b"{\"email\":null,\"password\":null,\"parameters\":null,\"status\":null,\"name\":null}".to_vec()),
        (JSON, b"{\"email\":{},\"password\":[],\"parameters\":7,\"status\":[],\"name\":{},\"amount\":[]}".to_vec()),
        (
            JSON,
            b"{\"email\":\"\\u0000\",\"password\":\"\\u0000\",\"name\":\"\\u0000\",\"status\":\"\\u0000\"}".to_vec(),
        ),
        (JSON, b"{\"amount\":1e999,\"jobstatus\":99999999999999999999,\"userid\":-1,\"id\":1e400}".to_vec()),
        (JSON, b"\xff\xfe{\"a\":1}".to_vec()),
        (JSON, deep),
        (JSON, format!("{{{keys}}}").into_bytes()),
        (FORM, b"%ff=%fe&&&===&email=%00&password=%00&jobIds=1,,2,-1,99999999999999999999".to_vec()),
        (
            PARTS,
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../etc/passwd\"\r\n\r\nx".to_vec(),
        ),
        (PARTS, b"no boundary at all".to_vec()),
        ("multipart/form-data", b"--x--".to_vec()),
        ("text/plain; charset=utf-7", b"+ADw-".to_vec()),
        ("\"", b"{}".to_vec()),
    ]
}

/// Sends; the answer is one, and tells nothing of the inside.
async fn survives(who: &Client, ask: &Ask) -> StatusCode {
    let what = format!("{} {}", ask.method, ask.path);
    let answer = ask.by(who).send().await.expect("an answer");
    let status = answer.status();
    let body = String::from_utf8_lossy(&answer.bytes().await.expect("a body")).into_owned();
    assert!(status.as_u16() < 500, "{what}: {status} {body}");
    for leak in LEAKS {
        assert!(!body.contains(leak), "{what}: {body}");
    }
    status
}

#[tokio::test]
async fn no_body_is_a_defect() {
    let everywhere = Everywhere::new().await;
    // A session of its own each time, since some routes end it.
    for dialect in DIALECTS {
        for route in Everywhere::routes(dialect) {
            if route.method == Method::GET {
                continue;
            }
            let Ask { method, path, .. } = everywhere.ask(dialect, &route).await;
            for who in [everywhere.app().anonymous(), everywhere.app().anonymous().log_in("cara").await] {
                for (media_type, bytes) in bodies() {
                    let body = Body::Raw(media_type.to_owned(), bytes);
                    survives(&who, &Ask { method: method.clone(), path: path.clone(), body }).await;
                }
            }
        }
    }
    everywhere.app().audit().await;
}

/// A database that fails is told of without its words, by every route of every old API.
#[tokio::test]
async fn no_failure_of_the_database_shows_its_inside() {
    let everywhere = Everywhere::new().await;
    let mut asks = Vec::new();
    for dialect in DIALECTS {
        for route in Everywhere::routes(dialect) {
            asks.push((dialect.name, everywhere.ask(dialect, &route).await));
        }
    }
    // What ends sessions comes last.
    asks.sort_by_key(|(_, ask)| ask.method != Method::GET);
    let tables = ["service", "project_data", "account", "project", "server"];
    for table in ["job"].iter().chain(&tables) {
        everywhere.app().lose(table).await;
    }
    let mut failed = Vec::new();
    for who in [everywhere.app().admin(), everywhere.world.cara.clone()] {
        for (dialect, ask) in &asks {
            let answer = ask.by(&who).send().await.expect("an answer");
            let status = answer.status();
            // A list that is sent while it is read breaks off.
            let body = answer.bytes().await;
            let is_broken = status.is_server_error() || body.is_err();
            let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
            let own = tables.iter().map(|table| format!("{table}_that_is_gone"));
            let leaks = LEAKS.map(str::to_owned).into_iter().chain(own);
            for leak in leaks.chain(["no such table", "relation \"", "error returned from database"].map(str::to_owned))
            {
                assert!(!body.contains(&leak), "{} {}: {status} {body}", ask.method, ask.path);
            }
            if is_broken && !failed.contains(dialect) {
                failed.push(dialect);
            }
        }
    }
    assert_eq!(failed.len(), DIALECTS.len(), "only these met the failure: {failed:?}");
}

#[tokio::test]
async fn no_path_and_no_query_is_a_defect() {
    let everywhere = Everywhere::new().await;
    let who = everywhere.world.cara.clone();
    let long = "9".repeat(400);
    let names =
        ["%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%27%20OR%201=1", "a%0d%0aset-cookie:x=y", "-1", "1e3", &long];
    let queries = [
        "page=-1&limit=-1&offset=99999999999999999999",
        "jobIds=1&jobIds=%00&jobId=&email=%00&token=%ff",
        "a[b]=c&=&&%",
        "userid=x&accountid=1e9&jobstatus=%00&ordering=;drop",
        "token=..%2f..%2f&page=%E2%98%83",
    ];
    for dialect in DIALECTS {
        for route in Everywhere::routes(dialect).into_iter().filter(|route| route.method == "GET") {
            let good = everywhere.ask(dialect, &route).await.path;
            let bare = good.split('?').next().expect("a path").to_owned();
            for query in queries {
                let path = format!("{bare}?{query}");
                survives(&who, &Ask { method: Method::GET, path, body: Body::Nothing }).await;
            }
            if !route.path.contains('{') {
                continue;
            }
            let mount = (dialect.mount)(&everywhere.app().server.app.config).path;
            for name in names {
                let parts = route.path.split('/').map(|part| if part.contains('{') { name } else { part });
                let path = format!("{mount}{}", parts.collect::<Vec<_>>().join("/"));
                let status =
                    survives(&who, &Ask { method: Method::GET, path: path.clone(), body: Body::Nothing }).await;
                assert!(status.is_client_error(), "{path}: {status}");
            }
        }
    }
}

/// How many rows everything has that a request could make, and the newest change.
async fn rows(who: &Client) -> String {
    let document = "{ jobs { totalCount } users { totalCount } services { totalCount } projects { totalCount }
        accounts { totalCount } runners { totalCount } files { totalCount } auditEntries { totalCount } ledger { totalCount }
        recordedJobs { totalCount } enrolledUsers { totalCount }
        newest: jobs(first: 1, order: UPDATED_AT_DESC) { nodes { id status updatedAt } } }";
    who.data(document, serde_json::json!({})).await.to_string()
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let everywhere = Everywhere::new().await;
    let who = everywhere.app().admin();
    for dialect in DIALECTS {
        for route in Everywhere::routes(dialect).into_iter().filter(|route| route.method == "GET") {
            let path = everywhere.ask(dialect, &route).await.path;
            let before = rows(&who).await;
            survives(&who, &Ask { method: Method::HEAD, path: path.clone(), body: Body::Nothing }).await;
            assert_eq!(rows(&who).await, before, "HEAD {path}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_with_a_browsers_cookie() {
    let everywhere = Everywhere::new().await;
    let who = everywhere.app().admin();
    let token = everywhere.app().anonymous().log_in("ada").await.token.expect("a token");
    for dialect in DIALECTS.iter().filter(|dialect| dialect.own_site_only) {
        for route in Everywhere::routes(dialect).into_iter().filter(|route| route.method != "GET") {
            let ask = everywhere.ask(dialect, &route).await;
            let before = rows(&who).await;
            for name in ["docket_session", "auth_tkt"] {
                let request = ask.by(&everywhere.app().anonymous()).header("cookie", format!("{name}={token}"));
                let answer = request.header("origin", "https://evil.example").send().await.expect("an answer");
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{route:?} with {name}");
            }
            assert_eq!(rows(&who).await, before, "{route:?}");
        }
    }
}

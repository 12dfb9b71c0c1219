//! The playground's files as a browser gets them. What they do there is tested in `tests/browser`.

use reqwest::{Client, Response, redirect::Policy};

use super::support::TestServer;

/// A client that neither follows nor unpacks.
fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().expect("a client")
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).unwrap_or_else(|| panic!("{name} is missing"));
    value.to_str().expect("text").to_owned()
}

#[tokio::test]
async fn browsers_are_led_to_the_playground_and_programs_are_told_where_the_api_is() {
    let server = TestServer::new().await;
    let browser =
        client().get(server.url("/")).header("accept", "text/html,*/*;q=0.8").send().await.expect("an answer");
    assert_eq!(browser.status(), 307);
    assert_eq!(header(&browser, "location"), "graphiql");
    assert_eq!(header(&browser, "vary"), "accept");
    let curl = client().get(server.url("/")).header("accept", "*/*").send().await.expect("an answer");
    assert_eq!(curl.status(), 200);
    assert!(curl.text().await.expect("a body").contains("/graphql"));
    let slash = client().get(server.url("/graphiql/")).send().await.expect("an answer");
    assert_eq!((slash.status().as_u16(), header(&slash, "location").as_str()), (308, "../graphiql"));
}

#[tokio::test]
async fn the_page_allows_nothing_but_its_own_files_and_is_asked_for_each_time() {
    let server = TestServer::new().await;
    let page = client().get(server.url("/graphiql")).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let tag = header(&page, "etag");
    assert!(page.text().await.expect("a body").contains("<title>docket</title>"));
    let again = client().get(server.url("/graphiql")).header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag));
    assert_eq!(again.bytes().await.expect("a body").len(), 0);
}

#[tokio::test]
async fn the_files_of_the_page_are_kept_for_ever_and_come_compressed() {
    // `DOCKET_UI=skip` leaves them out on purpose; any other build that lacks them fails here.
    if option_env!("DOCKET_UI") == Some("skip") {
        return;
    }
    let server = TestServer::new().await;
    let page = client().get(server.url("/graphiql")).send().await.expect("an answer").text().await.expect("a body");
    let script = page.split("src=\"./").nth(1).and_then(|rest| rest.split('"').next()).expect("a script in the page");
    let url = server.url(&format!("/{script}"));
    let plain = client().get(&url).send().await.expect("an answer");
    assert_eq!(plain.status(), 200);
    assert_eq!(header(&plain, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&plain, "vary"), "accept-encoding");
    assert!(header(&plain, "content-security-policy").contains("script-src 'self'"), "a worker goes by its own");
    assert!(plain.headers().get("content-encoding").is_none());
    let plain = plain.bytes().await.expect("a body");
    let packed = client().get(&url).header("accept-encoding", "br, gzip").send().await.expect("an answer");
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    let packed = packed.bytes().await.expect("a body");
    assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() * 2 < plain.len(), "{} of {}", packed.len(), plain.len());
}

#[tokio::test]
async fn there_is_nothing_else_below_the_page() {
    let server = TestServer::new().await;
    for path in ["none.js", "..%2findex.html", "..%2f..%2fCargo.toml", "%2e%2e/%2e%2e/Cargo.toml", "index.html.gz"] {
        let response = client().get(server.url(&format!("/graphiql/assets/{path}"))).send().await.expect("an answer");
        assert_eq!(response.status(), 404, "{path}");
    }
}

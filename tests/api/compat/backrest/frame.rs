//! What all routes have in common: slashes, methods, what clients accept, and the words of refusals.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, server, server_with, with_content};

/// Asks with an `Accept` header.
async fn accepting(browser: &Browser, method: Method, path: &str, accept: &str) -> Answer {
    browser.send(browser.request(method, path).header("accept", accept)).await
}

#[tokio::test]
async fn slashes_are_strict() {
    let app = server_with(with_content).await;
    let browser = Browser::new(&app);
    for path in
        ["", "/signup/", "/login/", "/logout/", "/password/", "/userprofile/", "/reset", "/email", "/documents/"]
    {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            browser.send(browser.request(method, path)).await.not_found();
        }
    }
    for nothing in ["/nothing", "/nothing/1", "/documents/1/2", "//", "/signup/x", "/login/x/y", "/-/login"] {
        browser.get(nothing).await.not_found();
        browser.delete(nothing).await.not_found();
    }
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let app = server_with(with_content).await;
    let browser = Browser::new(&app);
    for (path, allow, other) in [
        ("/", "GET, HEAD", Method::PUT),
        ("/signup", "GET, HEAD, POST", Method::DELETE),
        ("/login", "GET, HEAD, PUT", Method::OPTIONS),
        ("/logout", "PUT", Method::GET),
        ("/password", "PUT", Method::POST),
        // Whatever stands there for a token, and also where nothing does: it is one route.
        ("/reset/x", "GET, HEAD, POST, PUT", Method::PATCH),
        ("/reset/", "GET, HEAD, POST, PUT", Method::DELETE),
        ("/reset/a/b", "GET, HEAD, POST, PUT", Method::OPTIONS),
        ("/email/x", "GET, HEAD, PUT", Method::POST),
        ("/email/", "GET, HEAD, PUT", Method::DELETE),
        ("/email/a/b", "GET, HEAD, PUT", Method::OPTIONS),
        ("/userprofile", "GET, HEAD, POST, PUT", Method::DELETE),
        ("/documents", "GET, HEAD, POST", Method::PUT),
        ("/news/1", "DELETE, GET, HEAD, PUT", Method::PATCH),
    ] {
        // The method comes before everything else.
        let answer = accepting(&browser, other, path, "text/csv").await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
        assert!(answer.text.starts_with("405 Method Not Allowed\n\n"), "{}", answer.text);
    }
}

#[tokio::test]
async fn who_takes_no_json_is_told_so_before_all_else() {
    let app = server_with(with_content).await;
    let browser = Browser::new(&app);
    let refusal = json!({ "status": "error", "errors": [{ "location": "header", "name": "Accept",
        "description": "Accept header should be one of ['application/json']" }] });
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/login"),
        (Method::PUT, "/login"),
        (Method::POST, "/signup"),
        (Method::POST, "/reset/"),
        (Method::PUT, "/reset/x"),
        (Method::PUT, "/password"),
        (Method::PUT, "/email/"),
        (Method::GET, "/userprofile"),
        (Method::PUT, "/userprofile"),
        (Method::POST, "/userprofile"),
        (Method::GET, "/documents"),
        (Method::POST, "/documents"),
        (Method::GET, "/documents/1"),
    ] {
        let answer = accepting(&browser, method, path, "text/html").await;
        assert_eq!((answer.status, answer.json()), (406, refusal.clone()), "{path}");
    }
    for accept in ["*/*", "application/json", "text/html, application/json;q=0.1", "application/*", ""] {
        let answer = accepting(&browser, Method::GET, "/login", accept).await;
        assert_eq!(answer.good(), json!({ "authenticated": false }), "{accept}");
    }
    // What browsers open looks at nothing.
    for (path, status) in [("/signup?token=x", 404), ("/reset/x", 404), ("/email/x", 403), ("/0a~", 403)] {
        assert_eq!(accepting(&browser, Method::GET, path, "text/html").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn browsers_get_refusals_as_pages() {
    let app = server().await;
    let browser = Browser::new(&app);
    let pages = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let lost = accepting(&browser, Method::GET, "/signup?token=x", pages).await;
    assert_eq!((lost.status, lost.header("content-type")), (404, "text/html; charset=UTF-8"));
    assert!(lost.text.contains("<h1>404 Not Found</h1>"), "{}", lost.text);
    let wrong = accepting(&browser, Method::DELETE, "/login", "text/html").await;
    assert!(wrong.status == 405 && wrong.text.contains("<h1>405 Method Not Allowed</h1>"), "{}", wrong.text);
    accepting(&browser, Method::GET, "/email/x", pages).await.forbidden();
    let only = accepting(&browser, Method::GET, "/email/x", "text/html").await;
    assert!(only.status == 403 && only.text.contains("Access was denied to this resource."), "{}", only.text);
}

#[tokio::test]
async fn head_is_answered_wherever_get_is() {
    let app = server_with(with_content).await;
    let browser = super::alice(&app).await;
    for path in ["/", "/login", "/userprofile", "/documents"] {
        let answer = browser.send(browser.request(Method::HEAD, path)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{path}");
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
    }
}

#[tokio::test]
async fn at_an_address_of_its_own_paths_are_the_same_with_and_without_their_prefix() {
    let app = server_with(|config| config.backrest.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    let address = app.server.addresses.last().expect("an address of its own");
    for path in ["/login", "/-/login"] {
        let answer = Answer::of(reqwest::Client::new().get(format!("http://{address}{path}"))).await;
        assert_eq!(answer.good()["authenticated"], Value::Bool(false), "{path}");
    }
}

//! Bodies and paths that nobody in their right mind sends: none is a defect of the server.

use reqwest::Method;
use serde_json::json;

use super::{Browser, alice, server_with, with_content};

const ROUTES: [(Method, &str); 11] = [
    (Method::POST, "/signup"),
    (Method::PUT, "/login"),
    (Method::POST, "/reset/"),
    (Method::PUT, "/reset/x"),
    (Method::PUT, "/password"),
    (Method::PUT, "/email/"),
    (Method::PUT, "/userprofile"),
    (Method::POST, "/userprofile"),
    (Method::POST, "/documents"),
    (Method::PUT, "/documents/1"),
    (Method::POST, "/news"),
];

#[tokio::test]
async fn no_body_is_a_defect() {
    let app = server_with(with_content).await;
    let (alice, nobody) = (alice(&app).await, Browser::new(&app));
    alice.post("/documents", json!({ "title": "x", "author": "x" })).await.good();
    let deep = "[".repeat(100_000);
    let nested = format!("{{\"title\": \"x\", \"author\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    let bodies: [&[u8]; 18] = [
        b"",
        b"null",
        b"1",
        b"\"x\"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"\0",
        deep.as_bytes(),
        nested.as_bytes(),
        b"{\"email\": \"\\u0000\", \"password\": \"\\u0000\", \"login\": \"\\u0000\", \"title\": \"\\u0000\", \"author\": \"\\u0000\"}",
        b"{\"email\": \"\\ud800\"}",
        b"{\"email\": 1e400, \"password\": 1e400}",
        b"{\"title\": [], \"author\": {}, \"size\": 1e300, \"attachment\": 5}",
        b"{\"title\": \"x\", \"author\": \"x\", \"attachment\": {\"filename\": \"..\", \"data\": \"x\"}}",
        b"{\"title\": \"x\", \"author\": \"x\", \"attachment\": {\"filename\": \"a\", \"data\": \"data:;base64,?\"}}",
        b"{\"title\": \"x\", \"author\": \"x\", \"attachment\": {\"data\": [], \"mimetype\": 5}, \"categories\": [[]]}",
        b"email=%ff&password=%00&a",
    ];
    for (method, path) in ROUTES {
        for body in bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain", ""] {
                for browser in [&alice, &nobody] {
                    let request =
                        browser.request(method.clone(), path).header("content-type", kind).body(body.to_vec());
                    let answer = browser.send(request).await;
                    assert!(answer.status < 500, "{method} {path} {body:?}: {}", answer.text);
                }
            }
        }
        let large = alice.request(method.clone(), path).header("content-type", "application/json");
        let answer = alice.send(large.body(vec![b' '; 40_000_000])).await;
        assert!(matches!(answer.status, 403 | 404 | 413), "{method} {path}: {}", answer.status);
    }
    assert!(alice.is_logged_in().await, "none of them meant anything");
}

#[tokio::test]
async fn no_path_is_a_defect() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let odd = [
        "'%20OR%201=1",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff%fe",
        "a%0d%0aset-cookie:x=y",
        "%25",
        "_",
        "~",
        "~~",
        "x~",
        "00000000-0000-0000-0000-000000000000~",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "99999999999999999999",
        "2147483648",
        "0",
    ];
    for name in odd {
        for path in
            [format!("/{name}"), format!("/documents/{name}"), format!("/reset/{name}"), format!("/email/{name}")]
        {
            for method in [Method::GET, Method::HEAD] {
                let answer = alice.send(alice.request(method, &path)).await;
                assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
                assert!(!answer.headers.contains_key("set-cookie"));
                for leak in ["SELECT", "sqlx", "entity", "panicked", "src/"] {
                    assert!(!answer.text.contains(leak), "{path}: {}", answer.text);
                }
            }
            let answer = alice.send(alice.request(Method::PUT, &path).json(&json!({ "password": "x" }))).await;
            assert!(answer.status < 500, "{path}: {}", answer.status);
        }
    }
}

//! backrest's API: the page of its documentation, and what its server did.

mod content;
mod email;
mod file;
mod frame;
mod hostile;
mod password;
mod profile;
mod seed;
mod session;
mod sign_up;
mod threats;

use std::sync::Mutex;

use docket::config::{Config, ContentType};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::{Client, Mail, TestApp};
use crate::user::last_mail;

/// Where clients reach the server, as the operator has said.
const SITE: &str = "http://example.com";

/// A server at that address.
async fn server() -> TestApp {
    server_with(|_| ()).await
}

/// The same with changed settings.
async fn server_with(change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::with(|config| {
        SITE.clone_into(&mut config.public_url);
        change(config);
    })
    .await
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = String::from_utf8_lossy(&answer.bytes().await.expect("a body")).into_owned();
        assert_ne!(status, 500, "{text}");
        Self { status, headers, text }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The JSON of an answer that is some.
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json; charset=UTF-8", "{}", self.text);
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// The JSON of a good one.
    #[track_caller]
    fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    #[track_caller]
    fn succeeded(&self) {
        assert_eq!(self.good(), json!({ "status": "success" }));
    }

    /// The fields that a refusal names, with what is wrong with each.
    #[track_caller]
    fn faults(&self) -> Vec<(String, String)> {
        let body = self.json();
        assert_eq!((self.status, &body["status"]), (400, &json!("error")), "{body}");
        let errors = body["errors"].as_array().expect("a list");
        let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
        errors
            .iter()
            .map(|error| {
                assert_eq!(
                    (&error["location"], error.as_object().map(serde_json::Map::len)),
                    (&json!("body"), Some(3))
                );
                (text(&error["name"]), text(&error["description"]))
            })
            .collect()
    }

    /// A refusal that names exactly these.
    #[track_caller]
    fn blames(&self, faults: &[(&str, &str)]) {
        let found = self.faults();
        let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(found, faults);
    }

    #[track_caller]
    fn forbidden(&self) {
        let told = (self.status, self.header("content-type"), self.text.as_str());
        assert_eq!(told, (403, "text/html; charset=UTF-8", "Forbidden"));
        assert_eq!(self.header("cache-control"), "private, no-store");
    }

    #[track_caller]
    fn not_found(&self) {
        let told = (self.status, self.header("content-type"));
        assert_eq!(told, (404, "text/plain; charset=UTF-8"), "{}", self.text);
        assert_eq!(self.header("cache-control"), "private, no-store");
        assert!(self.text.starts_with("404 Not Found\n\nThe resource could not be found.\n\n\n"), "{}", self.text);
    }
}

/// A page in a browser, which keeps the cookie.
struct Browser {
    client: Client,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    fn new(app: &TestApp) -> Self {
        Self { client: app.anonymous(), cookie: Mutex::default() }
    }

    /// A request with the cookie, at a path below `/-`.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, &format!("/-{path}"));
        match &*self.cookie.lock().expect("nobody panicked") {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Sends, and keeps the cookie that comes back.
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().unwrap_or_default().to_owned();
            *self.cookie.lock().expect("nobody panicked") = (!pair.ends_with('=')).then_some(pair);
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.put("/login", json!({ "login": email, "password": password })).await
    }

    async fn is_logged_in(&self) -> bool {
        self.get("/login").await.good()["authenticated"] == true
    }
}

/// A browser without redirects, which are looked at here.
fn still(app: &TestApp, path: &str, method: Method, cookie: Option<String>) -> reqwest::RequestBuilder {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = client.request(method, app.anonymous().url(&format!("/-{path}")));
    match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    }
}

/// Follows a path of a mailed link, without what comes after it.
async fn follow(app: &TestApp, browser: &Browser, path: &str) -> Answer {
    let cookie = browser.cookie.lock().expect("nobody panicked").clone();
    browser.send(still(app, path, Method::GET, cookie)).await
}

/// The path behind `/-` of the link in a mail.
fn path_in(mail: &Mail) -> String {
    let links: Vec<&str> = mail.text.split_whitespace().filter(|word| word.starts_with("http")).collect();
    let [link] = links[..] else { panic!("{links:?} in {}", mail.text) };
    let html = mail.html.as_deref().expect("a page").replace("&#x2f;", "/");
    assert!(html.contains(&format!("<a href=\"{link}\"><strong>")), "{html}");
    link.strip_prefix(&format!("{SITE}/-")).unwrap_or_else(|| panic!("{link}")).to_owned()
}

/// The types of content that tests declare: documents with a file, and news without one.
fn with_content(config: &mut Config) {
    let document = json!({ "required": ["author"], "properties": {
        "author": { "type": "string", "minLength": 1 },
        "size": { "type": "integer", "default": 0 },
        "pages": { "type": ["integer", "null"] },
    } });
    let (file, schema) = (Some("attachment".to_owned()), json!({ "properties": {} }));
    config.backrest.content = vec![
        ContentType { name: "document".to_owned(), plural: true, file, schema: document },
        ContentType { name: "news".to_owned(), plural: false, file: None, schema },
    ];
}

/// Alice, who has signed up and confirmed, in a browser that is logged in.
async fn alice(app: &TestApp) -> Browser {
    person(app, "alice@foo.com", "alice", "Alice", "Kingsleigh").await
}

async fn person(app: &TestApp, email: &str, password: &str, first: &str, last: &str) -> Browser {
    let browser = Browser::new(app);
    let body = json!({ "email": email, "password": password, "firstname": first, "lastname": last });
    browser.post("/signup", body).await.succeeded();
    let link = path_in(&last_mail(app, email).await);
    assert_eq!(follow(app, &browser, &link).await.status, 302);
    assert!(browser.is_logged_in().await);
    browser
}

/// Runs each operation once.
pub async fn every_operation() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let made = alice.post("/documents", json!({ "title": "Map", "author": "Ada" })).await.good();
    let path = format!("/documents/{}", made["id"]);
    alice.put(&path, json!({ "title": "Chart" })).await.good();
    assert_eq!(alice.get("/documents").await.good()[0], alice.get(&path).await.good());
    assert_eq!(alice.delete(&path).await.good(), json!({}));
    alice.get("/").await.good();
    alice.put("/userprofile", json!({ "firstname": "Alien" })).await.succeeded();
    alice.put("/password", json!({ "current": "alice", "password": "foo!" })).await.succeeded();
    alice.put("/email/", json!({ "email": "alice@bar.com", "password": "foo!" })).await.succeeded();
    let link = path_in(&last_mail(&app, "alice@bar.com").await);
    assert_eq!(follow(&app, &alice, &link).await.status, 302);
    alice.post("/reset/", json!({ "email": "alice@bar.com" })).await.succeeded();
    let link = path_in(&last_mail(&app, "alice@bar.com").await);
    alice.put(&link, json!({ "password": "again" })).await.succeeded();
    assert_eq!(alice.log_in("alice@bar.com", "again").await.status, 200);
    alice.put("/logout", json!({})).await.succeeded();
    let admin = Answer::of(app.admin().get("/-/userprofile?email=alice%40bar.com")).await;
    assert_eq!(admin.good()["firstname"], "Alien");
    assert_eq!(alice.log_in("alice@bar.com", "again").await.status, 200);
    alice.post("/userprofile", json!({ "password": "again" })).await.good();
}

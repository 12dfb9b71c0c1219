//! Names, lengths and connections of those who do not behave.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use crate::support::{Client, PATIENCE, TestApp, code, read};

/// Waits until nothing is left of a broken upload: neither bytes nor a row.
async fn nothing_stays(app: &TestApp) {
    use sea_orm::{EntityTrait, PaginatorTrait};
    let gone = async {
        let mut again = interval(Duration::from_millis(10));
        loop {
            again.tick().await;
            let rows = entity::file::Entity::find().count(app.server.app.db.read()).await.expect("a count");
            if rows == 0 && app.stored().is_empty() {
                return;
            }
        }
    };
    assert!(timeout(PATIENCE, gone).await.is_ok(), "there is still {:?}", app.stored());
}

/// Sends a head with these further lines, and a body; then reads the answer, or closes at once.
async fn send(client: &Client, app: &TestApp, head: &str, body: &[u8], waits: bool) -> String {
    let mut stream = TcpStream::connect(app.server.address).await.expect("a connection");
    let token = client.token.as_deref().expect("a credential");
    let head = format!("PUT /files/a HTTP/1.1\r\nHost: docket\r\nAuthorization: Bearer {token}\r\n{head}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("written");
    // The server may close before it has read everything.
    let _refused = stream.write_all(body).await;
    if !waits {
        stream.shutdown().await.expect("open until here");
    }
    let mut answer = vec![0; 4096];
    match timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer or an end") {
        Ok(count) => String::from_utf8_lossy(&answer[..count]).into_owned(),
        Err(_) => String::new(),
    }
}

#[tokio::test]
async fn a_name_that_could_be_a_path_is_refused() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let long = "x".repeat(256);
    for name in [
        "%2e%2e%2fetc%2fpasswd",
        "..%2fa",
        "..%5ca",
        "%2fetc%2fpasswd",
        "a%00b",
        "a%0d%0aSet-Cookie:%20x",
        "%7f",
        "%ff%fe",
        &long,
    ] {
        let answer = read(ada.put(&format!("/files/{name}")).body("x")).await;
        assert!(["INVALID", "BAD_REQUEST"].contains(&code(&answer).as_str()), "{name}: {answer}");
    }
    // Two dots alone are resolved by every client before it asks.
    let dots = "PUT /files/%2e%2e HTTP/1.1\r\nHost: docket\r\nContent-Length: 0\r\nAuthorization: Bearer ";
    let mut stream = TcpStream::connect(app.server.address).await.expect("a connection");
    let token = ada.token.as_deref().expect("a credential");
    stream.write_all(format!("{dots}{token}\r\n\r\n").as_bytes()).await.expect("written");
    let mut answer = vec![0; 4096];
    let count = timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer").expect("no reset");
    assert!(answer[..count].starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    nothing_stays(&app).await;
}

#[tokio::test]
async fn a_file_that_is_too_large_leaves_nothing() {
    let app = TestApp::with(|config| config.files.upload_bytes = 100_000).await;
    let ada = app.user("ada").await;
    let body = vec![b'x'; 100_001];
    let answer = send(&ada, &app, "Content-Length: 100001", &body, true).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let mut chunked = format!("{:x}\r\n", body.len()).into_bytes();
    chunked.extend_from_slice(&body);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    let answer = send(&ada, &app, "Transfer-Encoding: chunked", &chunked, true).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    nothing_stays(&app).await;
    ada.file("a", &"x".repeat(100_000)).await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    // More than one part of what was announced, and then silence for ever.
    let body = vec![b'x'; 2_500_000];
    send(&ada, &app, "Content-Length: 3000000", &body, false).await;
    nothing_stays(&app).await;
    send(&ada, &app, "Transfer-Encoding: chunked", b"3\r\nabc\r\n", false).await;
    nothing_stays(&app).await;
}

#[tokio::test]
async fn a_type_that_is_none_is_refused() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for media_type in ["text", "text/", "a b/c", "text/html\u{7f}"] {
        let request = ada.put("/files/a").body("x");
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(media_type.as_bytes()) else { continue };
        assert_eq!(code(&read(request.header("content-type", value)).await), "INVALID", "{media_type:?}");
    }
    nothing_stays(&app).await;
}

#[tokio::test]
async fn an_unfinished_upload_is_nothing_to_anybody() {
    use entity::file::{ActiveModel, Entity, State};
    use sea_orm::{ActiveValue::Set, EntityTrait};
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = ada.file("a", "a").await;
    let change = ActiveModel { state: Set(State::Uploading), ..Default::default() };
    let write = app.server.app.db.write(change, |tx, change| {
        Box::pin(async move { Ok(Entity::update_many().set(change.clone()).exec(&tx.db).await?.rows_affected) })
    });
    assert_eq!(write.await.expect("stored"), 1);
    assert_eq!(ada.get(&format!("/files/{id}")).send().await.expect("an answer").status(), 404);
    for client in [&ada, &app.admin()] {
        assert_eq!(client.data("{ files { nodes { id } } }", json!({})).await["files"]["nodes"], json!([]));
        assert_eq!(client.refused("fileDelete", json!({ "fileId": id })).await, "NOT_FOUND");
    }
}

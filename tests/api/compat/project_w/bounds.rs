//! What bounds an upload and the guessing of passwords, and what becomes of an upload when the server stops.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

use super::form::BOUNDARY;
use super::{Answer, Form, PASSWORD, get, post_parts, recording, sign_up, user, world_with};
use crate::support::{Client, PATIENCE, TestApp};

/// The head of an upload whose form does not end, and the beginning of its recording.
async fn begin(app: &TestApp, who: &Client) -> TcpStream {
    let mut stream = TcpStream::connect(app.server.address).await.expect("a connection");
    let token = who.token.as_deref().expect("a token");
    let head = format!(
        "POST /api/jobs/submit HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000000\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nhalf of i"
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    stream
}

/// How many files, unfinished ones included, lie in the store at this place, beside the key by which mails are sealed.
fn files(store: &str) -> usize {
    let folders = std::fs::read_dir(store).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
    files.filter(|file| file.file_name() != "mail").count()
}

/// Waits until an upload has its place in the store.
async fn begun(store: &str) {
    let look = async {
        let mut ticks = interval(Duration::from_millis(10));
        while files(store) == 0 {
            ticks.tick().await;
        }
    };
    timeout(PATIENCE, look).await.expect("it begins");
}

#[tokio::test]
async fn whoever_sends_too_slowly_is_not_waited_for() {
    let (app, mails) = world_with(|config| config.files.upload_seconds = 1).await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let start = Instant::now();
    let mut stream = begin(&app, &ada).await;
    begun(&app.server.app.config.files.store).await;
    // A byte now and then keeps any pause short.
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        let mut ticks = interval(Duration::from_millis(50));
        while writing.write_all(b"x").await.is_ok() {
            ticks.tick().await;
        }
        std::future::pending::<()>().await;
    };
    let answer = async {
        let mut text = [0; 12];
        reading.read_exact(&mut text).await.expect("an answer");
        String::from_utf8(text.to_vec()).expect("text")
    };
    let status = tokio::select! {
        () = trickle => unreachable!("it goes on for ever"),
        answer = timeout(PATIENCE, answer) => answer.expect("an answer in time"),
    };
    assert_eq!(status, "HTTP/1.1 400");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(get(&ada, "/jobs/list").await.json()["jobIds"], json!([]));
}

#[tokio::test]
async fn a_form_has_few_fields_and_little_beside_the_recording() {
    let (app, mails) = world_with(|config| config.files.upload_bytes = 100_000).await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let many = |count: usize| (0..count).fold(recording("x"), |form, number| form.text(&format!("f{number}"), "x"));
    assert_eq!(post_parts(&ada, "/jobs/submit", many(20)).await.status, StatusCode::OK);
    let too_many = post_parts(&ada, "/jobs/submit", many(21)).await;
    too_many.refuses(400, "invalidRequest", "The form has too many fields");
    // A file that nobody asked for is read and dropped, and counts all the same.
    let beside = |bytes: usize| {
        Form::new().file("other", "b", "audio/mpeg", &"x".repeat(bytes)).file("file", "a", "audio/mpeg", "x")
    };
    assert_eq!(post_parts(&ada, "/jobs/submit", beside(1_000_000)).await.status, StatusCode::OK);
    let too_long = post_parts(&ada, "/jobs/submit", beside(2_300_000)).await;
    assert_eq!((too_long.status.as_u16(), &too_long.json()["errorType"]), (400, &json!("invalidRequest")));
    assert_eq!(get(&ada, "/jobs/list").await.json()["jobIds"], json!([1, 2]));
}

#[tokio::test]
async fn a_stop_waits_for_uploads_that_have_to_clear_up() {
    let (app, mails) = world_with(|config| config.http.shutdown_seconds = 1).await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (store, finishing) = (app.server.app.config.files.store.clone(), app.server.app.finishing.clone());
    let stream = begin(&app, &ada).await;
    begun(&store).await;
    assert_eq!(finishing.len(), 1);
    let stopped = timeout(PATIENCE, app.server.stop()).await.expect("in time").expect("an end");
    assert_eq!(stopped.cut, 1, "the client goes on sending nothing");
    assert!(finishing.is_empty(), "it is over when the server is");
    assert_eq!(files(&store), 0, "and has left nothing");
    drop(stream);
}

/// The own password is asked for by a route, too: there it can be guessed, and is counted by where the guesses come from.
#[tokio::test]
async fn guesses_at_the_own_password_are_counted_by_the_clients_address() {
    let (app, _mails) = world_with(|config| {
        config.limits.log_ins_per_account_and_address = 3;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    })
    .await;
    let ada = sign_up(&app, "ada@test.com").await;
    let guess = async |place: &str, password: &str| {
        let body = format!("password={password}&newPassword={PASSWORD}");
        let request = ada.post("/api/users/changePassword").header("x-forwarded-for", place.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        Answer::of(request).await.status.as_u16()
    };
    for expected in [403, 403, 403, 429] {
        assert_eq!(guess("192.0.2.1", "wrong").await, expected);
    }
    assert_eq!(guess("192.0.2.1", PASSWORD).await, 429, "also the right one");
    assert_eq!(guess("192.0.2.2", "wrong").await, 403, "it is one address that is stopped");
    assert_eq!(guess("192.0.2.2", PASSWORD).await, 200);
}

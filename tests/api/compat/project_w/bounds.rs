//! What bounds an upload and the guessing of passwords, and what becomes of an upload when the server stops.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

use super::form::BOUNDARY;
use super::{Answer, Form, PASSWORD, get, post_parts, recording, sign_up, user, world, world_with};
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

/// What an answer begins with, up to its status.
async fn status_line(reading: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = [0; 12];
    reading.read_exact(&mut text).await.expect("an answer");
    String::from_utf8(text.to_vec()).expect("text")
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
    let status = tokio::select! {
        () = trickle => unreachable!("it goes on for ever"),
        answer = timeout(PATIENCE, status_line(&mut reading)) => answer.expect("an answer in time"),
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

/// The reader of forms would keep what stands before the first part, and look through all of it again and again.
#[tokio::test]
async fn what_is_no_parts_is_not_kept() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let token = ada.token.as_deref().expect("a token");
    let head = |boundary: &str| {
        format!(
            "POST /api/jobs/submit HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 1073741824\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
        )
    };
    let endless_head = format!("{}--x\r\nContent-Disposition: form-data; name=\"a\"; b=\"", head("x"));
    for start in [head("x"), endless_head, head(&"x".repeat(2_000))] {
        let mut stream = TcpStream::connect(app.server.address).await.expect("a connection");
        stream.write_all(start.as_bytes()).await.expect("written");
        let (mut reading, mut writing) = stream.split();
        let (chunk, mut sent) = (vec![b'y'; 65_536], 0);
        let endless = async {
            while writing.write_all(&chunk).await.is_ok() {
                sent += chunk.len();
            }
            std::future::pending::<()>().await;
        };
        let status = tokio::select! {
            () = endless => unreachable!("it goes on for ever"),
            answer = timeout(PATIENCE, status_line(&mut reading)) => answer.expect("an answer in time"),
        };
        assert_eq!(status, "HTTP/1.1 400");
        // What lies in the buffers of the connection, and a little more.
        assert!(sent < 32 * 1_048_576, "{sent} bytes were taken");
    }
    assert_eq!(files(&app.server.app.config.files.store), 0);
    let answer = post_parts(&ada, "/jobs/submit", recording("x").text("model", "tiny")).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn names_are_short_and_answers_go_out_piece_by_piece() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let named = |length: usize| Form::new().file("file", &"n".repeat(length), "audio/mpeg", "x");
    let long = post_parts(&ada, "/jobs/submit", named(4_097)).await;
    long.refuses(400, "invalidRequest", "The name of the file is longer than 4096 bytes");
    assert_eq!(post_parts(&ada, "/jobs/submit", named(4_096)).await.status, StatusCode::OK);
    let one = get(&ada, "/jobs/info?jobIds=1").await;
    assert!(one.headers.contains_key("content-length"), "a short one goes with its length");
    let many = get(&ada, &format!("/jobs/info?jobIds=1{}", ",1".repeat(1_999))).await;
    assert!(!many.headers.contains_key("content-length"), "it is written as it is taken");
    assert_eq!(many.headers["content-type"], "application/json");
    let jobs = many.json()["jobs"].as_array().expect("a list").clone();
    assert_eq!(jobs.len(), 2_000);
    assert!(jobs.iter().all(|job| *job == one.json()["jobs"][0]), "each as often as it was asked for");
    let all = (1..=5_001).map(|id: i32| id.to_string()).collect::<Vec<_>>().join(",");
    let refused = get(&ada, &format!("/jobs/info?jobIds={all}")).await;
    refused.refuses(400, "invalidRequest", "More than 5000 jobs cannot be shown at once");
    // Texts that came by another way are cut where they are shown.
    let found = ada.data("{ services { nodes { id } } }", json!({})).await;
    let parameters = json!({ "fileName": "ü".repeat(10_000), "model": "x".repeat(10_000) });
    ada.submit(found["services"]["nodes"][0]["id"].as_str().expect("an id"), parameters).await;
    let seen = super::job(&ada, 2).await;
    assert_eq!((&seen["fileName"], &seen["model"]), (&json!("ü".repeat(2_048)), &json!("x".repeat(4_096))));
}

#[tokio::test]
async fn what_is_too_much_is_said_to_each_in_its_own_way() {
    let (app, _mails) = world_with(|config| {
        config.project_w.result_bytes = 2_048;
        config.limits.log_ins_per_account_and_address = 1;
    })
    .await;
    let (worker, _) = super::registered(&app).await;
    let long = super::post(&worker, "/runners/submitJobResult", &[("transcript", &"x".repeat(3_000))]).await;
    long.fails("The body is larger than 2048 bytes.");
    let ada = sign_up(&app, "ada@test.com").await;
    let guess = async || super::post(&ada, "/users/delete", &[("password", "wrong")]).await;
    assert_eq!(guess().await.status, StatusCode::FORBIDDEN);
    let stopped = guess().await;
    assert_eq!((stopped.status.as_u16(), &stopped.json()["errorType"]), (429, &json!("operation")));
    let wait: u64 = stopped.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!(wait > 0);
}

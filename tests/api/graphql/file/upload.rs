use entity::user::Status;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Client, TestApp, code, read, text};

/// Bytes without a pattern that a shift would leave alone.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from((at * 31 + at / 251) % 256).expect("a byte")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn what_was_brought_is_given_out_byte_for_byte() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    // Of several parts, and none.
    for count in [3 * 1_048_576 + 17, 1, 0] {
        let sent = bytes(count);
        let upload = ada.put("/files/data.bin").header("content-type", "application/x-thing; v=1").body(sent.clone());
        let response = upload.send().await.expect("an answer");
        assert_eq!(response.status(), 201);
        let location = response.headers()["location"].to_str().expect("text").to_owned();
        let answer: serde_json::Value = response.json().await.expect("JSON");
        let id = text(&answer["id"]);
        assert_eq!(answer, json!({ "id": location, "size": count, "sha256": sha256(&sent) }));

        let got = ada.get(&format!("/files/{id}")).send().await.expect("an answer");
        assert_eq!(got.status(), 200);
        let header = |name: &str| got.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-length"), count.to_string());
        assert_eq!(header("content-type"), "application/x-thing; v=1");
        assert_eq!(header("etag"), format!("\"{}\"", sha256(&sent)));
        assert_eq!(header("content-disposition"), "attachment; filename=\"data.bin\"; filename*=UTF-8''data.bin");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        assert!(got.bytes().await.expect("a body") == sent, "other bytes");

        let document =
            "query($id: ID!) { file(id: $id) { name mediaType size sha256 url role job { id } owner { id } } }";
        let file = ada.data(document, json!({ "id": id })).await["file"].take();
        assert_eq!(
            file,
            json!({
                "name": "data.bin", "mediaType": "application/x-thing; v=1", "size": count, "sha256": sha256(&sent),
                "url": format!("{}/files/{id}", app.server.app.config.public_url),
                "role": null, "job": null, "owner": { "id": ada.id },
            })
        );
    }
    assert_eq!(app.stored().len(), 3);
}

#[tokio::test]
async fn a_file_has_any_name_that_is_none_of_a_path() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = ada.file("%C3%9Cbung%203;%22.csv", "a").await;
    let data = ada.data("query($id: ID!) { file(id: $id) { name } }", json!({ "id": id })).await;
    assert_eq!(data["file"]["name"], "Übung 3;\".csv");
    let got = ada.get(&format!("/files/{id}")).send().await.expect("an answer");
    assert_eq!(
        got.headers()["content-disposition"],
        "attachment; filename=\"_bung 3__.csv\"; filename*=UTF-8''%C3%9Cbung%203%3B%22.csv"
    );
}

#[tokio::test]
async fn only_users_who_may_submit_jobs_bring_files() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    for (client, refusal) in [
        (app.anonymous(), "UNAUTHENTICATED"),
        (ada.with_token("dks_wrong", ""), "UNAUTHENTICATED"),
        (ada.api_token(&["jobs:read"]).await, "FORBIDDEN"),
        (runner, "FORBIDDEN"),
    ] {
        assert_eq!(code(&read(client.put("/files/a").body("a")).await), refusal);
    }
    let foreign = ada.put("/files/a").header("origin", "https://evil.example").body("a");
    assert_eq!(code(&read(foreign).await), "FORBIDDEN");
    let scoped = ada.api_token(&["jobs:write"]).await;
    assert_eq!(code(&read(scoped.put("/files/a").body("a")).await), "OK");
    assert_eq!(app.stored().len(), 1);
}

#[tokio::test]
async fn a_user_has_so_much_that_is_attached_to_nothing() {
    let app = TestApp::with(|config| config.files.unattached_bytes = 1024).await;
    let service = app.service(json!({})).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let first = ada.file("a", &"x".repeat(1000)).await;
    let more = || ada.put("/files/b").body("x".repeat(100));
    let answer = read(more()).await;
    assert_eq!(code(&answer), "INVALID");
    assert!(text(&answer["errors"][0]["message"]).contains("1000 bytes"), "{answer}");
    eve.file("c", &"x".repeat(1000)).await;
    ada.submit_with(json!({ "serviceId": service, "fileIds": [first] })).await;
    assert_eq!(code(&read(more()).await), "OK");
}

#[tokio::test]
async fn uploads_beside_each_other_do_not_pass_that_bound() {
    let app = TestApp::with(|config| config.files.unattached_bytes = 1024).await;
    let ada = app.user("ada").await;
    let uploads = (0..8).map(|number| read(ada.put(&format!("/files/{number}")).body("x".repeat(300))));
    let answers = futures_util::future::join_all(uploads).await;
    let mut codes: Vec<String> = answers.iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["INVALID", "INVALID", "INVALID", "INVALID", "INVALID", "OK", "OK", "OK"]);
    assert_eq!(app.stored().len(), 3);
}

/// An upload that does not say its length is weighed when all of it is there.
#[tokio::test]
async fn an_upload_of_unknown_length_does_not_pass_that_bound_either() {
    let app = TestApp::with(|config| config.files.unattached_bytes = 1024).await;
    let ada = app.user("ada").await;
    let token = ada.token.clone().expect("a credential");
    for (size, status) in [(1000, "201"), (25, "400"), (24, "201"), (1, "400")] {
        let mut stream = tokio::net::TcpStream::connect(app.server.address).await.expect("a connection");
        let head = format!(
            "PUT /files/a HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: text/plain\r\n\
             connection: close\r\ntransfer-encoding: chunked\r\n\r\n",
            app.server.address
        );
        let body = format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
        stream.write_all((head + &body).as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert_eq!(answer.split(' ').nth(1), Some(status), "{size}: {answer}");
        assert!(status == "201" || answer.contains("\"INVALID\""), "{size}: {answer}");
    }
    assert_eq!(app.stored().len(), 2);
}

#[tokio::test]
async fn as_many_uploads_run_as_the_server_takes() {
    let app = TestApp::with(|config| config.files.uploads = 1).await;
    let ada = app.user("ada").await;
    let slot = app.server.app.storage.slot().expect("the only one");
    let response = ada.put("/files/a").body("a").send().await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].as_bytes()), (503, "1".as_bytes()));
    drop(slot);
    ada.file("a", "a").await;
}

#[tokio::test]
async fn a_store_that_is_away_is_said_to_be_so() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = ada.file("a", "a").await;
    for name in app.stored() {
        let folder = app.server.app.config.files.store.clone();
        std::fs::remove_file(format!("{folder}/{}/{name}", &name[30..])).expect("removed");
    }
    let response = ada.get(&format!("/files/{id}")).send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    // A file stands where the folder should be.
    let app = TestApp::with(|config| {
        std::fs::write(&config.files.store, "").expect("written");
    })
    .await;
    let ada = app.user("ada").await;
    let answer = read(ada.put("/files/a").body("a")).await;
    assert_eq!(code(&answer), "UNAVAILABLE");
    assert!(!answer.to_string().contains("/files"), "a path is told: {answer}");
    let data = ada.data("{ files { nodes { id } } }", json!({})).await;
    assert_eq!(data["files"]["nodes"], json!([]));
}

/// Sends the first part of a file, then does something, then the rest; the status of the answer and its text.
async fn in_two_parts(app: &TestApp, head: &str, between: impl Future<Output = ()>) -> (String, String) {
    let mut stream = tokio::net::TcpStream::connect(app.server.address).await.expect("a connection");
    let head = format!(
        "PUT /files/a HTTP/1.1\r\nhost: {}\r\n{head}\r\ncontent-type: text/plain\r\nconnection: close\r\n\
         content-length: 8\r\n\r\nhalf",
        app.server.address
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // Its row is there when the upload has begun.
    while entity::file::Entity::find().count(app.server.app.db.read()).await.expect("a count") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    between.await;
    stream.write_all(b"half").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    (answer.split(' ').nth(1).unwrap_or_default().to_owned(), answer)
}

#[tokio::test]
async fn an_upload_whose_senders_right_ends_before_its_bytes_is_not_kept() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let service = cara.service(json!({})).await;
    let runner = cara.runner(json!({ "serviceIds": [service] })).await;
    app.admin().submit(&service, json!({})).await;
    let lease = runner.claim().await;
    let made =
        cara.change("tokenCreate", json!({ "name": "a", "scopes": ["jobs:write"] }), "token apiToken { id }").await;
    let token = cara.with_token(text(&made["token"]), "");
    let bearer = |client: &Client| format!("authorization: Bearer {}", client.token.as_deref().expect("a credential"));
    let output = format!("{}\r\ndocket-lease: {}", bearer(&runner), lease.token);
    let suspend = || app.set_status("cara", Status::Suspended);
    for head in [bearer(&cara), output] {
        let answer = in_two_parts(&app, &head, suspend()).await;
        assert_eq!(answer.0, "401", "{}", answer.1);
        assert!(answer.1.contains("UNAUTHENTICATED"), "{}", answer.1);
        app.set_status("cara", Status::Active).await;
    }
    // Its log-ins have ended with the suspension.
    let cara = app.anonymous().log_in("cara").await;
    let revoke = async {
        cara.change("tokenRevoke", json!({ "tokenId": made["apiToken"]["id"] }), "apiToken { id }").await;
    };
    let answer = in_two_parts(&app, &bearer(&token), revoke).await;
    assert_eq!(answer.0, "401", "{}", answer.1);
    assert_eq!(app.stored().len(), 0);
}

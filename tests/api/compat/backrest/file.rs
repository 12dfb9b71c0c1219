//! Files inside content.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, alice, person, server_with, with_content};

async fn with_file(browser: &Browser, attachment: Value) -> Value {
    browser.post("/documents", json!({ "title": "Map", "author": "Ada", "attachment": attachment })).await.good()
}

/// The path of a file's address.
fn path_of(file: &Value) -> String {
    let url = file["url"].as_str().expect("an address");
    let path = url.strip_prefix("http://example.com/-").unwrap_or_else(|| panic!("{url}"));
    assert_eq!(path, format!("/{}~", file["id"].as_str().expect("an id")));
    path.to_owned()
}

#[tokio::test]
async fn a_file_comes_inside_json_and_is_read_by_who_is_logged_in() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let data = format!("data:image/svg+xml;base64,{}", STANDARD.encode("<svg/>"));
    let made = with_file(&alice, json!({ "filename": "map.svg", "data": data })).await;
    let file = &made["attachment"];
    let id = file["id"].as_str().expect("an id");
    let (told, path) = (
        json!({ "id": id, "filename": "map.svg", "mimetype": "image/svg+xml", "size": 6,
        "url": file["url"] }),
        path_of(file),
    );
    assert_eq!(file, &told);

    let bob = person(&app, "bob@foo.com", "bob", "Bob", "B").await;
    let dashed = uuid::Uuid::try_parse(id).expect("a UUID").hyphenated().to_string();
    for path in [&path, &format!("/{dashed}~")] {
        let got = bob.get(path).await;
        assert_eq!((got.status, got.header("content-type"), &*got.text), (200, "image/svg+xml", "<svg/>"));
        assert!(got.header("content-disposition").starts_with("inline; filename=\"map.svg\""));
        assert_eq!(got.header("content-security-policy"), "default-src 'none'; sandbox");
        assert!(got.header("last-modified").ends_with(" GMT"), "{}", got.header("last-modified"));
        let head = bob.send(bob.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.header("content-length"), &*head.text), (200, "6", ""));
    }
    let part = bob.send(bob.request(Method::GET, &path).header("range", "bytes=1-3")).await;
    assert_eq!((part.status, part.header("content-range"), &*part.text), (206, "bytes 1-3/6", "svg"));
    let beyond = bob.send(bob.request(Method::GET, &path).header("range", "bytes=9-")).await;
    assert_eq!(beyond.status, 416);
    // The method is not looked at, and neither is what comes with it.
    assert_eq!(bob.send(bob.request(Method::DELETE, &path)).await.text, "<svg/>");
    assert_eq!(bob.post(&path, json!({ "x": 1 })).await.text, "<svg/>");
    Browser::new(&app).get(&path).await.forbidden();
    for unknown in ["/00000000000000000000000000000000~", "/x~", "/~", "/%ff~"] {
        bob.get(unknown).await.not_found();
    }
}

#[tokio::test]
async fn data_is_plain_text_too_and_types_are_as_told() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    for (given, name, kind, text) in [
        (json!({ "filename": "a.txt", "data": "foo" }), "a.txt", "application/octet-stream", "foo"),
        (json!({ "filename": "a.txt", "data": "foo", "mimetype": "text/plain" }), "a.txt", "text/plain", "foo"),
        (
            json!({ "filename": "C:\\fakepath\\a.txt", "data": "data:text/plain;charset=utf-8,a%20b" }),
            "a.txt",
            "text/plain;charset=utf-8",
            "a b",
        ),
        (
            json!({ "filename": "ü\".txt", "data": "data:;base64,Zm9v", "id": "x" }),
            "ü\".txt",
            "application/octet-stream",
            "foo",
        ),
        (json!({ "filename": "empty", "data": "" }), "empty", "application/octet-stream", ""),
    ] {
        let file = with_file(&alice, given.clone()).await["attachment"].take();
        assert_eq!((&file["filename"], &file["mimetype"]), (&json!(name), &json!(kind)), "{given}");
        let got = alice.get(&path_of(&file)).await;
        assert_eq!((got.header("content-type"), &*got.text), (kind, text), "{given}");
    }
    for (given, told) in [
        (json!({ "data": "x" }), "filename is missing"),
        (json!({ "filename": "a" }), "data is missing"),
        (json!({ "filename": "a", "data": 5 }), "data is missing"),
        (json!({ "filename": "a", "data": "data:;base64,?" }), "The data is not base64"),
        (json!({ "filename": "..", "data": "x" }), "The filename is no name of a file, or the mimetype is none"),
        (
            json!({ "filename": "a", "data": "x", "mimetype": "x\r\ny: z" }),
            "The filename is no name of a file, or the mimetype is none",
        ),
        (json!("x"), "It is not a file: an object with filename and data is"),
    ] {
        let body = json!({ "title": "x", "author": "y", "attachment": given });
        alice.post("/documents", body).await.blames(&[("attachment", told)]);
    }
}

#[tokio::test]
async fn a_file_is_replaced_taken_away_and_removed_with_its_content() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let made = with_file(&alice, json!({ "filename": "a", "data": "one" })).await;
    let (path, first) = (format!("/documents/{}", made["id"]), made["attachment"].clone());
    // Its description sent back leaves it, and so does nothing.
    for same in [json!({ "attachment": first.clone() }), json!({ "title": "x" })] {
        assert_eq!(alice.put(&path, same).await.good()["attachment"], first);
    }
    let change = json!({ "attachment": { "filename": "b", "data": "two" } });
    let second = alice.put(&path, change).await.good()["attachment"].take();
    assert_eq!(alice.get(&path_of(&second)).await.text, "two");
    alice.get(&path_of(&first)).await.not_found();
    assert_eq!(alice.put(&path, json!({ "attachment": null })).await.good()["attachment"], Value::Null);
    alice.get(&path_of(&second)).await.not_found();
    let third = alice.put(&path, json!({ "attachment": { "filename": "c", "data": "three" } })).await.good();
    alice.delete(&path).await.good();
    alice.get(&path_of(&third["attachment"])).await.not_found();
    app.advance(2);
    app.sweep_files().await;
    assert_eq!(app.stored(), ["mail"], "the key of the mails, and nothing else");
}

#[tokio::test]
async fn what_is_not_kept_leaves_no_file() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let attachment = json!({ "filename": "a", "data": "x" });
    let body = json!({ "title": "x".repeat(300), "author": "y", "attachment": attachment });
    assert_eq!(alice.post("/documents", body).await.status, 400);
    app.sweep_files().await;
    assert_eq!(app.stored(), ["mail"], "the key of the mails, and nothing else");
}

#[tokio::test]
async fn a_body_may_be_large_and_not_larger() {
    let app = server_with(|config| {
        with_content(config);
        config.files.upload_bytes = 2_000_000;
        config.backrest.body_bytes = 4_000_000;
    })
    .await;
    let alice = alice(&app).await;
    let body = |size: usize| {
        let attachment = json!({ "filename": "a", "data": "x".repeat(size) });
        json!({ "title": "x", "author": "y", "attachment": attachment })
    };
    assert_eq!(alice.post("/documents", body(1_500_000)).await.good()["attachment"]["size"], 1_500_000);
    assert_eq!(alice.post("/documents", body(2_500_000)).await.status, 400);
    assert_eq!(alice.post("/documents", body(5_000_000)).await.status, 413);
}

#[tokio::test]
async fn large_bodies_wait_for_their_place_among_the_uploads() {
    let app = server_with(|config| {
        with_content(config);
        config.files.uploads = 1;
    })
    .await;
    let alice = alice(&app).await;
    let body = |size: usize| json!({ "title": "x", "author": "y".repeat(size) });
    let taken = app.server.app.storage.slot().expect("a place");
    assert_eq!(alice.post("/documents", body(100_000)).await.status, 503);
    assert_eq!(alice.post("/documents", body(100)).await.status, 200, "it is no upload");
    drop(taken);
    let attachment = json!({ "filename": "a", "data": "x".repeat(100_000) });
    let body = json!({ "title": "x", "author": "y", "attachment": attachment });
    assert_eq!(alice.post("/documents", body).await.status, 200);
}

#[tokio::test]
async fn files_of_others_work_are_no_part_of_this() {
    let app = server_with(with_content).await;
    let ada = app.user("ada").await;
    let file = ada.file("secret.txt", "secret").await;
    let path = format!("/-/{}~", file.trim_start_matches("file_"));
    assert_eq!(Answer::of(ada.get(&path)).await.text, "secret", "it is her own");
    Answer::of(app.user("bob").await.get(&path)).await.not_found();
}

//! Heartbeats, logs and the tokens that they show.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::claim::micros_between;
use crate::support::{Client, Lease, TestApp, text};

struct Held {
    app: TestApp,
    service: String,
    runner: Client,
    lease: Lease,
}

/// A server with one claimed job of ada's.
async fn held() -> Held {
    let app = TestApp::new().await;
    let service = app.service(json!({ "limits": { "leaseSeconds": 30 } })).await;
    let runner = app.runner(&service).await;
    app.user("ada").await.submit(&service, json!({})).await;
    let lease = runner.claim().await;
    Held { app, service, runner, lease }
}

const REPORT: &str = "expiresAt cancelRequested job { status progress message revision startedAt updatedAt }";

#[tokio::test]
async fn the_first_heartbeat_starts_the_job_and_each_extends_the_lease() {
    let Held { app, runner, lease, .. } = held().await;
    let first = runner.change("workHeartbeat", json!({ "leaseToken": lease.token }), REPORT).await;
    assert_eq!((&first["job"]["status"], &first["job"]["progress"]), (&json!("RUNNING"), &Value::Null));
    assert_eq!(first["job"]["startedAt"], first["job"]["updatedAt"]);
    app.advance(20);
    let input = json!({ "leaseToken": lease.token, "progress": 0.5, "message": "half\nway" });
    let second = runner.change("workHeartbeat", input, REPORT).await;
    assert_eq!((&second["job"]["progress"], &second["job"]["message"]), (&json!(0.5), &json!("half\nway")));
    assert_eq!(micros_between(&second["job"]["updatedAt"], &second["expiresAt"]), 30_000_000);
    assert_eq!(second["job"]["startedAt"], first["job"]["startedAt"]);
    app.advance(20);
    assert_eq!(app.sweep().await, 0);
    // What is not given stays, and an unchanged report is no event.
    let third = runner.change("workHeartbeat", json!({ "leaseToken": lease.token, "message": null }), REPORT).await;
    assert_eq!((&third["job"]["progress"], &third["job"]["message"]), (&json!(0.5), &json!("half\nway")));
    assert_eq!(third["job"]["revision"], second["job"]["revision"]);
}

#[tokio::test]
async fn a_report_out_of_bounds_changes_nothing() {
    let Held { app: _app, runner, lease, .. } = held().await;
    let before = runner.job(&lease.job, "revision status leaseExpiresAt").await;
    for (input, paths) in [
        (json!({ "progress": 1.5 }), vec!["progress"]),
        (json!({ "progress": -0.1 }), vec!["progress"]),
        (json!({ "message": "x".repeat(1001) }), vec!["message"]),
        (json!({ "message": "bell\u{7}" }), vec!["message"]),
        (json!({ "progress": 2, "message": "x".repeat(1001) }), vec!["progress", "message"]),
    ] {
        let mut input = input;
        input["leaseToken"] = json!(lease.token);
        assert_eq!(runner.wrong("workHeartbeat", input.clone()).await, paths, "{input}");
    }
    assert_eq!(runner.job(&lease.job, "revision status leaseExpiresAt").await, before);
    let input = json!({ "leaseToken": lease.token, "progress": 1, "message": "é".repeat(1000) });
    assert_eq!(runner.refused("workHeartbeat", input).await, "OK");
}

#[tokio::test]
async fn a_lease_is_lost_once_it_was_taken_back_and_not_before() {
    let Held { app, runner, lease, .. } = held().await;
    app.advance(31);
    // Expired, but nobody took it back: an hour's work is not thrown away because the server was away.
    assert_eq!(runner.refused("workHeartbeat", json!({ "leaseToken": lease.token })).await, "OK");
    app.advance(31);
    assert_eq!(app.sweep().await, 1);
    assert_all_lost(&runner, &lease.token).await;
    // The same job under a new lease leaves the old one lost.
    let again = runner.claim().await;
    assert_eq!((again.job.as_str(), again.attempt), (lease.job.as_str(), 2));
    assert_all_lost(&runner, &lease.token).await;
    assert_eq!(runner.refused("workComplete", json!({ "leaseToken": again.token })).await, "OK");
    assert_all_lost(&runner, &again.token).await;
}

async fn assert_all_lost(runner: &Client, token: &str) {
    for (field, input) in calls(token) {
        assert_eq!(runner.refused(field, input).await, "LEASE_LOST", "{field}");
    }
}

/// Every call that shows a lease.
fn calls(token: &str) -> [(&'static str, Value); 5] {
    [
        ("workHeartbeat", json!({ "leaseToken": token, "progress": 0.1 })),
        ("workLog", json!({ "leaseToken": token, "text": "late" })),
        ("workComplete", json!({ "leaseToken": token, "results": { "late": true } })),
        ("workFail", json!({ "leaseToken": token, "message": "late" })),
        ("workRelease", json!({ "leaseToken": token })),
    ]
}

#[tokio::test]
async fn a_lease_opens_nothing_in_other_hands_and_nothing_when_mangled() {
    let Held { app, service, runner, lease } = held().await;
    let before = app.admin().job(&lease.job, "revision status log { size }").await;
    let foreign = app.runner(&service).await;
    assert_all_lost(&foreign, &lease.token).await;
    let last = if lease.token.ends_with('A') { "Q" } else { "A" };
    let flipped = format!("{}{last}", &lease.token[..lease.token.len() - 1]);
    assert_all_lost(&runner, &flipped).await;
    let whole = runner.token.clone().expect("a token");
    for mangled in ["", "dkl_", "dkl_%%%", &lease.token[4..], &lease.token[..20], &format!("{}A", lease.token), &whole]
    {
        for (field, input) in calls(mangled) {
            assert_eq!(runner.wrong(field, input).await, ["leaseToken"], "{field} {mangled}");
        }
    }
    for (field, input) in calls(&lease.token) {
        assert_eq!(app.admin().refused(field, input.clone()).await, "FORBIDDEN");
        assert_eq!(app.anonymous().refused(field, input).await, "UNAUTHENTICATED");
    }
    assert_eq!(app.admin().job(&lease.job, "revision status log { size }").await, before);
}

async fn log(client: &Client, job: &str, offset: i64) -> Value {
    let document = "query($id: ID!, $offset: Long!) {
        job(id: $id) { log(offset: $offset) { text endOffset size isTruncated } } }";
    client.data(document, json!({ "id": job, "offset": offset })).await["job"]["log"].take()
}

#[tokio::test]
async fn a_log_is_read_from_any_offset_in_whole_characters() {
    let Held { app, runner, lease, .. } = held().await;
    for text in ["one\n", "zwölf\n", "\u{1b}[1m🦀\u{1b}[0m\n"] {
        runner.change("workLog", json!({ "leaseToken": lease.token, "text": text }), "job { status }").await;
    }
    let whole = "one\nzwölf\n\u{1b}[1m🦀\u{1b}[0m\n";
    let size = whole.len();
    for offset in 0..=size {
        let read = log(&app.admin(), &lease.job, i64::try_from(offset).expect("small")).await;
        let start = (offset..=size).find(|at| whole.is_char_boundary(*at)).expect("the end is a boundary");
        let expected = json!({ "text": whole[start..], "endOffset": size, "size": size, "isTruncated": false });
        assert_eq!(read, expected, "from {offset}");
    }
    assert_eq!(runner.status(&lease.job).await, "RUNNING");
}

#[tokio::test]
async fn a_log_of_many_small_pieces_is_read_to_its_end() {
    let Held { app, runner, lease, .. } = held().await;
    let pieces = insert_pieces(&app, &lease.job, 2_500).await;
    let (mut offset, mut read) = (0, String::new());
    loop {
        let page = log(&app.admin(), &lease.job, offset).await;
        read.push_str(page["text"].as_str().expect("text"));
        let end = page["endOffset"].as_i64().expect("a number");
        if end == page["size"].as_i64().expect("a number") {
            break;
        }
        assert!(end > offset, "a reader at {offset} of {} gets nothing more", page["size"]);
        offset = end;
    }
    assert_eq!(read, pieces);
    // The event of a late piece has that piece's text.
    runner.change("workLog", json!({ "leaseToken": lease.token, "text": "last" }), "job { status }").await;
    let document = "query($id: ID!, $after: Cursor) { jobEvents(first: 100, after: $after,
        filter: { jobId: { eq: $id }, kind: { eq: LOG_APPENDED } }) { nodes { ... on JobLogAppended { text offset length } } } }";
    let events = app.admin().data(document, json!({ "id": lease.job })).await;
    let expected = json!({ "text": "last", "offset": pieces.len(), "length": 4 });
    assert_eq!(events["jobEvents"]["nodes"], json!([expected]));
}

/// Many one-line pieces, as the server would have stored them; returns the whole text.
async fn insert_pieces(app: &TestApp, job: &str, count: usize) -> String {
    use entity::{Time, job, job_log};
    let number = app.admin().job(job, "number").await["number"].as_i64().expect("a number");
    let pieces: Vec<String> = (0..count).map(|index| format!("{index}\n")).collect();
    let whole = pieces.concat();
    let size = i64::try_from(whole.len()).expect("small");
    let write = app.server.app.db.write((number, size, pieces), |tx, (number, size, pieces)| {
        Box::pin(async move {
            let mut offset = 0;
            let rows = pieces.iter().map(|piece| {
                let row = job_log::ActiveModel {
                    job_id: Set(*number),
                    attempt: Set(1),
                    offset: Set(offset),
                    text: Set(piece.clone()),
                    created_at: Set(Time(0)),
                    ..Default::default()
                };
                offset += i64::try_from(piece.len()).expect("small");
                row
            });
            job_log::Entity::insert_many(rows.collect::<Vec<_>>()).exec_without_returning(&tx.db).await?;
            let size = job::ActiveModel { log_bytes: Set(*size), ..Default::default() };
            job::Entity::update_many().set(size).filter(job::Column::Id.eq(*number)).exec(&tx.db).await?;
            Ok(())
        })
    });
    write.await.expect("stored");
    whole
}

#[tokio::test]
async fn a_piece_of_log_has_one_byte_to_64_kib() {
    let Held { app: _app, runner, lease, .. } = held().await;
    for refused in [String::new(), "x".repeat(65_537), "é".repeat(32_769)] {
        let input = json!({ "leaseToken": lease.token, "text": refused });
        assert_eq!(runner.wrong("workLog", input).await, ["text"]);
    }
    let input = json!({ "leaseToken": lease.token, "text": "nul\0" });
    assert_eq!(runner.wrong("workLog", input).await, ["input/text"]);
    assert_eq!(runner.job(&lease.job, "status revision").await, json!({ "status": "CLAIMED", "revision": 2 }));
    for taken in ["x".repeat(65_536), "é".repeat(32_768)] {
        let input = json!({ "leaseToken": lease.token, "text": taken });
        assert_eq!(runner.refused("workLog", input).await, "OK");
    }
    assert_eq!(log(&runner, &lease.job, 65_536).await["text"], "é".repeat(32_768));
}

#[tokio::test]
async fn a_full_log_is_cut_at_a_character_and_stays_so() {
    let Held { app, runner, lease, .. } = held().await;
    // As if 16 MiB less five bytes were there already.
    let most = 16 * 1_048_576_i64;
    set_log_bytes(&app, &lease.job, most - 5).await;
    let append = |text: &'static str| {
        let input = json!({ "leaseToken": lease.token, "text": text });
        let selection = "expiresAt job { revision log(offset: 16777211) { text size isTruncated } }";
        runner.change("workLog", input, selection)
    };
    let first = append("ab🦀🦀").await["job"].take();
    assert_eq!(first["log"], json!({ "text": "ab", "size": most - 3, "isTruncated": true }));
    // Three bytes would still fit, but text after a hole would be taken for what came before it.
    let second = append("cd").await["job"].take();
    assert_eq!(second["log"], json!({ "text": "ab", "size": most - 3, "isTruncated": true }));
    assert_eq!(second["revision"], first["revision"]);
    assert_eq!(runner.status(&lease.job).await, "RUNNING");
    let told = json!([{ "offset": most - 5, "length": 2, "text": "ab", "isTruncated": true }]);
    assert_eq!(told_of_the_log(&app.admin(), &lease.job).await, told);
}

#[tokio::test]
async fn who_follows_a_job_hears_once_that_its_log_is_full() {
    let Held { app, runner, lease, .. } = held().await;
    let most = 16 * 1_048_576_i64;
    set_log_bytes(&app, &lease.job, most - 2).await;
    for text in ["ab", "cd", "ef"] {
        runner.change("workLog", json!({ "leaseToken": lease.token, "text": text }), "expiresAt").await;
    }
    let told = json!([
        { "offset": most - 2, "length": 2, "text": "ab", "isTruncated": false },
        { "offset": most, "length": 0, "text": "", "isTruncated": true },
    ]);
    assert_eq!(told_of_the_log(&app.admin(), &lease.job).await, told);
}

/// What followers are told of a job's log.
async fn told_of_the_log(client: &Client, job: &str) -> Value {
    let document = "query($id: ID!) { job(id: $id) { events(first: 100) { nodes {
        ... on JobLogAppended { offset length text isTruncated } } } } }";
    let events = client.data(document, json!({ "id": job })).await["job"]["events"]["nodes"].take();
    let events = events.as_array().expect("a list").iter();
    events.filter(|event| event["offset"].is_number() || event["offset"].is_string()).cloned().collect()
}

async fn set_log_bytes(app: &TestApp, job: &str, bytes: i64) {
    use entity::job;
    let number = app.admin().job(job, "number").await["number"].as_i64().expect("a number");
    let write = app.server.app.db.write((number, bytes), |tx, (number, bytes)| {
        Box::pin(async move {
            let change = job::ActiveModel { log_bytes: Set(*bytes), ..Default::default() };
            job::Entity::update_many().set(change).filter(job::Column::Id.eq(*number)).exec(&tx.db).await?;
            Ok(())
        })
    });
    write.await.expect("stored");
}

#[tokio::test]
async fn a_log_extends_the_lease_like_a_heartbeat() {
    let Held { app, runner, lease, .. } = held().await;
    app.advance(20);
    let input = json!({ "leaseToken": lease.token, "text": "alive" });
    let report = runner.change("workLog", input, "expiresAt job { updatedAt runner { lastHeartbeatAt } }").await;
    assert_eq!(micros_between(&report["job"]["updatedAt"], &report["expiresAt"]), 30_000_000);
    assert_eq!(text(&report["job"]["runner"]["lastHeartbeatAt"]), text(&report["job"]["updatedAt"]));
}

#[tokio::test]
async fn a_negative_offset_is_refused() {
    let Held { app, lease, .. } = held().await;
    let document = "query($id: ID!) { job(id: $id) { log(offset: -1) { text } } }";
    assert_eq!(app.admin().code(document, json!({ "id": lease.job })).await, "INVALID");
    assert_eq!(log(&app.admin(), &lease.job, i64::MAX).await["text"], "");
}

#[tokio::test]
async fn a_runner_hears_of_a_job_while_it_holds_it_and_of_the_end_of_that() {
    let Held { app, runner, lease, .. } = held().await;
    runner.change("workRelease", json!({ "leaseToken": lease.token }), "job { id }").await;
    app.admin().change("jobUpdate", json!({ "jobId": lease.job, "priority": 7 }), "job { id }").await;
    app.admin().change("jobCancel", json!({ "jobId": lease.job }), "job { id }").await;
    let document = "{ jobEvents { nodes { ... on JobStatusChanged { from to } } } }";
    let heard = runner.data(document, json!({})).await["jobEvents"]["nodes"].take();
    assert_eq!(heard, json!([{ "from": "QUEUED", "to": "CLAIMED" }, { "from": "CLAIMED", "to": "QUEUED" }]));
}

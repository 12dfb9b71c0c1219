use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::json;
use tokio::time::interval;

use super::support::{Server, Site, Wire, answered, sized, soon};

const MOST_KIB: u64 = 64 * 1024;
const CHUNK: usize = 65_536;

/// A file of a GiB goes through the server, and never lies in its memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_costs_little_memory() {
    let bytes: usize = sized(1024, 192) * 1_048_576;
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let token = admin.token.as_deref().expect("a credential");
    let before = server.resident_kib();

    let mut wire = Wire::new(admin.address()).await;
    let sent = async {
        let head = format!(
            "PUT /files/large HTTP/1.1\r\nHost: drill\r\nAuthorization: Bearer {token}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        wire.send(head.as_bytes()).await;
        let chunk = vec![b'x'; CHUNK];
        for _ in 0..bytes / CHUNK {
            wire.send(&chunk).await;
        }
        wire.answer().await.expect("an answer")
    };
    let ((status, body), peak) = watched(&server, sent).await;
    assert_eq!(status, 201, "{body}");
    let answer: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let up = peak.saturating_sub(before);

    let read = async {
        let mut response = admin.download(answer["id"].as_str().expect("an id")).await;
        let mut count = 0;
        while let Some(chunk) = response.chunk().await.expect("all of it") {
            count += chunk.len();
        }
        count
    };
    let (count, peak) = watched(&server, read).await;
    assert_eq!(count, bytes);
    let down = peak.saturating_sub(before);
    println!("{} MiB: {up} KiB more on its way in, {down} KiB on its way out", bytes / 1_048_576);
    assert!(up < MOST_KIB && down < MOST_KIB, "{up} and {down} KiB");
    server.kill().await;
}

/// A recording of a GiB goes through Project-W's API as a form, into a job and to its runner, and never lies in the
/// server's memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_recording_costs_little_memory() {
    let bytes: usize = sized(1023, 192) * 1_048_576;
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let token = admin.token.as_deref().expect("a credential");
    let before = server.resident_kib();

    let mut wire = Wire::new(admin.address()).await;
    let sent = async {
        let (start, end) = (
            "--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n",
            "\r\n--xyz\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\ntiny\r\n--xyz--\r\n",
        );
        let length = start.len() + bytes + end.len();
        let head = format!(
            "POST /api/jobs/submit HTTP/1.1\r\nHost: drill\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {length}\r\n\r\n{start}"
        );
        wire.send(head.as_bytes()).await;
        let chunk = vec![b'x'; CHUNK];
        for _ in 0..bytes / CHUNK {
            wire.send(&chunk).await;
        }
        wire.send(end.as_bytes()).await;
        wire.answer().await.expect("an answer")
    };
    let ((status, body), peak) = watched(&server, sent).await;
    assert_eq!((status, body.as_str()), (200, "{\"jobId\":1,\"msg\":\"Job successfully submitted\"}\n"));
    let up = peak.saturating_sub(before);

    let base = format!("http://{}/api/runners", admin.address());
    let http = reqwest::Client::new();
    let read = async {
        let created = http.get(format!("{base}/create")).bearer_auth(token).send().await.expect("an answer");
        let created: serde_json::Value = created.json().await.expect("JSON");
        let runner = created["runnerToken"].as_str().expect("a token");
        let registered = http.post(format!("{base}/register")).bearer_auth(runner).send().await;
        assert_eq!(registered.expect("an answer").status(), 200);
        let audio = http.get(format!("{base}/retrieveJobAudio")).bearer_auth(runner).send();
        let mut audio = audio.await.expect("an answer");
        let mut count = 0;
        while let Some(chunk) = audio.chunk().await.expect("all of it") {
            count += chunk.len();
        }
        count
    };
    let (count, peak) = watched(&server, read).await;
    assert_eq!(count, bytes);
    let down = peak.saturating_sub(before);
    println!("{} MiB: {up} KiB more on its way in, {down} KiB on its way out", bytes / 1_048_576);
    assert!(up < MOST_KIB && down < MOST_KIB, "{up} and {down} KiB");
    server.kill().await;
}

/// Every job that there is, in one answer of an old API, which had no pages: it is written while it is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_all_jobs_costs_little_memory() {
    let jobs: usize = sized(1_000_000, 100_000);
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    answered(admin.submit(&service).await);
    copy_job(&site, jobs - 1).await;
    let before = server.resident_kib();
    let (http, token) = (reqwest::Client::new(), admin.token.as_deref().expect("a credential"));
    let read = async {
        let asked = http.get(admin.url("/topchef/jobs")).bearer_auth(token).send();
        let mut answer = asked.await.expect("an answer").error_for_status().expect("a list");
        let mut starts = 0;
        while let Some(chunk) = answer.chunk().await.expect("all of it") {
            starts += chunk.windows(6).filter(|bytes| bytes == b"\n    {").count();
        }
        starts
    };
    let (starts, peak) = watched(&server, read).await;
    let more = peak.saturating_sub(before);
    println!("{jobs} jobs: {more} KiB more on their way out");
    // What begins where one chunk ends is not seen.
    assert!((jobs / 100 * 98..=jobs).contains(&starts), "{starts} of {jobs}");
    assert!(more < MOST_KIB, "{more} KiB");
    server.kill().await;
}

/// Copies the one job that there is so many times, beside the running server.
async fn copy_job(site: &Site, times: usize) {
    let db = Database::connect(&site.database.url).await.expect("the database");
    let backend = db.get_database_backend();
    let (columns, uid) = match backend {
        DbBackend::Postgres => (
            "SELECT column_name::text AS name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = 'job'",
            "CAST(lpad(to_hex(copy.number), 32, '0') AS uuid)",
        ),
        _ => ("SELECT name FROM pragma_table_info('job')", "unhex(printf('%032x', copy.number))"),
    };
    let columns = db.query_all_raw(Statement::from_string(backend, columns)).await.expect("the columns");
    let names: Vec<String> = columns.iter().map(|row| row.try_get("", "name").expect("a name")).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !["id", "uid"].contains(&name.as_str())).collect();
    let (names, values) = (names.join(", "), names.join(", job."));
    let sql = format!(
        "WITH RECURSIVE copy(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < {times}) \
         INSERT INTO job (uid, {names}) SELECT {uid}, job.{values} FROM copy, job WHERE job.id = (SELECT min(id) FROM job)"
    );
    let copied = db.execute_unprepared(&sql);
    assert_eq!(copied.await.expect("copied").rows_affected(), times as u64);
    db.close().await.expect("it closes");
}

/// Does it, and says how much memory the server had at most meanwhile.
async fn watched<T>(server: &Server, work: impl Future<Output = T>) -> (T, u64) {
    let (mut peak, mut looks) = (0, interval(Duration::from_millis(20)));
    let mut work = std::pin::pin!(soon("a large file", work));
    loop {
        tokio::select! {
            done = work.as_mut() => return (done, peak.max(server.resident_kib())),
            _ = looks.tick() => peak = peak.max(server.resident_kib()),
        }
    }
}

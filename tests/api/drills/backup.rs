use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sea_orm::sqlx::{Connection, PgConnection, query};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::support::{Client, Follower, Site, answered, sized, soon};
use crate::support::Database;

const WRITERS: usize = 4;

/// A backup under load holds all that was acknowledged before it began, balances, and fills an empty database of either
/// kind, on which a server goes on: no number is drawn twice, and who had read further is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restores_and_goes_on() {
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let dear = Dear {
        service: admin.dear_service(json!({}), json!({ "perJob": "0.25" })).await,
        account: admin.account("1000000").await,
    };
    let runner = admin.runner("worker", &dear.service, 100).await;
    let (before, over) = (dear.submit(&admin, sized(500, 40)).await, Arc::new(AtomicBool::new(false)));
    let mut load = JoinSet::new();
    for _ in 0..WRITERS {
        load.spawn(work(admin.clone(), runner.clone(), dear.clone(), Arc::clone(&over)));
    }
    let said = site.done("db backup backup.gz").await;
    assert!(said.starts_with("Written: "), "{said}");
    let after = dear.submit(&admin, 5).await;
    let lost = admin.log().await.last().expect("events").cursor.clone();
    over.store(true, Ordering::Relaxed);
    soon("the load", load.join_all()).await;
    let (_, booked) = admin.book(&dear.account).await;
    server.terminate();
    assert!(server.ended().await.success());

    let kept = std::fs::read(site.path("backup.gz")).expect("the file");
    for (number, database) in [Database::file(), Database::empty().await].into_iter().enumerate() {
        let next = Site::on(database, "");
        std::fs::write(next.path("backup.gz"), &kept).expect("written");
        let said = next.done("db restore backup.gz").await;
        assert!(said.starts_with("Restored: "), "{number}: {said}");
        assert_eq!(next.done("db check").await, "The database is sound.");
        let _server = next.serve().await;
        // The same tokens open it.
        let again = next.client(admin.token.as_deref());
        assert!(again.jobs(&before).await.iter().all(|job| job["id"].is_string()), "an acknowledged job is gone");
        balances(&again, &dear, before.len(), &booked).await;
        goes_on(&again, &dear, &lost, &after).await;
    }
}

/// A service that has a price, and the account that pays.
#[derive(Clone)]
struct Dear {
    service: String,
    account: String,
}

impl Dear {
    async fn submit(&self, admin: &Client, jobs: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..jobs {
            ids.push(answered(admin.submit_on(&self.account, &self.service).await));
        }
        ids
    }
}

/// The ledger is the beginning of the one that was backed up, and the account's sums are the sums of its entries.
async fn balances(admin: &Client, dear: &Dear, least: usize, booked: &[Json]) {
    let (sums, entries) = admin.book(&dear.account).await;
    assert!(entries.len() > least, "a grant and a hold for each job: {}", entries.len());
    assert_eq!(entries, booked[..entries.len()]);
    let millionths = |value: &Json| {
        let text = value.as_str().expect("a decimal");
        let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
        let number: i64 = format!("{whole}{part:0<6}").parse().expect("a decimal");
        if text.starts_with('-') { -number } else { number }
    };
    for (index, column) in ["granted", "held", "spent"].into_iter().enumerate() {
        let sum: i64 = entries.iter().map(|entry| millionths(&entry[column])).sum();
        assert_eq!(millionths(&sums[index]), sum, "{column}");
    }
}

/// Numbers go on after the last one of the backup, and a reader that had seen more is told of a gap.
async fn goes_on(admin: &Client, dear: &Dear, lost: &str, after: &[String]) {
    let highest = |jobs: &serde_json::Value| jobs["nodes"][0]["number"].as_i64().expect("a number");
    let document = "{ jobs(first: 1, order: SUBMITTED_AT_DESC) { nodes { number } } }";
    let newest = highest(&admin.call(document, json!({})).await["jobs"]);
    let mut follower = Follower::new(admin, lost).await;
    let new = dear.submit(admin, 1).await.remove(0);
    assert!(highest(&admin.call(document, json!({})).await["jobs"]) > newest);
    let gap = follower.next().await.expect("the stream goes on");
    assert!(gap.is_gap(), "{gap:?}");
    assert_eq!(follower.next().await.expect("the stream goes on").job, new);
    let ids: BTreeSet<&String> = after.iter().collect();
    assert!(!ids.contains(&new));
}

async fn submit(admin: &Client, service: &str, jobs: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..jobs {
        ids.push(answered(admin.submit(service).await));
    }
    ids
}

async fn work(owner: Client, runner: Client, dear: Dear, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        dear.submit(&owner, 1).await;
        for lease in answered(runner.claim(1, 0).await) {
            answered(runner.report(&lease, 0.5, "half").await);
            answered(runner.complete(&lease, json!({ "é": [1, null, "\u{0001}"] })).await);
        }
    }
}

/// Nothing is replaced, nothing is mixed, and half a backup is none: each is refused with a reason, and changes nothing.
#[tokio::test]
async fn what_is_no_whole_backup_or_no_empty_database_is_refused() {
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    submit(&admin, &service, 20).await;
    server.terminate();
    assert!(server.ended().await.success());
    site.done("db backup whole.gz").await;
    refused(&site, "db backup whole.gz", "exists already").await;
    refused(&site, "db restore whole.gz", "is not empty").await;
    assert!(!site.path("whole.gz.part").exists());

    let empty = Site::new("").await;
    let whole = std::fs::read(site.path("whole.gz")).expect("the file");
    let mut lines = Vec::new();
    GzDecoder::new(&*whole).read_to_end(&mut lines).expect("gzip");
    let without_end = &lines[..lines.len() - 20];
    let without_row = [&lines[..lines.len() / 2], b"\n", &lines[lines.len() / 2..]].concat();
    for (bytes, why) in [
        (whole[..whole.len() / 2].to_vec(), "not a whole backup"),
        (whole[..whole.len() - 4].to_vec(), "not a whole backup"),
        (packed(without_end), ""),
        (packed(&without_row), ""),
        (packed(b"{\"docket_backup\":99,\"migrations\":[]}\n"), "another version"),
        (b"hello".to_vec(), "not a whole backup"),
        (packed(b"hello\n"), "no backup of docket"),
    ] {
        std::fs::write(empty.path("file.gz"), bytes).expect("written");
        refused(&empty, "db restore file.gz", why).await;
    }
    refused(&empty, "db restore nothing.gz", "cannot be read").await;
    std::fs::write(empty.path("file.gz"), whole).expect("written");
    empty.done("db restore file.gz").await;
    let _server = empty.serve().await;
    assert_eq!(empty.client(admin.token.as_deref()).log().await.len(), 20);
}

fn packed(lines: &[u8]) -> Vec<u8> {
    let mut sink = GzEncoder::new(Vec::new(), Compression::fast());
    sink.write_all(lines).expect("memory");
    sink.finish().expect("memory")
}

async fn refused(site: &Site, line: &str, why: &str) {
    let output = site.run(line).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}: {said}");
    assert!(said.contains(why) && said.contains("error: ") && !said.contains("INTERNAL"), "{line}: {said}");
}

/// A restore on PostgreSQL takes the time that it needs: a statement of it, and a pause, may take longer than those of a
/// request, which end after five seconds.
#[tokio::test]
async fn a_restore_takes_longer_than_a_request_may() {
    let site = Site::new("").await;
    if !site.database.is_postgres() {
        return println!("nothing to see: SQLite has no time limits");
    }
    let server = site.serve().await;
    let admin = site.admin().await;
    server.terminate();
    assert!(server.ended().await.success());
    site.done("db backup backup.gz").await;
    let next = Site::new("").await;
    std::fs::copy(site.path("backup.gz"), next.path("backup.gz")).expect("a copy");
    next.done("db migrate").await;
    let mut connection = PgConnection::connect(&next.database.url).await.expect("a connection");
    for sql in [
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5.5); RETURN NULL; END $$",
        "CREATE TRIGGER slow AFTER INSERT ON \"user\" FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    ] {
        query(sql).execute(&mut connection).await.expect("it is made");
    }
    let said = next.done("db restore backup.gz").await;
    assert!(said.starts_with("Restored: "), "{said}");
    let _server = next.serve().await;
    let viewer = next.client(admin.token.as_deref()).call("{ viewer { user { username } } }", json!({})).await;
    assert_eq!(viewer["viewer"]["user"]["username"], "admin");
}

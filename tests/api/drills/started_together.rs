use std::collections::HashSet;

use futures_util::future::join_all;
use sea_orm::sqlx::{Connection, PgConnection, query_scalar};
use serde_json::{Value as Json, json};

use super::support::{Site, answered};

const SERVERS: usize = 4;

/// Servers that start together on an empty database all serve; one of them makes its tables, and one the admin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_together_migrate_once() {
    let site = Site::new("").await;
    if !site.database.is_postgres() {
        return println!("nothing to see: a SQLite file has one server");
    }
    let servers = join_all((0..SERVERS).map(|_| site.serve_beside())).await;
    let mut jobs = HashSet::new();
    let first = site.client(None).at(servers[0].address);
    let admin = site.admin_at(&first).await;
    let service = admin.service(json!({})).await;
    for server in &servers {
        jobs.insert(answered(site.admin_at(&first.at(server.address)).await.submit(&service).await));
    }
    assert_eq!(jobs.len(), SERVERS);
    let users = admin.call("{ users { nodes { username } } }", Json::Null).await;
    assert_eq!(users["users"]["nodes"], json!([{ "username": "admin" }]));
    let log = site.log();
    assert_eq!(log.matches("the database was migrated").count(), 1, "{log}");
    assert!(!log.contains("ERROR"), "{log}");

    let steps: Json = serde_json::from_str(&site.done("db status --json").await).expect("JSON");
    let mut connection = PgConnection::connect(&site.database.url).await.expect("a connection");
    let rows: i64 =
        query_scalar("SELECT count(*) FROM seaql_migrations").fetch_one(&mut connection).await.expect("a number");
    assert_eq!(steps.as_array().map(Vec::len), usize::try_from(rows).ok());
    for server in servers {
        server.terminate();
        assert!(server.ended().await.success());
    }
    assert_eq!(site.done("db check").await, "The database is sound.");
}

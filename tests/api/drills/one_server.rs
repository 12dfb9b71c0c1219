use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use super::support::{Site, answered, signal, soon};

/// A second server on the same database ends with a line that says why, and the first does not notice. When the first
/// is dead, however it died, the next one starts.
#[tokio::test]
async fn a_second_server_on_one_database_is_refused() {
    let site = Site::on_file("");
    let first = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    std::fs::create_dir(site.path("elsewhere")).expect("a folder");
    std::os::unix::fs::symlink(site.path("docket.db"), site.path("elsewhere/other.db")).expect("a link");

    for name in ["docket.db", "./elsewhere/../docket.db", "elsewhere/other.db"] {
        let line = format!("serve --database-url sqlite://{name}");
        let second = soon("the second server to give up", site.run(&line)).await;
        let said = String::from_utf8_lossy(&second.stderr);
        assert_eq!(second.status.code(), Some(1), "{name}: {said}");
        let line = said.lines().last().expect("a reason");
        assert!(line.starts_with("error: Another docket serves ") && line.contains(name), "{name}: {said}");
    }
    let job = answered(admin.submit(&service).await);
    first.kill().await;
    let next = site.serve().await;
    assert_eq!(admin.jobs(&[job]).await[0]["status"], "QUEUED");
    next.terminate();
    assert!(next.ended().await.success());
    site.serve().await.kill().await;
}

/// Two servers that start at the same moment in an empty folder: one of them serves, the other ends.
#[tokio::test]
async fn of_two_servers_that_start_together_one_serves() {
    let site = Site::on_file("");
    let spawn = || site.command("serve").stderr(Stdio::null()).spawn().expect("the program starts");
    let (mut one, mut other) = (spawn(), spawn());
    let (ended, server) = soon("one of them to end", async {
        tokio::select! {
            ended = one.wait() => (ended, &mut other),
            ended = other.wait() => (ended, &mut one),
        }
    })
    .await;
    assert_eq!(ended.expect("it ends").code(), Some(1));
    signal(server, Signal::TERM);
    assert!(soon("the other to stop", server.wait()).await.expect("it ends").success());
    assert_eq!(site.done("db check").await, "The database is sound.");
}

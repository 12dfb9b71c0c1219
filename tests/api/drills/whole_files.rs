use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Client, Site, Wire, soon};

const KILLS: usize = 20;
const WRITERS: usize = 3;
/// Announced of the uploads that a kill finds half done, and sent.
const ANNOUNCED: usize = 3_000_000;
const SENT: usize = 2_000_000;

type Acks = watch::Sender<Vec<String>>;

/// Files are brought while the server is killed again and again, each time with one that is half there. Whatever got a
/// yes is there, and whatever is there is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_whole_or_absent_after_kill_nine() {
    let site = Site::new("").await;
    let mut server = site.serve().await;
    let admin = site.admin().await;
    let acks = Acks::default();
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        tasks.spawn(write(admin.clone(), writer, acks.clone(), Arc::clone(&over)));
    }
    for kill in 0..KILLS {
        let half = half_an_upload(&site, &admin).await;
        let enough = acks.borrow().len() + 1 + kill % 3;
        soon("answers", acks.subscribe().wait_for(|acks| acks.len() >= enough)).await.expect("open");
        server.kill().await;
        drop(half);
        server = site.serve().await;
    }
    over.store(true, Ordering::Relaxed);
    soon("the clients", tasks.join_all()).await;

    let acks = acks.borrow().clone();
    let files = files(&admin).await;
    println!("kills {KILLS}, acknowledged {}, there {}", acks.len(), files.len());
    assert!(acks.len() >= KILLS);
    for id in &acks {
        assert!(files.iter().any(|file| file["id"] == id.as_str()), "an acknowledged file is lost");
    }
    for file in &files {
        assert_ne!(file["name"], "half", "half a file is there");
        let bytes = admin.download(file["id"].as_str().expect("an id")).await.bytes().await.expect("all of it");
        let name = file["name"].as_str().expect("a name");
        assert!(bytes == content(name), "{name} is not what was brought");
        assert_eq!(file["sha256"], hex(&Sha256::digest(&bytes)));
    }
    server.terminate();
    assert!(server.ended().await.success());
}

/// What a file of this name consists of: some hundred KiB to some MiB.
fn content(name: &str) -> Vec<u8> {
    let seed = Sha256::digest(name.as_bytes());
    let size = 100_000 + usize::from(seed[0]) * 10_000;
    seed.iter().copied().cycle().take(size).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

async fn write(client: Client, writer: usize, acks: Acks, over: Arc<AtomicBool>) {
    for count in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let restarted = client.restarted();
        let name = format!("{writer}-{count}");
        let answer = match client.upload(&name, content(&name)).send().await {
            Ok(answer) if answer.status() == 201 => answer.json::<Json>().await.ok(),
            Ok(refused) => panic!("{}: {}", refused.status(), refused.text().await.unwrap_or_default()),
            Err(_) => None,
        };
        match answer {
            Some(answer) => acks.send_modify(|acks| acks.push(answer["id"].as_str().expect("an id").to_owned())),
            None => soon("the next server", restarted).await,
        }
    }
}

/// An upload that is half on the disk, and goes no further.
async fn half_an_upload(site: &Site, admin: &Client) -> Wire {
    let mut wire = Wire::new(admin.address()).await;
    let token = admin.token.as_deref().expect("a credential");
    let head = format!(
        "PUT /files/half HTTP/1.1\r\nHost: drill\r\nAuthorization: Bearer {token}\r\nContent-Length: {ANNOUNCED}\r\n\r\n"
    );
    wire.send(head.as_bytes()).await;
    let before = staged(&site.path("docket-files"));
    wire.send(&vec![b'x'; SENT]).await;
    let mut again = tokio::time::interval(Duration::from_millis(5));
    soon("half a file on the disk", async {
        while staged(&site.path("docket-files")) <= before {
            again.tick().await;
        }
    })
    .await;
    wire
}

/// How many unfinished files there are that only an upload of this size leaves.
fn staged(folder: &Path) -> usize {
    let Ok(folders) = std::fs::read_dir(folder) else { return 0 };
    let files = folders.flatten().filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().flatten();
    let is_half = |file: &std::fs::DirEntry| {
        // The first part, a MiB, and nothing of the second.
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        file.file_name().to_string_lossy().contains('#') && (1_048_576..1_200_000).contains(&size)
    };
    files.filter(is_half).count()
}

/// All files.
async fn files(admin: &Client) -> Vec<Json> {
    let document = "query($after: String) { files(first: 100, after: $after) \
                    { nodes { id name size sha256 } pageInfo { hasNextPage endCursor } } }";
    let (mut files, mut after) = (Vec::new(), Json::Null);
    loop {
        let page = admin.call(document, json!({ "after": after })).await["files"].take();
        files.extend(page["nodes"].as_array().expect("a list").iter().cloned());
        if page["pageInfo"]["hasNextPage"] != true {
            return files;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

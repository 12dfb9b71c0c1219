use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::support::{Client, Event, Failed, Follower, Site, Wire, answered, follow_sse, soon};

const WRITERS: usize = 4;
/// Requests that have just arrived when the signal comes.
const ARRIVED: usize = 20;
const LONGEST_STOP: Duration = Duration::from_secs(30);

/// A stop under load: whatever had arrived is answered, nothing new is given out, streams end so that clients come
/// back, and those go on without a seam at the next server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing_and_breaks_nothing() {
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let (busy, idle) = (admin.service(json!({})).await, admin.service(json!({})).await);
    let patient = admin.runner("patient", &idle, 1).await;
    let hungry = admin.runner("hungry", &busy, 100).await;
    let socket = tokio::spawn(follow_socket(admin.clone(), "e0".to_owned(), None));
    let events = tokio::spawn(follow_events(admin.clone(), "e0".to_owned(), None));
    let load = Load::start(&admin, &busy);
    soon("load", load.acked.subscribe().wait_for(|acked| acked.len() > 50)).await.expect("open");

    let poll = json!({ "waitSeconds": 30 });
    let mut waiting = sent(&patient, "workClaim", &poll, "leases { attempt }").await;
    let mut halves = [
        half(&admin, "jobSubmit", &json!({ "serviceId": busy }), "job { id }").await,
        half(&hungry, "workClaim", &json!({}), "leases { attempt }").await,
    ];
    let mut arrived = Vec::new();
    for _ in 0..ARRIVED {
        arrived.push(Wire::new(admin.address()).await);
    }
    // Half of them on connections that have had a request before.
    for wire in &mut arrived[ARRIVED / 2..] {
        wire.send(&Wire::request(&admin, "serviceCheckIn", &json!({ "serviceId": busy }), "service { id }")).await;
        payload(wire, "serviceCheckIn").await;
    }
    for wire in &mut arrived {
        wire.send(&Wire::request(&admin, "jobSubmit", &json!({ "serviceId": busy }), "job { id }")).await;
    }
    load.signalled.store(true, Ordering::Relaxed);
    server.terminate();
    let signalled = Instant::now();

    let (mut by_socket, closed) = soon("the socket to close", socket).await.expect("no panic");
    let (code, reason) = closed.expect("a close frame");
    assert!(code == 1012 && !reason.is_empty(), "{code} {reason}");
    let mut by_events = soon("the stream to end", events).await.expect("no panic");
    // `None` when it is not even reached any more.
    let ready = reqwest::get(admin.url("/readyz")).await.ok().map(|ready| ready.status().as_u16());
    assert!(matches!(ready, None | Some(503)), "{ready:?}");
    let mut kept = Vec::new();
    for wire in &mut arrived {
        kept.push(payload(wire, "jobSubmit").await["job"]["id"].as_str().expect("an id").to_owned());
    }
    for (wire, rest) in &mut halves {
        wire.send(rest).await;
    }
    let [(submit, _), (claim, _)] = &mut halves;
    kept.push(payload(submit, "jobSubmit").await["job"]["id"].as_str().expect("an id").to_owned());
    assert_eq!(payload(claim, "workClaim").await["leases"], json!([]), "a job was given out during the stop");
    assert_eq!(payload(&mut waiting, "workClaim").await["leases"], json!([]));
    assert!(server.ended().await.success());
    let took = signalled.elapsed();
    assert!(took < LONGEST_STOP, "{took:?}");
    kept.extend(load.stop().await);

    let _next = site.serve().await;
    let jobs = admin.jobs(&kept).await;
    assert!(jobs.iter().all(|job| job["status"] == "QUEUED"), "an acknowledged job is gone");
    let log = admin.log().await;
    resume(&admin, &log, &mut by_socket, &mut by_events).await;
    println!("stopped within {took:?}, readyz {ready:?}, {} acknowledged, {} events", kept.len(), log.len());
}

/// Clients that submit for as long as they are answered.
struct Load {
    acked: tokio::sync::watch::Sender<Vec<String>>,
    signalled: Arc<AtomicBool>,
    writers: JoinSet<()>,
}

impl Load {
    fn start(admin: &Client, service: &str) -> Self {
        let (acked, signalled) = (tokio::sync::watch::Sender::default(), Arc::new(AtomicBool::new(false)));
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (client, service) = (admin.clone(), service.to_owned());
            let (acked, signalled) = (tokio::sync::watch::Sender::clone(&acked), Arc::clone(&signalled));
            writers.spawn(async move {
                loop {
                    match client.submit(&service).await {
                        Ok(id) => acked.send_modify(|acked: &mut Vec<String>| acked.push(id)),
                        Err(Failed::Lost(_)) if signalled.load(Ordering::Relaxed) => return,
                        Err(failed) => panic!("{failed:?}"),
                    }
                }
            });
        }
        Self { acked, signalled, writers }
    }

    async fn stop(self) -> Vec<String> {
        soon("the writers", self.writers.join_all()).await;
        self.acked.borrow().clone()
    }
}

/// A request, sent.
async fn sent(client: &Client, field: &str, input: &Json, selection: &str) -> Wire {
    let mut wire = Wire::new(client.address()).await;
    wire.send(&Wire::request(client, field, input, selection)).await;
    wire
}

/// A request of which half is sent, and its other half.
async fn half(client: &Client, field: &str, input: &Json, selection: &str) -> (Wire, Vec<u8>) {
    let mut request = Wire::request(client, field, input, selection);
    let rest = request.split_off(request.len() - 10);
    let mut wire = Wire::new(client.address()).await;
    wire.send(&request).await;
    (wire, rest)
}

async fn payload(wire: &mut Wire, field: &str) -> Json {
    let (status, body) = wire.answer().await.expect("what had arrived is answered");
    let body: Json = serde_json::from_str(&body).expect("JSON");
    assert!(status == 200 && body["errors"].is_null(), "{status} {body}");
    body["data"][field].clone()
}

/// Everything up to `last`, or until the server closes; and how it closed.
async fn follow_socket(client: Client, after: String, last: Option<String>) -> (Vec<Event>, Option<(u16, String)>) {
    let (mut seen, mut follower) = (Vec::<Event>::new(), Follower::new(&client, &after).await);
    while last.is_none() || seen.last().map(|event| &event.cursor) != last.as_ref() {
        let Some(event) = follower.next().await else { break };
        seen.push(event);
    }
    (seen, follower.closed)
}

/// The same over server-sent events.
async fn follow_events(client: Client, after: String, last: Option<String>) -> Vec<Event> {
    let mut seen = Vec::<Event>::new();
    let complete = follow_sse(&client, &after, |event| {
        seen.push(event);
        seen.last().map(|event| &event.cursor) != last.as_ref()
    });
    assert!(!complete.await, "a client that is told that it has everything does not come back");
    seen
}

/// What each of the two saw before the stop and sees after it is the log.
async fn resume(client: &Client, log: &[Event], by_socket: &mut Vec<Event>, by_events: &mut Vec<Event>) {
    let last = log.last().map(|event| event.cursor.clone());
    let cursor = |seen: &[Event]| seen.last().expect("events").cursor.clone();
    if by_socket.len() < log.len() {
        by_socket.extend(follow_socket(client.clone(), cursor(by_socket), last.clone()).await.0);
    }
    if by_events.len() < log.len() {
        by_events.extend(follow_events(client.clone(), cursor(by_events), last).await);
    }
    for seen in [by_socket, by_events] {
        seen.retain(|event| !event.is_gap());
        assert!(seen == log, "a reader saw something else than the log");
    }
    // And the next job finds its readers.
    let mut follower = Follower::new(client, &cursor(log)).await;
    let service = client.service(json!({})).await;
    let job = answered(client.submit(&service).await);
    assert_eq!(follower.next().await.expect("the stream goes on").job, job);
}

//! A runner that knows nothing but the old documents, at work, watched through GraphQL.

use serde_json::{Value, json};

use super::{get, job, post, registered, submit, user, world, world_with};
use crate::compat::topchef::Kitchen;
use crate::compat::topchef::worker::turn;
use crate::support::Client;

/// What the runner's program does, as its documents say: a heartbeat now and then, and the job when there is one.
async fn work_once(worker: &Client) -> bool {
    let beat = post(worker, "/runners/heartbeat", &[]).await.json();
    if beat != json!({ "jobAssigned": true }) {
        return false;
    }
    let info = post(worker, "/runners/retrieveJobInfo", &[]).await.json();
    let audio = get(worker, "/runners/retrieveJobAudio").await;
    assert_eq!(audio.headers["content-type"], "audio/basic");
    for progress in ["0.3", "0.6"] {
        post(worker, "/runners/heartbeat", &[("progress", progress)]).await;
    }
    let transcript = format!("{} said: {}", info["jobID"], audio.body);
    post(worker, "/runners/submitJobResult", &[("transcript", &transcript)]).await;
    true
}

#[tokio::test]
async fn a_job_goes_to_its_end_while_a_subscription_watches_it() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let id = submit(&ada, "hello").await;
    let document = "subscription { jobEvents(after: \"e0\") { event {
        ... on JobStatusChanged { to } ... on JobProgressed { progress } ... on JobFileAdded { name } } } }";
    let mut stream = ada.subscribe(document, json!({})).await;
    let (worker, _) = registered(&app).await;
    assert!(work_once(&worker).await);
    assert!(!work_once(&worker).await);
    let mut seen = Vec::new();
    while seen.last() != Some(&json!({ "to": "SUCCEEDED" })) {
        seen.push(stream.item("jobEvents").await["event"].take());
    }
    let expected: Vec<Value> = vec![
        json!({ "to": "QUEUED" }),
        json!({ "name": "a.mp3" }),
        json!({ "to": "CLAIMED" }),
        json!({ "to": "RUNNING" }),
        json!({ "progress": 0.3 }),
        json!({ "progress": 0.6 }),
        json!({ "to": "SUCCEEDED" }),
    ];
    assert_eq!(seen, expected);
    let back = get(&ada, &format!("/jobs/downloadTranscript?jobId={id}")).await.json();
    assert_eq!(back["transcript"], "1 said: hello");
    assert_eq!(job(&ada, id).await["status"]["step"], "downloaded");
}

#[tokio::test]
async fn the_queue_is_first_in_first_out() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    for number in 1..=6 {
        assert_eq!(submit(&ada, "x").await, number);
        app.clock.advance(std::time::Duration::from_micros(1));
    }
    let (worker, _) = registered(&app).await;
    for number in 1..=6 {
        let info = post(&worker, "/runners/retrieveJobInfo", &[]).await.json();
        assert_eq!(info["jobID"], number);
        post(&worker, "/runners/submitJobResult", &[("transcript", "x")]).await;
    }
}

#[tokio::test]
async fn workers_of_two_old_servers_stand_beside_each_other_in_one_query() {
    let stand_in = |config: &mut docket::config::Config| config.topchef.at.anonymous_as = Some("chef".to_owned());
    let (app, mails) = world_with(stand_in).await;
    app.author("chef").await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let kitchen = Kitchen { caller: app.anonymous(), app };
    let admin = kitchen.app.admin();
    let document = "subscription { jobEvents(after: \"e0\") { event {
        ... on JobStatusChanged { to job { dialect } } } } }";
    let mut stream = admin.subscribe(document, json!({})).await;

    // A worker of TopChef's registers its service and looks for work; a runner of Project-W's reports for it.
    let results = json!({ "type": "object", "properties": { "doubled": { "type": "integer" } } });
    let service = kitchen.service(json!({ "required": ["n"] }), results).await;
    assert_eq!(turn(&kitchen, &service).await, None);
    let (worker, _) = registered(&kitchen.app).await;
    submit(&ada, "hello").await;
    kitchen.app.advance(1);
    let doubled = kitchen.job(&service, json!({ "n": 21 })).await;
    assert!(work_once(&worker).await);
    assert_eq!(turn(&kitchen, &service).await, Some(doubled));

    let mut seen: Vec<(String, String)> = Vec::new();
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    while seen.iter().filter(|(_, to)| to == "SUCCEEDED").count() < 2 {
        let event = stream.item("jobEvents").await["event"].take();
        if event["to"].is_string() {
            seen.push((word(&event["job"]["dialect"]), word(&event["to"])));
        }
    }
    let of = |dialect: &str| -> Vec<&str> {
        seen.iter().filter(|(of, _)| of == dialect).map(|(_, to)| to.as_str()).collect()
    };
    assert_eq!(of("PROJECT_W"), ["QUEUED", "CLAIMED", "RUNNING", "SUCCEEDED"]);
    assert_eq!(of("TOPCHEF"), ["QUEUED", "RUNNING", "SUCCEEDED"]);
    let document = "{ jobs(order: SUBMITTED_AT_ASC) { nodes { status dialect results service { title } } } }";
    let nodes = admin.data(document, json!({})).await["jobs"]["nodes"].take();
    assert_eq!(
        nodes,
        json!([
            { "status": "SUCCEEDED", "dialect": "PROJECT_W", "results": { "transcript": "1 said: hello" },
              "service": { "title": "Transcription" } },
            { "status": "SUCCEEDED", "dialect": "TOPCHEF", "results": { "doubled": 42 },
              "service": { "title": "Testing Service" } },
        ])
    );
}

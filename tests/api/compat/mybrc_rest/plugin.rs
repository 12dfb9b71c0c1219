//! What the plugins do with a job, from its submission to its end.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, begins, ends};

#[tokio::test]
async fn a_job_is_asked_for_held_and_settled() {
    let world = World::new().await;
    let (status, said) = world.get("/can_submit_job/30.00/40001/fc_lee/").await;
    assert_eq!((status, &said["success"]), (StatusCode::OK, &json!(true)), "{said}");
    assert_eq!(world.sums().await, ["0", "0", "100"], "asking holds nothing");

    let (status, job) = world.post(begins("77", "30.00")).await;
    assert_eq!(status, StatusCode::CREATED, "{job}");
    assert_eq!(world.sums().await, ["30", "0", "70"]);
    let mut expected = begins("77", "30.00");
    let more = json!({ "submitdate": "2020-03-01T10:00:00Z", "startdate": "2020-03-01T10:01:00Z", "enddate": null,
        "num_req_nodes": null, "raw_time": null, "cpu_time": null, "created": job["created"], "updated": job["updated"] });
    expected.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    assert_eq!(job, expected);

    let mut running = begins("77", "25.50");
    running["num_req_nodes"] = json!(2);
    let (status, job) = world.put("77", running).await;
    assert_eq!((status, &job["amount"], &job["num_req_nodes"]), (StatusCode::OK, &json!("25.50"), &json!(2)));
    assert_eq!(world.sums().await, ["25.5", "0", "74.5"]);

    let (status, job) = world.put("77", ends("77", "26.25")).await;
    assert_eq!((status, &job["amount"], &job["jobstatus"]), (StatusCode::OK, &json!("26.25"), &json!("COMPLETED")));
    assert_eq!((&job["enddate"], &job["cpu_time"]), (&json!("2020-03-01T11:01:00Z"), &json!(40.0)));
    assert_eq!(world.sums().await, ["0", "26.25", "73.75"]);
    assert_eq!(world.entries().await, ["HOLD 30 0", "RELEASE -4.5 0", "SETTLE -25.5 26.25"]);
}

#[tokio::test]
async fn graphql_and_the_first_api_show_the_same_job() {
    let world = World::new().await;
    world.post(begins("77", "30.00")).await;
    world.put("77", ends("77", "26.25")).await;
    let document = "{ recordedJobs(filter: { hasKey: true }) { totalCount cpuHours amount nodes { status origin amount
        owner { username } account { name } slurm { key jobId partition qos stateCode partitionName qosName stateName nodes
        nodesRequested nodesAllocated cpus rawHours cpuHours } dialectNumber } } }";
    let found = world.app.admin().data(document, json!({})).await["recordedJobs"].take();
    let job = &found["nodes"][0];
    let slurm = json!({ "key": "77", "jobId": "77", "partition": 1, "qos": 7, "stateCode": 4, "partitionName": "savio",
        "qosName": "normal", "stateName": "COMPLETED", "nodes": ["n0001.savio1", "n0002.savio1"], "nodesRequested": 2,
        "nodesAllocated": 2, "cpus": 40, "rawHours": 1.0, "cpuHours": 40.0 });
    assert_eq!(job["slurm"], slurm);
    assert_eq!(
        (&job["status"], &job["origin"], &job["amount"]),
        (&json!("SUCCEEDED"), &json!("RECORDED"), &json!("26.25"))
    );
    assert_eq!((&found["cpuHours"], &found["amount"]), (&json!(40.0), &json!("26.25")));
    let number = &job["dialectNumber"];
    let answer = world.app.admin().get(&format!("/mybrc/jobs/{number}/")).send().await.expect("an answer");
    let first: Value = answer.json().await.expect("JSON");
    let shown = ["jobslurmid", "amount", "jobstatus", "partition", "qos"].map(|name| first[name].clone());
    assert_eq!(json!(shown), json!([77, 26.25, 4, 1, 7]));
}

#[tokio::test]
async fn the_begin_may_be_reported_again_and_again() {
    let world = World::new().await;
    let (_, first) = world.post(begins("77", "30.00")).await;
    let (status, again) = world.post(begins("77", "30.00")).await;
    assert_eq!((status, again), (StatusCode::OK, first), "the stored job");
    let (status, said) = world.post(begins("77", "31.00")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(said, json!({ "jobslurmid": ["job with this jobslurmid already exists."] }));
    assert_eq!(world.sums().await, ["30", "0", "70"]);
    // Also when the job has ended meanwhile.
    world.put("77", ends("77", "26.25")).await;
    let (status, late) = world.post(begins("77", "30.00")).await;
    assert_eq!((status, &late["amount"]), (StatusCode::OK, &json!("26.25")));
    assert_eq!(world.sums().await, ["0", "26.25", "73.75"]);
    // Another token of somebody else's is no other job.
    let other = world.app.user_with("slurm2", &["accounting"], false).await;
    let request = other.request(Method::POST, "/mybrc-rest/jobs/").json(&begins("77", "30.00"));
    assert_eq!(super::answer(request).await.0, StatusCode::OK);
    assert_eq!(world.sums().await, ["0", "26.25", "73.75"]);
}

#[tokio::test]
async fn two_reports_at_once_are_charged_once() {
    let world = World::new().await;
    let replica = world.app.replica().await;
    let elsewhere = replica.as_ref().unwrap_or(&world.app);
    let send = |app: &crate::support::TestApp, body: Value, method: Method, path: &str| {
        let request = app.anonymous().request(method, &format!("/mybrc-rest{path}"));
        super::answer(request.header("authorization", format!("Token {}", world.token())).json(&body))
    };
    for round in 0..10 {
        let id = format!("r{round}");
        let posts = (0..6).map(|number| {
            let app = if number % 2 == 0 { &world.app } else { elsewhere };
            send(app, begins(&id, "1.00"), Method::POST, "/jobs/")
        });
        let statuses: Vec<_> =
            futures_util::future::join_all(posts).await.into_iter().map(|(status, _)| status).collect();
        let made = statuses.iter().filter(|status| **status == StatusCode::CREATED).count();
        assert_eq!(made, 1, "{statuses:?}");
        assert!(statuses.iter().all(StatusCode::is_success), "{statuses:?}");
    }
    assert_eq!(world.sums().await, ["10", "0", "90"]);
    // The end may be reported twice at once, too, and beside a late begin.
    let path = "/jobs/r0/";
    let all = [
        send(&world.app, ends("r0", "2.00"), Method::PUT, path),
        send(elsewhere, ends("r0", "2.00"), Method::PUT, path),
        send(elsewhere, begins("r0", "1.00"), Method::POST, "/jobs/"),
        send(&world.app, ends("new", "3.00"), Method::PUT, "/jobs/new/"),
        send(elsewhere, ends("new", "3.00"), Method::PUT, "/jobs/new/"),
    ];
    for (status, said) in futures_util::future::join_all(all).await {
        assert_eq!(status, StatusCode::OK, "{said}");
    }
    assert_eq!(world.sums().await, ["9", "5", "86"]);
}

#[tokio::test]
async fn an_end_is_taken_without_a_begin_and_corrected_by_another() {
    let world = World::new().await;
    let (status, job) = world.put("8_1", ends("8_1", "40.00")).await;
    assert_eq!((status, &job["jobslurmid"]), (StatusCode::OK, &json!("8_1")));
    assert_eq!(world.sums().await, ["0", "40", "60"]);
    world.put("8_1", ends("8_1", "15.00")).await;
    assert_eq!(world.sums().await, ["0", "15", "85"], "the difference comes back");
    world.put("8_1", ends("8_1", "15.00")).await;
    assert_eq!(world.entries().await, ["SETTLE 0 40", "SETTLE 0 -25"], "the same again books nothing");
    let (status, said) = world.post(begins("8_1", "30.00")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
}

#[tokio::test]
async fn what_an_end_does_not_say_stays() {
    let world = World::new().await;
    world.post(begins("9", "12.00")).await;
    let (status, job) = world.put("9", json!({ "enddate": "2020-03-01T12:00:00Z" })).await;
    assert_eq!((status, &job["amount"], &job["partition"]), (StatusCode::OK, &json!("12.00"), &json!("savio")));
    assert_eq!(world.sums().await, ["0", "12", "88"], "what was held is taken");
    // Scripts send forms, with what nobody reads.
    let request = world.app.anonymous().put("/mybrc-rest/jobs/9/");
    let form = "nodes=%5B%27n0001.savio1%27%5D&amount=11.5&userid=40001&end_date=x&qos=";
    let request = request.header("authorization", format!("Token {}", world.token()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let (status, job) = super::answer(request).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("11.50")));
    assert_eq!(job["nodes"], json!([{ "name": "n0001.savio1" }, { "name": "n0002.savio1" }]));
}

#[tokio::test]
async fn patch_says_that_it_does_nothing() {
    let world = World::new().await;
    let (status, said) = world.ask(Method::PATCH, "/jobs/1/", Some(json!({ "amount": "1" }))).await;
    assert_eq!((status, said), (StatusCode::OK, json!({ "failure": "This method is not supported." })));
}

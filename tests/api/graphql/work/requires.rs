//! Labels that jobs require and runners have.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

fn labels(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

async fn submit(client: &Client, service: &str, requires: &[(&str, &str)]) -> String {
    client.submit_with(json!({ "serviceId": service, "requires": labels(requires) })).await
}

async fn refused(client: &Client, service: &str, set: usize) -> bool {
    let input = json!({ "serviceId": service, "requires": labels(&[("set", &set.to_string())]) });
    client.wrong("jobSubmit", input).await == ["requires"]
}

#[tokio::test]
async fn a_runner_gets_the_jobs_whose_labels_are_all_among_its_own() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let limited = app.service(json!({ "limits": { "maxRunningPerUser": 100 } })).await;
    let sets: [&[(&str, &str)]; 5] =
        [&[], &[("gpu", "a100")], &[("gpu", "")], &[("gpu", "a100"), ("os", "linux")], &[("GPU", "a100")]];
    for (has, gets) in [
        (vec![], vec![0]),
        (vec![("gpu", "a100")], vec![0, 1]),
        (vec![("gpu", "")], vec![0, 2]),
        (vec![("os", "linux")], vec![0]),
        (vec![("os", "linux"), ("gpu", "a100"), ("ram", "1")], vec![0, 1, 3]),
        (vec![("os", "mac"), ("gpu", "a100")], vec![0, 1]),
        (vec![("GPU", "a100")], vec![0, 4]),
    ] {
        for service in [&service, &limited] {
            let runner = app.runner_with(json!({ "serviceIds": [service], "labels": labels(&has) })).await;
            let mut jobs = Vec::new();
            for set in sets {
                jobs.push(submit(&app.admin(), service, set).await);
            }
            let taken = runner.claim_with(json!({ "max": 100 })).await;
            let taken: Vec<&String> = taken.iter().map(|lease| &lease.job).collect();
            assert_eq!(taken, gets.iter().map(|set: &usize| &jobs[*set]).collect::<Vec<_>>(), "{has:?}");
            let all = json!({ "filter": { "serviceId": { "eq": service } } });
            app.admin().change("jobsCancel", all, "cancelled").await;
            app.admin().change("runnerDelete", json!({ "runnerId": runner.id }), "runner { id }").await;
        }
    }
}

#[tokio::test]
async fn a_runner_shows_its_labels_and_says_others_when_it_registers() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "labels": labels(&[("b", "2"), ("a", "1")]) })).await;
    let job = submit(&app.admin(), &service, &[("c", "3")]).await;
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
    let register = async |input: Value| {
        let selection = "runner { slots labels { key value } }";
        runner.change("runnerRegister", input, selection).await["runner"]["labels"].take()
    };
    assert_eq!(register(json!({})).await, labels(&[("a", "1"), ("b", "2")]));
    assert_eq!(register(json!({ "labels": labels(&[("c", "3")]) })).await, labels(&[("c", "3")]));
    assert_eq!(register(json!({ "slots": 7 })).await, labels(&[("c", "3")]));
    assert_eq!(runner.claim().await.job, job);
    assert_eq!(register(json!({ "labels": [] })).await, json!([]));
    let wrong = labels(&[("a", "1"), ("a", "2"), ("b c", "")]);
    assert_eq!(runner.wrong("runnerRegister", json!({ "labels": wrong })).await, ["labels/1/key", "labels/2/key"]);
    let input = json!({ "name": "x", "serviceIds": [service], "labels": wrong });
    assert_eq!(app.admin().wrong("runnerCreate", input).await, ["labels/1/key", "labels/2/key"]);
}

#[tokio::test]
async fn a_waiting_claim_hears_of_a_set_that_is_new() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "labels": labels(&[("a", "1")]) })).await;
    let waiting = tokio::spawn(async move { runner.claim_with(json!({ "waitSeconds": 30 })).await });
    submit(&app.admin(), &service, &[("a", "2")]).await;
    let job = submit(&app.admin(), &service, &[("a", "1")]).await;
    let leases = tokio::time::timeout(crate::support::PATIENCE, waiting).await.expect("it wakes").expect("no panic");
    assert_eq!(leases[0].job, job);
}

#[tokio::test]
async fn many_queues_are_read_together_in_the_order_of_urgency() {
    let app = TestApp::new().await;
    let mut services = Vec::new();
    for _ in 0..12 {
        services.push(app.service(json!({})).await);
    }
    let runner = app.runner_with(json!({ "serviceIds": services })).await;
    let mut jobs = Vec::new();
    for (priority, service) in services.iter().enumerate() {
        jobs.push(app.admin().submit_with(json!({ "serviceId": service, "priority": priority })).await);
        app.admin().submit_with(json!({ "serviceId": service, "priority": -1 })).await;
    }
    jobs.reverse();
    let first: Vec<String> = runner.claim_with(json!({ "max": 12 })).await.into_iter().map(|lease| lease.job).collect();
    assert_eq!(first, jobs);
    assert_eq!(runner.claim_with(json!({ "max": 100 })).await.len(), 12);
}

#[tokio::test]
async fn nobody_uses_up_the_sets_of_somebody_else() {
    let app = TestApp::new().await;
    let (service, other) = (app.service(json!({})).await, app.service(json!({})).await);
    let (ada, bea) = (app.user("ada").await, app.user("bea").await);
    let mut jobs = Vec::new();
    for set in 0..16 {
        jobs.push(submit(&ada, &service, &[("set", &set.to_string())]).await);
    }
    assert!(refused(&ada, &service, 16).await);
    assert!(!refused(&ada, &service, 3).await, "a set that is there");
    assert!(!refused(&ada, &other, 16).await && !refused(&bea, &service, 16).await);
    // Room is made from what no unfinished job has.
    ada.change("jobCancel", json!({ "jobId": jobs[5] }), "job { id }").await;
    assert!(!refused(&ada, &service, 17).await);
    assert!(refused(&ada, &service, 18).await);
    // A job that waits again needs its set again.
    assert_eq!(ada.refused("jobRetry", json!({ "jobId": jobs[5] })).await, "INVALID");
    // What only somebody else has any more is theirs.
    for set in 0..5 {
        submit(&bea, &service, &[("set", &set.to_string())]).await;
    }
    ada.change("jobsCancel", json!({ "filter": { "ownerId": { "eq": ada.id } } }), "cancelled").await;
    for set in 100..116 {
        assert!(!refused(&ada, &service, set).await, "{set}");
    }
    for set in 200..210 {
        assert!(!refused(&bea, &service, set).await, "{set}");
    }
    assert!(refused(&bea, &service, 210).await, "16 with those that she took over");
}

#[tokio::test]
async fn a_service_has_256_sets_at_most() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    for user in 0..16 {
        let client = app.user(&format!("user{user}")).await;
        let job = |set: i32| json!({ "serviceId": service, "requires": labels(&[("set", &format!("{user}-{set}"))]) });
        let jobs: Vec<Value> = (0..16).map(job).collect();
        let made = client.change("jobSubmitBatch", json!({ "jobs": jobs }), "results { error { message } }").await;
        assert_eq!(made["results"], json!(vec![json!({ "error": null }); 16]), "user {user}");
    }
    let last = app.user("last").await;
    assert!(refused(&last, &service, 0).await);
    let document = "mutation($input: JobsCancelInput!) { jobsCancel(input: $input) { cancelled } }";
    let filter = json!({ "input": { "filter": { "serviceId": { "eq": service } } } });
    assert_eq!(app.admin().data(document, filter).await["jobsCancel"]["cancelled"], 256);
    assert!(!refused(&last, &service, 0).await);
}

#[tokio::test]
async fn the_order_of_labels_is_no_difference_to_a_key() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let (one, two) = (labels(&[("a", "1"), ("b", "2")]), labels(&[("b", "2"), ("a", "1")]));
    let input = |labels: &Value, requires: &Value| json!({ "serviceId": service, "labels": labels, "requires": requires, "idempotencyKey": "k" });
    let first = ada.change("jobSubmit", input(&one, &two), "replayed job { id }").await;
    let again = ada.change("jobSubmit", input(&two, &one), "replayed job { id }").await;
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["job"], again["job"]);
    assert_eq!(ada.refused("jobSubmit", input(&one, &json!([]))).await, "IDEMPOTENCY_MISMATCH");
}

//! Jobs: submitted, polled for, looked at and set.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Kitchen, errors, keys};

#[tokio::test]
async fn a_job_is_submitted() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({ "type": "object" }), json!({})).await;
    let parameters = json!({ "experiment_type": "RABI", "wait_time": 5e-7 });
    let path = format!("/services/{service}/jobs");
    let made = kitchen.post(&path, &json!({ "parameters": parameters, "status": "COMPLETED" })).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.body["data"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.location, Some(kitchen.caller.url(&format!("/topchef/jobs/{id}"))));
    assert_eq!(keys(&made.body), ["data", "meta"]);
    assert_eq!(made.body["meta"], format!("new job ID is {id}"));
    let data = &made.body["data"];
    assert_eq!(keys(data), ["date_submitted", "id", "parameters", "results", "status"]);
    assert_eq!(
        (&data["parameters"], &data["results"], &data["status"]),
        (&parameters, &Value::Null, &json!("REGISTERED"))
    );

    let shown = kitchen.get(&format!("/jobs/{id}")).await;
    assert_eq!((&shown.body["data"], keys(&shown.body)), (data, vec!["data", "links", "meta"]));
    assert_eq!(shown.body["links"], json!({ "self": kitchen.caller.url(&format!("/topchef/jobs/{id}")) }));
}

#[tokio::test]
async fn ids_are_taken_as_python_takes_them() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    for spelled in
        [job.to_uppercase(), job.replace('-', ""), format!("urn:uuid:{job}"), format!("%7B{job}%7D"), job.clone()]
    {
        let shown = kitchen.get(&format!("/jobs/{spelled}")).await;
        assert_eq!(shown.body["data"]["id"], job.as_str(), "{spelled}");
        assert!(shown.body["links"]["self"].as_str().expect("a link").ends_with(&job), "links are canonical");
    }
}

#[tokio::test]
async fn the_queue_has_ten_and_next_the_first_of_them() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}");
    for empty in ["queue", "jobs/next"] {
        let answer = kitchen.get(&format!("{path}/{empty}")).await;
        assert_eq!((answer.status, answer.body), (StatusCode::NO_CONTENT, Value::Null));
    }
    let mut jobs = Vec::new();
    for number in 0..12 {
        jobs.push(kitchen.job(&service, json!({ "number": number })).await);
    }
    let queue = kitchen.get(&format!("{path}/queue")).await;
    assert_eq!(keys(&queue.body), ["data", "links", "meta"]);
    let ids = |body: &Value| -> Vec<String> {
        let data = body["data"].as_array().expect("a list");
        data.iter().map(|job| job["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&queue.body), jobs[..10]);
    let next = kitchen.get(&format!("{path}/jobs/next")).await;
    assert_eq!(next.body["data"], queue.body["data"][0]);
    assert_eq!(kitchen.get(&format!("{path}/jobs/next")).await.body["data"]["id"], jobs[0].as_str(), "it is no claim");

    kitchen.patch(&format!("/jobs/{}", jobs[0]), &json!({ "status": "working" })).await;
    assert_eq!(ids(&kitchen.get(&format!("{path}/queue")).await.body), jobs[1..11]);
    let all = kitchen.get(&format!("{path}/jobs")).await;
    assert_eq!(ids(&all.body), jobs, "of any state");
    assert_eq!(all.body["meta"]["new_job_schema"]["properties"]["parameters"], json!({}));
}

#[tokio::test]
async fn any_state_follows_any_other_and_results_stay() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({ "type": "object", "required": ["n"] })).await;
    let job = kitchen.job(&service, json!({})).await;
    let path = format!("/jobs/{job}");
    let words = ["REGISTERED", "WORKING", "COMPLETED", "ERROR"];
    for from in words {
        for to in words {
            kitchen.patch(&path, &json!({ "status": from })).await;
            let set = kitchen.patch(&path, &json!({ "status": to })).await;
            assert_eq!((set.status, &set.body["status"]), (StatusCode::OK, &json!(to)), "{from} to {to}: {}", set.body);
            assert_eq!(keys(&set.body), ["date_submitted", "id", "parameters", "results", "status"], "bare");
            assert_eq!(set.body["results"], Value::Null, "COMPLETED without results is a state, too");
        }
    }
    let set = kitchen.patch(&path, &json!({ "status": "COMPLETED", "results": { "n": 1 } })).await;
    assert_eq!(set.body["results"], json!({ "n": 1 }));
    let set = kitchen.patch(&path, &json!({ "status": "REGISTERED", "results": null })).await;
    assert_eq!((&set.body["status"], &set.body["results"]), (&json!("REGISTERED"), &json!({ "n": 1 })));
    let next = kitchen.get(&format!("/services/{service}/jobs/next")).await;
    assert_eq!(next.body["data"]["id"], job.as_str(), "it waits again");
    let set = kitchen.patch(&path, &json!({ "results": { "n": 2 } })).await;
    assert_eq!((&set.body["status"], &set.body["results"]), (&json!("REGISTERED"), &json!({ "n": 2 })));
}

#[tokio::test]
async fn working_by_hand_is_never_taken_back() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    kitchen.patch(&format!("/jobs/{job}"), &json!({ "status": "WORKING" })).await;
    kitchen.app.advance(100_000);
    assert_eq!(kitchen.app.sweep().await, 0);
    assert_eq!(kitchen.get(&format!("/jobs/{job}")).await.body["data"]["status"], "WORKING");
}

#[tokio::test]
async fn a_whole_job_with_nulls_changes_nothing() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({ "a": 1 })).await;
    let before = kitchen.get(&format!("/jobs/{job}")).await.body["data"].take();
    let whole = json!({ "id": "x", "date_submitted": null, "status": null, "parameters": { "a": 2 }, "results": null });
    let request = kitchen.caller.post(&format!("/topchef/jobs/{job}")).header("X-HTTP-Method-Override", "PATCH");
    let set = super::read(request.json(&whole)).await;
    assert_eq!((set.status, set.body), (StatusCode::OK, before));
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({ "properties": { "n": { "type": "integer" } } })).await;
    let job = kitchen.job(&service, json!({})).await;
    let path = format!("/jobs/{job}");
    for (change, title, part) in [
        (
            json!({ "status": "COMPLETED", "results": { "n": "x" } }),
            "JSONSchema Validation Error",
            "Validation of schema [] threw error ",
        ),
        (json!({ "status": "DONE" }), "Deserialization Error From Client Data", "'Unknown value for job status enum'"),
        (json!({ "status": 5 }), "Deserialization Error From Client Data", "'Not a valid string.'"),
        (json!({ "results": [] }), "Deserialization Error From Client Data", "'Not a valid mapping type.'"),
        (json!("x"), "Deserialization Error From Client Data", "'Invalid input type.'"),
    ] {
        let refused = kitchen.patch(&path, &change).await;
        let (found, detail) = errors(&refused).remove(0);
        assert_eq!((refused.status, found.as_str()), (StatusCode::BAD_REQUEST, title), "{change}");
        assert!(detail.contains(part), "{detail}");
        let data = kitchen.get(&path).await.body["data"].take();
        assert_eq!((&data["status"], &data["results"]), (&json!("REGISTERED"), &Value::Null));
    }
    let bodyless = kitchen.send(Method::PATCH, &path).await;
    assert_eq!(errors(&bodyless)[0].0, "Request Not JSON");
}

#[tokio::test]
async fn jobs_of_others_are_seen_and_set_by_who_runs_the_service() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let ada = kitchen.app.user("ada").await;
    let job = ada.submit(&format!("service_{}", service.replace('-', "")), json!({})).await;
    let uuid = super::wire_uuid(&job);
    assert_eq!(kitchen.patch(&format!("/jobs/{uuid}"), &json!({ "status": "ERROR" })).await.status, StatusCode::OK);
    assert_eq!(ada.status(&job).await, "FAILED");
    // But who does not run it sees nothing of what is not its own.
    let eve = kitchen.app.user("eve").await;
    let hidden = super::read(eve.get(&format!("/topchef/jobs/{uuid}"))).await;
    assert_eq!(errors(&hidden), [("Job Not Found".to_owned(), format!("A job with id {uuid} was not found"))]);
    let listed = super::read(eve.get("/topchef/jobs")).await;
    assert_eq!(listed.body["data"], json!([]));
}

//! Lists that have no end in the contract, and bodies as large as it takes them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Kitchen, read};

/// Submits so many jobs over GraphQL.
async fn fill(kitchen: &Kitchen, service: &str, mut count: usize) {
    let chef = kitchen.app.anonymous().log_in("chef").await;
    let id = format!("service_{}", service.replace('-', ""));
    while count > 0 {
        let now = count.min(500);
        let job = json!({ "serviceId": id, "parameters": {} });
        let input = json!({ "jobs": vec![job; now] });
        chef.change("jobSubmitBatch", input, "results { job { id } }").await;
        count -= now;
    }
}

#[tokio::test]
async fn lists_go_on_over_pages() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    fill(&kitchen, &service, 2_100).await;
    let ids = |body: &Value, jobs: &Value| {
        assert!(body.is_object());
        let jobs = jobs.as_array().expect("a list").iter();
        jobs.map(|job| job["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let all = kitchen.get("/jobs").await.body;
    let mut seen = ids(&all, &all["data"]);
    assert_eq!(seen.len(), 2_100);
    let shown = kitchen.get(&format!("/services/{service}")).await.body;
    assert_eq!(ids(&shown, &shown["data"]["jobs"]), seen);
    assert_eq!(shown["data"]["timeout"], 30, "what comes after the list is there, too");
    let full = kitchen.get(&format!("/services/{service}/jobs")).await.body;
    assert_eq!(ids(&full, &full["data"]), seen);
    seen.dedup();
    assert_eq!(seen.len(), 2_100);

    let compact = kitchen.caller.get("/topchef/jobs").header("X-Requested-With", "XMLHttpRequest");
    let text = compact.send().await.expect("an answer").text().await.expect("a body");
    assert!(text.starts_with("{\"data\":[{\"date_submitted\":\"") && text.ends_with("}}}\n"), "{}", &text[..80]);
}

#[tokio::test]
async fn a_list_is_written_like_any_other_value() {
    let kitchen = Kitchen::new().await;
    let empty = kitchen.caller.get("/topchef/jobs").send().await.expect("an answer").text().await.expect("a body");
    assert!(empty.starts_with("{\n  \"data\": [], \n  \"links\": {\n"), "{empty}");
    let service = kitchen.service(json!({}), json!({})).await;
    kitchen.job(&service, json!({})).await;
    let one = kitchen.caller.get("/topchef/jobs").send().await.expect("an answer").text().await.expect("a body");
    assert!(one.starts_with("{\n  \"data\": [\n    {\n      \"date_submitted\": \""), "{one}");
    assert!(one.contains("\n    }\n  ], \n  \"links\": {\n"), "{one}");
}

#[tokio::test]
async fn parameters_may_be_as_large_as_ever() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}/jobs");
    let large = json!({ "parameters": { "text": "x".repeat(4 * 1024 * 1024) } });
    let made = kitchen.post(&path, &large).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.body["data"]["id"].as_str().expect("an id").to_owned();
    let results = json!({ "results": { "text": "y".repeat(4 * 1024 * 1024) } });
    assert_eq!(kitchen.patch(&format!("/jobs/{id}"), &results).await.status, StatusCode::OK);
    let text = "x".repeat(17 * 1024 * 1024);
    let request = kitchen.caller.post(&format!("/topchef{path}")).header("content-type", "application/json");
    assert_eq!(read(request.body(text)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Jobs in full may be of 32 MiB each: those that are large come one by one, whoever reads.
#[tokio::test]
async fn large_jobs_are_read_a_few_at_a_time() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let mut ids = Vec::new();
    for mebibytes in [1, 3, 0, 5, 2, 0] {
        ids.push(kitchen.job(&service, json!({ "text": "x".repeat(mebibytes * 1_048_576) })).await);
    }
    let first = json!({ "results": { "text": "y".repeat(1_048_576) } });
    assert_eq!(kitchen.patch(&format!("/jobs/{}", ids[0]), &first).await.status, StatusCode::OK);
    for path in ["jobs", "queue"] {
        let body = kitchen.get(&format!("/services/{service}/{path}")).await.body;
        let jobs = body["data"].as_array().expect("a list");
        let seen: Vec<_> = jobs.iter().map(|job| job["id"].as_str().expect("an id")).collect();
        assert_eq!(seen, ids, "{path}");
        let sizes: Vec<_> = jobs.iter().map(|job| job["parameters"]["text"].as_str().map_or(0, str::len)).collect();
        assert_eq!(sizes, [1, 3, 0, 5, 2, 0].map(|mebibytes| mebibytes * 1_048_576), "{path}");
        assert_eq!(jobs[0]["results"], first["results"]);
        assert!(body["meta"]["data_schema"].is_object(), "what comes after the list is there, too");
    }
    let version_1 = kitchen.get(&format!("/v1/services/{service}/queue")).await.body;
    assert_eq!(version_1["data"].as_array().map(Vec::len), Some(6));
    assert_eq!(kitchen.get(&format!("/services/{service}/jobs/next")).await.body["data"]["id"], ids[0].as_str());

    let chef = kitchen.app.anonymous().log_in("chef").await;
    let page = async |arguments: &str, fields: &str| {
        let document = format!(
            "{{ jobs(order: SUBMITTED_AT_ASC, {arguments}) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
        );
        let page = chef.data(&document, json!({})).await["jobs"].take();
        let flags = (page["pageInfo"]["hasNextPage"] == true, page["pageInfo"]["hasPreviousPage"] == true);
        (page["nodes"].as_array().expect("a list").len(), flags)
    };
    assert_eq!(page("first: 100", "id status").await, (6, (false, false)));
    assert_eq!(
        page("first: 100", "id parameters results").await,
        (1, (true, false)),
        "1 and 1 MiB, and 3 are too many"
    );
    assert_eq!(page("last: 100", "id parameters").await, (2, (false, true)));
}

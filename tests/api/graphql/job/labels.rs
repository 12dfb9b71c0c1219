//! What jobs are called by.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

fn labels(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

async fn found(client: &Client, wanted: &[(&str, &str)]) -> usize {
    let document = "query($filter: JobFilter) { jobs(filter: $filter) { totalCount nodes { id } } }";
    let found = client.data(document, json!({ "filter": { "labels": labels(wanted) } })).await["jobs"].take();
    let listed = found["nodes"].as_array().map_or(0, Vec::len);
    assert_eq!(found["totalCount"], listed);
    listed
}

#[tokio::test]
async fn jobs_are_found_by_all_the_labels_that_are_asked_for() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let mut last = String::new();
    for run in ["1", "2", ""] {
        let given = labels(&[("run", run), ("kind/of.it", "nightly ü")]);
        last = ada.submit_with(json!({ "serviceId": service, "labels": given })).await;
    }
    ada.submit(&service, json!({})).await;
    assert_eq!(found(&ada, &[]).await, 4);
    assert_eq!(found(&ada, &[("run", "1")]).await, 1);
    assert_eq!(found(&ada, &[("run", "")]).await, 1);
    assert_eq!(found(&ada, &[("kind/of.it", "nightly ü")]).await, 3);
    assert_eq!(found(&ada, &[("kind/of.it", "nightly ü"), ("run", "2")]).await, 1);
    assert_eq!(found(&ada, &[("kind/of.it", "nightly"), ("run", "2")]).await, 0);
    assert_eq!(found(&ada, &[("Run", "1")]).await, 0);
    assert_eq!(found(&eve, &[("run", "1")]).await, 0);
    // In the order of the keys, whatever order they came in.
    let shown = ada.job(&last, "labels { key value }").await;
    assert_eq!(shown["labels"], labels(&[("kind/of.it", "nightly ü"), ("run", "")]));
    // With the job its labels go.
    ada.change("jobCancel", json!({ "jobId": last }), "job { id }").await;
    ada.change("jobDelete", json!({ "jobId": last }), "job { id }").await;
    assert_eq!(found(&ada, &[("run", "")]).await, 0);
}

#[tokio::test]
async fn a_label_out_of_bounds_is_named_by_its_place() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let (long_key, long_value) = ("k".repeat(65), "ü".repeat(257));
    let many: Vec<(String, String)> = (0..33).map(|index| (index.to_string(), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    for field in ["labels", "requires"] {
        for (given, paths) in [
            (labels(&[("", "")]), vec!["0/key"]),
            (labels(&[("a b", ""), ("é", "")]), vec!["0/key", "1/key"]),
            (labels(&[(&long_key, &long_value)]), vec!["0/key", "0/value"]),
            (labels(&[("a", "x\ny")]), vec!["0/value"]),
            (labels(&[("a", "1"), ("b", "1"), ("a", "2")]), vec!["2/key"]),
            (labels(&many), vec![""]),
        ] {
            let paths: Vec<String> =
                paths.iter().map(|path| format!("{field}/{path}").trim_end_matches('/').to_owned()).collect();
            let input = json!({ "serviceId": service, field: given });
            assert_eq!(ada.wrong("jobSubmit", input).await, paths, "{given}");
        }
    }
    let document = "query($filter: JobFilter) { jobs(filter: $filter) { totalCount } }";
    let faults = ada.faults(document, json!({ "filter": { "labels": labels(&[("", "")]) } })).await;
    assert_eq!(faults[0].0, "filter/labels/0/key");
    let (key, value) = ("k".repeat(64), "ü".repeat(256));
    let input = json!({ "serviceId": service, "labels": labels(&[(&key, &value)]) });
    ada.submit_with(input).await;
    assert_eq!(found(&ada, &[(&key, &value)]).await, 1);
}

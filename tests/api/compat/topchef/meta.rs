//! The schemas under `meta`, as the old server told them: `meta.json` was written down from its answers.

use serde_json::{Value, json};

use super::Kitchen;

#[tokio::test]
async fn every_answer_tells_its_schemas() {
    let told: Value = serde_json::from_str(include_str!("meta.json")).expect("JSON");
    let kitchen = Kitchen::new().await;
    let parameters = json!({ "title": "Mine" });
    let service = kitchen.service(parameters.clone(), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let mut of_service = told["GET /services/{id}/jobs"].clone();
    of_service["new_job_schema"]["properties"]["parameters"] = parameters;
    for (path, expected) in [
        (String::new(), &told["GET /"]),
        ("/services".to_owned(), &told["GET /services"]),
        (format!("/services/{service}"), &told["GET /services/{id} (and PATCH)"]),
        (format!("/services/{service}/queue"), &told["GET /services/{id}/queue"]),
        (format!("/services/{service}/jobs/next"), &told["GET /services/{id}/jobs/next"]),
        (format!("/services/{service}/jobs"), &of_service),
        ("/jobs".to_owned(), &told["GET /jobs"]),
        (format!("/jobs/{job}"), &told["GET /jobs/{id}"]),
        ("/validator".to_owned(), &told["GET /validator"]),
    ] {
        let body = kitchen.get(&path).await.body;
        assert!(expected.is_object(), "{path}");
        assert_eq!(&body["meta"], expected, "{path}");
    }
}

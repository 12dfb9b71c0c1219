//! The schemas under `meta`, as the old server told them: `meta.json` beside the handlers was taken from it.

use serde_json::{Value, json};

use super::Kitchen;

#[tokio::test]
async fn every_answer_tells_its_schemas() {
    let told: Value = serde_json::from_str(include_str!("../../../../src/compat/topchef/meta.json")).expect("JSON");
    let kitchen = Kitchen::new().await;
    let parameters = json!({ "title": "Mine" });
    let service = kitchen.service(parameters.clone(), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let mut of_service = told["service_jobs"].clone();
    of_service["new_job_schema"]["properties"]["parameters"] = parameters;
    for (path, expected) in [
        (String::new(), &told["about"]),
        ("/services".to_owned(), &told["services"]),
        (format!("/services/{service}"), &told["service"]),
        (format!("/services/{service}/queue"), &told["queue"]),
        (format!("/services/{service}/jobs/next"), &told["next"]),
        (format!("/services/{service}/jobs"), &of_service),
        ("/jobs".to_owned(), &told["jobs"]),
        (format!("/jobs/{job}"), &told["job"]),
        ("/validator".to_owned(), &told["validator"]),
    ] {
        let body = kitchen.get(&path).await.body;
        assert!(expected.is_object(), "{path}");
        assert_eq!(&body["meta"], expected, "{path}");
    }
}

//! Whether a job may be submitted, and accounts that hold to other rules.

use reqwest::StatusCode;
use serde_json::json;

use super::{World, begins, ends};

impl World {
    async fn verdict(&self, path: &str) -> (StatusCode, bool, String) {
        let (status, said) = self.get(path).await;
        let message = said["message"].as_str().unwrap_or_default().to_owned();
        (status, said["success"].as_bool().unwrap_or_else(|| panic!("no verdict: {said}")), message)
    }

    async fn update(&self, change: serde_json::Value) {
        let mut input = json!({ "accountId": self.account });
        input.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        self.app.admin().change("accountUpdate", input, "account { id }").await;
    }
}

#[tokio::test]
async fn a_job_fits_or_is_told_why_not() {
    let world = World::new().await;
    let ok = StatusCode::OK;
    assert!(world.verdict("/can_submit_job/60.00/40001/fc_lee/").await.1, "as much as is left passes");
    world.post(begins("1", "50.00")).await;
    let (status, success, message) = world.verdict("/can_submit_job/10.01/40001/fc_lee/").await;
    assert_eq!((status, success), (ok, false));
    assert_eq!(message, "Adding job_cost 10.01 to user balance 50.00 would exceed user allocation 60.00.");
    let (_, success, message) = world.verdict("/can_submit_job/50.01/40001/fc_lee").await;
    assert_eq!(message, "Adding job_cost 50.01 to account balance 50.00 would exceed account allocation 100.00.");
    assert!(!success);
    let (status, success, message) = world.verdict("/can_submit_job/0/40002/fc_lee/").await;
    assert_eq!((status, success, message.as_str()), (ok, false, "User eve is not a member of account fc_lee."));
}

#[tokio::test]
async fn a_question_that_is_wrong_lets_the_job_in() {
    let world = World::new().await;
    for (path, message) in [
        ("/can_submit_job/x/40001/fc_lee/", "A valid number is required."),
        ("/can_submit_job/-1/40001/fc_lee/", "Ensure this value is greater than or equal to 0."),
        ("/can_submit_job/1.001/40001/fc_lee/", "Ensure that there are no more than 2 decimal places."),
        ("/can_submit_job/9999999999.99/40001/fc_lee/", "Ensure that there are no more than 11 digits in total."),
        ("/can_submit_job/1/99/fc_lee/", "Object with cluster_uid=99 does not exist."),
        ("/can_submit_job/1/40001/fc_x/", "Object with name=fc_x does not exist."),
        ("/can_submit_job/1/%27%20OR%201=1/fc_lee/", "Object with cluster_uid=' OR 1=1 does not exist."),
    ] {
        assert_eq!(world.verdict(path).await, (StatusCode::BAD_REQUEST, false, message.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_account_that_charges_no_recorded_jobs_pays_for_all_and_holds_nothing() {
    let world = World::new().await;
    world.update(json!({ "chargesRecordedJobs": false })).await;
    assert!(world.verdict("/can_submit_job/999999.00/40001/fc_lee/").await.1);
    let (_, job) = world.post(begins("1", "30.00")).await;
    assert_eq!(job["amount"], "30.00", "it is noted");
    let (_, job) = world.put("1", begins("1", "31.00")).await;
    assert_eq!(job["amount"], "31.00");
    let (_, job) = world.put("1", ends("1", "20.00")).await;
    assert_eq!(job["amount"], "20.00");
    assert_eq!(world.sums().await, ["0", "0", "100"]);
}

#[tokio::test]
async fn what_was_held_comes_back_when_the_account_does_not_charge_any_more() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    world.update(json!({ "chargesRecordedJobs": false })).await;
    let (_, job) = world.put("1", ends("1", "20.00")).await;
    assert_eq!(job["amount"], "20.00");
    assert_eq!(world.sums().await, ["0", "0", "100"]);
}

#[tokio::test]
async fn jobs_overdraw_an_account_that_lets_them() {
    let world = World::new().await;
    assert_eq!(world.post(begins("1", "250.00")).await.0, StatusCode::CREATED);
    assert_eq!(world.sums().await, ["250", "0", "-150"]);
    world.put("1", ends("1", "300.00")).await;
    assert_eq!(world.sums().await, ["0", "300", "-200"]);
}

#[tokio::test]
async fn an_account_that_refuses_is_not_overdrawn() {
    let world = World::new().await;
    world.update(json!({ "overrun": "REFUSE" })).await;
    let (status, said) = world.post(begins("1", "250.00")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(said, json!({ "accountid": ["250 is needed and 100 is available on the account."] }));
    assert_eq!(world.get("/jobs/").await.1["count"], 0, "nothing is left of it");
    world.post(begins("1", "30.00")).await;
    let (_, job) = world.put("1", ends("1", "50.00")).await;
    assert_eq!(job["amount"], "30.00", "never more than its hold");
    assert_eq!(world.sums().await, ["0", "30", "70"]);
    let (_, job) = world.put("1", ends("1", "50.00")).await;
    assert_eq!(job["amount"], "30.00", "nor more for being told twice");
    assert_eq!(world.sums().await, ["0", "30", "70"]);
    // What has run without a begin is kept, and paid as far as there is something.
    let (status, job) = world.put("2", ends("2", "250.00")).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("30.00")), "the rest of the member's limit");
    assert_eq!(world.sums().await, ["0", "60", "40"]);
    let (status, job) = world.put("3", ends("3", "5.00")).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("0.00")), "{job}");
    assert_eq!(world.get("/jobs/").await.1["count"], 3);
}

#[tokio::test]
async fn a_hold_that_an_operator_released_is_settled_all_the_same() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let found = world.app.admin().data("{ recordedJobs { nodes { id } } }", json!({})).await;
    let uid = found["recordedJobs"]["nodes"][0]["id"].as_str().expect("an id").trim_start_matches("job_").to_owned();
    let operator = docket::viewer::Viewer::local_operator();
    docket::domain::account::release_hold(&world.app.server.app, &operator, uid.parse().expect("a uid"))
        .await
        .expect("it is released");
    assert_eq!(world.sums().await, ["0", "0", "100"]);
    world.put("1", ends("1", "26.00")).await;
    assert_eq!(world.sums().await, ["0", "26", "74"]);
}

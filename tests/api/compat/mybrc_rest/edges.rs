//! Money of reported jobs where something does not go the usual way.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, answer, begins, ends};

impl World {
    /// The ids of the first reported job: of GraphQL, and the number in the first API.
    async fn job(&self) -> (String, i64) {
        let found = self.app.admin().data("{ recordedJobs { nodes { id dialectNumber } } }", json!({})).await;
        let job = &found["recordedJobs"]["nodes"][0];
        (job["id"].as_str().expect("an id").to_owned(), job["dialectNumber"].as_i64().expect("a number"))
    }

    /// What the first API answers.
    async fn first(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.app.admin().request(method, &format!("/mybrc{path}"));
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn set(&self, change: Value) {
        let mut input = json!({ "accountId": self.account });
        input.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        self.app.admin().change("accountUpdate", input, "account { id }").await;
    }
}

#[tokio::test]
async fn a_job_that_is_removed_before_its_end_gives_back_its_hold() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let (id, _) = world.job().await;
    world.app.admin().change("jobDelete", json!({ "jobId": id }), "job { id }").await;
    assert_eq!(world.sums().await, ["0", "0", "100"]);
    world.post(begins("2", "20.00")).await;
    let (_, number) = world.job().await;
    let request = world.app.admin().request(Method::DELETE, &format!("/mybrc/jobs/{number}/"));
    assert!(request.send().await.expect("an answer").status().is_success());
    assert_eq!(world.sums().await, ["0", "0", "100"]);
    assert_eq!(world.entries().await, ["HOLD 30 0", "RELEASE -30 0", "HOLD 20 0", "RELEASE -20 0"]);
}

#[tokio::test]
async fn an_end_that_somebody_else_records_takes_what_was_held() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let (id, _) = world.job().await;
    let input = json!({ "jobId": id, "finishedAt": "2020-03-01T12:00:00Z" });
    let made = world.app.admin().change("jobRecordUpdate", input, "job { amount }").await;
    assert_eq!(made["job"]["amount"], "30");
    assert_eq!(world.sums().await, ["0", "30", "70"]);
}

#[tokio::test]
async fn what_was_only_noted_is_taken_at_the_end_of_an_account_that_charges_again() {
    let world = World::new().await;
    world.set(json!({ "chargesRecordedJobs": false })).await;
    world.post(begins("1", "30.00")).await;
    world.post(begins("2", "30.00")).await;
    world.set(json!({ "chargesRecordedJobs": true })).await;
    world.put("1", ends("1", "20.00")).await;
    assert_eq!(world.sums().await, ["0", "20", "80"]);
    let (_, job) = world.put("2", begins("2", "31.00")).await;
    assert_eq!(job["amount"], "31.00");
    assert_eq!(world.sums().await, ["31", "20", "49"]);
    world.put("2", ends("2", "25.00")).await;
    assert_eq!(world.sums().await, ["0", "45", "55"]);
}

#[tokio::test]
async fn an_account_that_caps_pays_what_it_has() {
    let world = World::new().await;
    world.set(json!({ "overrun": "CAP" })).await;
    let (status, job) = world.put("1", ends("1", "70.00")).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("60.00")), "the member's limit");
    assert_eq!(world.sums().await, ["0", "60", "40"]);
    let world = World::new().await;
    world.set(json!({ "overrun": "CAP" })).await;
    world.post(begins("1", "10.00")).await;
    let (status, job) = world.put("1", begins("1", "90.00")).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("90.00")), "what was said is shown");
    assert_eq!(world.sums().await, ["60", "0", "40"], "what is there is held");
    world.put("1", ends("1", "50.00")).await;
    assert_eq!(world.sums().await, ["0", "50", "50"]);
}

#[tokio::test]
async fn a_job_whose_submission_nobody_told_was_submitted_when_it_began() {
    let world = World::new().await;
    let mut body = ends("1", "5.00");
    body.as_object_mut().expect("an object").remove("submitdate");
    let (status, job) = world.put("1", body).await;
    assert_eq!((status, &job["submitdate"]), (StatusCode::OK, &json!("2020-03-01T10:01:00Z")), "{job}");
}

#[tokio::test]
async fn who_is_no_member_begins_no_job_but_what_has_run_is_paid() {
    let world = World::new().await;
    let (mut begun, mut ended) = (begins("1", "5.00"), ends("1", "5.00"));
    (begun["userid"], ended["userid"]) = (json!("40002"), json!("40002"));
    let (status, said) = world.post(begun).await;
    let expected = json!({ "userid": ["The user is not a member of the account."] });
    assert_eq!((status, said), (StatusCode::BAD_REQUEST, expected));
    assert_eq!(world.put("1", ended).await.0, StatusCode::OK);
    assert_eq!(world.sums().await, ["0", "5", "95"]);
    world.set(json!({ "chargesRecordedJobs": false })).await;
    let (_, said) = world.get("/can_submit_job/1.00/40002/fc_lee/").await;
    assert_eq!(said["message"], "User eve is not a member of account fc_lee.");
}

#[tokio::test]
async fn errors_name_the_fields_of_the_api_only() {
    let world = World::new().await;
    let mut body = ends("1", "5.00");
    body["enddate"] = json!("2020-03-01T10:00:30Z");
    let (_, said) = world.put("1", body).await;
    assert_eq!(said, json!({ "enddate": ["It cannot have ended before it began."] }));
}

#[tokio::test]
async fn a_hold_before_a_span_and_its_end_within_are_no_negative_use() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    world.app.advance(3600);
    let from = world.app.clock.now_micros() / 1_000_000;
    let usage = async || {
        let (_, body) = world.get(&format!("/account_usages?account=fc_lee&start_time={from}")).await;
        body["results"][0]["usage"].clone()
    };
    world.app.advance(60);
    world.put("1", begins("1", "20.00")).await;
    assert_eq!(usage().await, "0.00");
    world.put("1", ends("1", "5.00")).await;
    assert_eq!(usage().await, "5.00");
    world.post(begins("2", "7.00")).await;
    assert_eq!(usage().await, "12.00");
    world.app.audit().await;
}

#[tokio::test]
async fn what_the_first_api_says_that_a_job_costs_is_held_until_its_end() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let (id, number) = world.job().await;
    let path = format!("/jobs/{number}/");
    let change = async |body: Value| world.first(Method::PATCH, &path, Some(body)).await;
    let (status, job) = change(json!({ "amount": 20 })).await;
    assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!(20.0)));
    assert_eq!(world.sums().await, ["20", "0", "80"]);
    // What was read and is written back books nothing.
    let (_, body) = world.first(Method::GET, &path, None).await;
    assert_eq!(world.first(Method::PUT, &path, Some(body)).await.0, StatusCode::OK);
    assert_eq!(world.entries().await, ["HOLD 30 0", "RELEASE -10 0"]);
    let (status, said) = change(json!({ "amount": -1 })).await;
    assert_eq!((status, &said["error"]), (StatusCode::BAD_REQUEST, &json!("Invalid amount.")));
    let input = json!({ "jobId": id, "amount": "25" });
    let made = world.app.admin().change("jobRecordUpdate", input, "job { amount held }").await;
    assert_eq!(made["job"], json!({ "amount": null, "held": "25" }));
    world.put("1", ends("1", "26.00")).await;
    assert_eq!(world.sums().await, ["0", "26", "74"]);
    // One that is said not to have ended after all holds what it had cost, and has cost nothing yet.
    let (_, job) = change(json!({ "enddate": null })).await;
    assert_eq!(job["amount"], 26.0);
    assert_eq!(world.sums().await, ["26", "0", "74"]);
    change(json!({ "amount": 28 })).await;
    assert_eq!(world.sums().await, ["28", "0", "72"]);
    change(json!({ "amount": 27, "enddate": "2020-03-01T12:00:00Z" })).await;
    assert_eq!(world.sums().await, ["0", "27", "73"]);
    world.put("1", ends("1", "26.00")).await;
    assert_eq!(world.sums().await, ["0", "26", "74"]);
}

#[tokio::test]
async fn what_the_first_api_says_of_an_account_that_holds_nothing_is_noted() {
    let world = World::new().await;
    world.set(json!({ "chargesRecordedJobs": false })).await;
    world.post(begins("1", "30.00")).await;
    let (_, number) = world.job().await;
    let path = format!("/jobs/{number}/");
    let (_, job) = world.first(Method::PATCH, &path, Some(json!({ "amount": 20 }))).await;
    assert_eq!(job["amount"], 20.0);
    assert_eq!(world.get("/jobs/").await.1["results"][0]["amount"], "20.00");
    assert_eq!(world.sums().await, ["0", "0", "100"]);
    world.set(json!({ "chargesRecordedJobs": true })).await;
    world.first(Method::PATCH, &path, Some(json!({ "amount": 21 }))).await;
    assert_eq!(world.sums().await, ["21", "0", "79"]);
    world.put("1", ends("1", "22.00")).await;
    assert_eq!(world.sums().await, ["0", "22", "78"]);
}

#[tokio::test]
async fn neither_user_nor_account_of_a_reported_job_changes() {
    let world = World::new().await;
    world.post(begins("8_1", "30.00")).await;
    let (id, number) = world.job().await;
    let path = format!("/jobs/{number}/");
    let admin = world.app.admin();
    let other = world.app.account(json!({ "name": "fc_other", "granted": "100" })).await;
    admin.change("accountEnrol", json!({ "accountId": other }), "account { id }").await;
    let eve = admin.data("{ enrolledUsers(filter: { ldapUid: \"40002\" }) { numbers nodes { id } } }", json!({})).await;
    let eve = &eve["enrolledUsers"];
    for (field, wrong, change, input) in [
        ("userid", "user", eve["numbers"][0].clone(), json!({ "jobId": id, "ownerId": eve["nodes"][0]["id"] })),
        ("accountid", "account", json!(2), json!({ "jobId": id, "accountId": other })),
    ] {
        let (status, said) = world.first(Method::PATCH, &path, Some(json!({ field: change }))).await;
        let message = format!("The {wrong} of a job that was reported does not change.");
        assert_eq!((status, &said["fields"]), (StatusCode::BAD_REQUEST, &json!({ field: [message] })));
        let names: Vec<_> = input.as_object().expect("an object").keys().skip(1).cloned().collect();
        assert_eq!(admin.wrong("jobRecordUpdate", input).await, names);
    }
    let (_, body) = world.first(Method::GET, &path, None).await;
    assert_eq!((&body["jobslurmid"], &body["amount"]), (&json!(0), &json!(30.0)));
    assert_eq!(world.first(Method::PUT, &path, Some(body)).await.0, StatusCode::OK, "the same ones are no change");
    let slurm = admin.job(&id, "slurm { key jobId }").await;
    assert_eq!(slurm, json!({ "slurm": { "key": "8_1", "jobId": "8_1" } }), "nor is the 0 that is shown of no number");
    let (_, found) = world.first(Method::GET, "/jobs/?amount=30", None).await;
    assert_eq!(found["results"]["jobnumber"], json!([number]), "what is shown is found");
    assert_eq!(world.put("8_1", ends("8_1", "26.00")).await.0, StatusCode::OK);
    assert_eq!(world.sums().await, ["0", "26", "74"]);
}

#[tokio::test]
async fn an_amount_that_is_held_already_is_not_noted() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let (id, number) = world.job().await;
    let change = json!({ "jobId": id, "startedAt": null });
    world.app.admin().change("jobRecordUpdate", change, "job { held }").await;
    let path = format!("/jobs/{number}/");
    let (_, job) = world.first(Method::PATCH, &path, Some(json!({ "amount": 30 }))).await;
    assert_eq!(job["amount"], 30.0);
    let job = world.app.admin().job(&id, "amount held").await;
    assert_eq!(job, json!({ "amount": null, "held": "30" }));
    assert_eq!(world.sums().await, ["30", "0", "70"]);
}

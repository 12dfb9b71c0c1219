//! Making, replacing and removing.

use docket::config::MybrcProfile::{AsBuilt, Documented};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, job, user_id};

#[tokio::test]
async fn as_built_echoes_what_was_sent_and_shows_what_is_stored() {
    let sent =
        json!({ "startdate": "2017-07-19T01:39:29.25-07:00", "enddate": "2017-07-20 08:39", "amount": "0.12345678" });
    let shown = |body: &serde_json::Value| ["startdate", "enddate", "amount"].map(|name| body[name].clone());
    let stored = json!(["2017-07-19T08:39:29Z", "2017-07-20T08:39:00Z", 0.123_457]);
    let world = World::new(AsBuilt).await;
    let (_, echo) = world.patch("/jobs/2/", sent.clone()).await;
    assert_eq!(json!(shown(&echo)), json!(["2017-07-19T01:39:29.250000-07:00", "2017-07-20T08:39:00Z", 0.123_456_78]));
    assert_eq!(json!(shown(&world.get("/jobs/2/").await.1)), stored);
    let world = World::new(Documented).await;
    let (_, answer) = world.patch("/jobs/2/", sent).await;
    assert_eq!(json!(shown(&answer)), stored, "the document has no echo");
}

#[tokio::test]
async fn a_job_is_recorded_under_the_next_number() {
    for (profile, created) in [(AsBuilt, StatusCode::CREATED), (Documented, StatusCode::OK)] {
        let world = World::new(profile).await;
        let mut body = job();
        body["jobnumber"] = json!(500);
        body["created"] = json!("2000-01-01T00:00:00Z");
        body["anything"] = json!([]);
        let (status, made) = world.post("/jobs/", body).await;
        assert_eq!(status, created, "{made}");
        assert_eq!((&made["jobnumber"], &made["amount"], made.get("success")), (&json!(18), &json!(2.0), None));
        assert_eq!((&made["startdate"], &made["enddate"]), (&Value::Null, &Value::Null));
        assert_ne!(made["created"], "2000-01-01T00:00:00Z");
        // A slurm id may stand in many jobs.
        assert_eq!(world.post("/jobs/", job()).await.1["jobnumber"], 19);
        assert_eq!(world.numbers("/jobs/?jobslurmid=5").await, [18, 19]);
        assert_eq!(world.get("/jobs/").await.1["count"], 6);
        assert_eq!(world.ask(Method::DELETE, "/jobs/19/", None).await, (StatusCode::NO_CONTENT, Value::Null));
        assert_eq!(world.get("/jobs/").await.1["count"], 5);
        assert_eq!(world.post("/jobs/", job()).await.1["jobnumber"], 20, "a number is never used again");
        world.app.audit().await;
    }
}

#[tokio::test]
async fn bodies_come_as_json_as_a_form_and_as_a_form_in_parts() {
    let world = World::new(AsBuilt).await;
    let fields = [("username", " eve "), ("usermetadata", "x\ny"), ("email", "no address"), ("ldapuid", "7")];
    let part = |(name, value): (&str, &str)| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = fields.map(part).concat() + "--x--\r\n";
    let object: serde_json::Map<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(fields);
    let post = || world.client.post("/mybrc/users/");
    let requests = [
        post().json(&object),
        post().header("content-type", "application/x-www-form-urlencoded").body(encoded.finish()),
        post().header("content-type", "multipart/form-data; boundary=x").body(parts),
    ];
    for (number, request) in (15..).zip(requests) {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        let made: Value = answer.json().await.expect("JSON");
        assert_eq!((&made["userid"], &made["username"]), (&json!(number), &json!("eve")), "{made}");
        assert_eq!((&made["email"], &made["usermetadata"]), (&json!("no address"), &json!("x\ny")));
    }
    assert_eq!(world.numbers("/users/?saviousername=eve").await, [15, 16, 17], "no name is unique");
}

#[tokio::test]
async fn put_wants_all_that_is_required_and_keeps_the_rest() {
    let world = World::new(AsBuilt).await;
    let (status, body) = world.ask(Method::PUT, "/jobs/2/", Some(json!({ "amount": 1 }))).await;
    assert_eq!((status, body.get("amount")), (StatusCode::BAD_REQUEST, None));
    let (status, replaced) = world.ask(Method::PUT, "/jobs/2/", Some(job())).await;
    assert_eq!(status, StatusCode::OK, "{replaced}");
    assert_eq!((&replaced["userid"], &replaced["startdate"]), (&json!(1), &json!("2017-07-19T08:39:29Z")));
    let (status, emptied) = world.patch("/jobs/2/", json!({ "enddate": null, "startdate": "" })).await;
    assert_eq!((status, &emptied["enddate"], &emptied["startdate"]), (StatusCode::OK, &Value::Null, &Value::Null));
    let (status, same) = world.patch("/jobs/2/", json!({})).await;
    assert_eq!((status, same), (StatusCode::OK, emptied));
    let account = json!({ "accountname": "fc_lee", "accountallocation": 500, "accountbalance": 123, "type": "FCA",
        "description": "Leeks" });
    assert_eq!(world.ask(Method::PUT, "/accounts/2/", Some(account)).await.0, StatusCode::OK);
    let user = json!({ "username": "ann", "usermetadata": "m", "email": "e", "ldapuid": "12.0" });
    let (status, user) = world.ask(Method::PUT, "/users/2/", Some(user)).await;
    assert_eq!((status, &user["ldapuid"]), (StatusCode::OK, &json!(12)));
}

#[tokio::test]
async fn filters_bind_changes_of_one_object_and_not_looks_at_it() {
    let world = World::new(AsBuilt).await;
    assert_eq!(world.get("/jobs/2/?userid=7").await.0, StatusCode::OK);
    for method in [Method::PATCH, Method::PUT, Method::DELETE] {
        let body = (method != Method::DELETE).then(job);
        assert_eq!(world.ask(method, "/jobs/2/?userid=7", body).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(world.patch("/jobs/2/?userid=2", json!({})).await.0, StatusCode::OK);
    assert_eq!(world.patch("/users/1/?accountid=2", json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.patch("/accounts/1/?userid=4", json!({})).await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_is_in_use_is_not_removed() {
    for (profile, status) in [(AsBuilt, StatusCode::CONFLICT), (Documented, StatusCode::BAD_REQUEST)] {
        let world = World::new(profile).await;
        for path in ["/users/1/", "/accounts/1/"] {
            let (answered, body) = world.ask(Method::DELETE, path, None).await;
            assert_eq!(answered, status, "{body}");
            assert_eq!(world.get(path).await.0, StatusCode::OK);
        }
        // In no account, and yet a job is recorded for it.
        assert_eq!(world.patch("/jobs/2/", json!({ "userid": 9 })).await.0, StatusCode::OK);
        assert_eq!(world.ask(Method::DELETE, "/users/9/", None).await.0, status);
        assert_eq!(world.patch("/jobs/2/", json!({ "userid": 2 })).await.0, StatusCode::OK);
        assert_eq!(world.ask(Method::DELETE, "/users/9/", None).await.0, StatusCode::NO_CONTENT);
        assert!(world.get("/users/9/").await.0.is_client_error());
        // Nor is a job recorded for who is not there any more.
        let mut body = job();
        body["userid"] = json!(9);
        for (method, path) in [(Method::POST, "/jobs/"), (Method::PATCH, "/jobs/2/"), (Method::PUT, "/jobs/2/")] {
            let (status, said) = world.ask(method, path, Some(body.clone())).await;
            let fields = said.get("fields").unwrap_or(&said);
            assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
            assert_eq!(fields["userid"], json!(["Invalid pk \"9\" - object does not exist."]));
        }
        assert!(!world.numbers("/users/").await.contains(&9));
        let new = json!({ "accountname": "a b", "accountallocation": 2, "accountbalance": 1, "type": "x y", "description": "d" });
        let (_, made) = world.post("/accounts/", new).await;
        assert_eq!((&made["accountid"], &made["accountname"]), (&json!(4), &json!("a b")), "{made}");
        assert_eq!(world.ask(Method::DELETE, "/accounts/4/", None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(world.numbers("/accounts/").await, [1, 2, 3]);
    }
}

/// What GraphQL shows of the things behind the first user, the first account and a job.
async fn stored(world: &World, job: &Value, user: &Value) -> Value {
    let document = "query($job: ID!, $user: ID!) {
        job(id: $job) { submittedAt startedAt amount held revision slurm { jobId partition qos stateCode } }
        user(id: $user) { username metadata enrolment { email ldapUid } } }";
    world.app.admin().data(document, json!({ "job": job, "user": user })).await
}

#[tokio::test]
async fn what_was_read_and_is_written_back_changes_nothing() {
    for profile in [AsBuilt, Documented] {
        let world = World::new(profile).await;
        let admin = world.app.admin();
        // Nothing is known of a job but two moments with fractions, and next to nothing of a user who logs in here.
        let input = json!({ "ownerId": user_id(&world, 1).await, "submittedAt": "2019-05-01T10:00:00.25Z",
            "startedAt": "2019-05-01T11:00:00.999999Z" });
        let made = admin.change("jobRecord", input, "job { id dialectNumber }").await["job"].take();
        let ada = world.app.user("ada-who-has-more-than-twenty-letters").await;
        ada.change("userUpdate", json!({ "metadata": { "orcid": ["0000"] } }), "user { id }").await;
        let account = world.app.account(json!({ "name": "lab", "granted": "12.5" })).await;
        world.app.member(&account, &ada, json!({})).await;
        admin.change("accountEnrol", json!({ "accountId": account }), "account { id }").await;
        let before = stored(&world, &made["id"], &json!(ada.id)).await;
        assert_eq!((&before["job"]["slurm"], &before["job"]["amount"]), (&Value::Null, &Value::Null));
        for path in [format!("/jobs/{}/", made["dialectNumber"]), "/users/15/".to_owned(), "/accounts/4/".to_owned()] {
            let (_, mut body) = world.get(&path).await;
            for method in [Method::PUT, Method::PATCH] {
                let (status, answer) = world.ask(method, &path, Some(body.clone())).await;
                assert_eq!(status, StatusCode::OK, "{answer}");
            }
            let (_, mut after) = world.get(&path).await;
            for body in [&mut body, &mut after] {
                body.as_object_mut().expect("an object").remove("updated");
            }
            assert_eq!(after, body);
        }
        assert_eq!(stored(&world, &made["id"], &json!(ada.id)).await, before);
        // What is another value than is shown is stored, beside what is not.
        let path = format!("/jobs/{}/", made["dialectNumber"]);
        let (_, mut body) = world.get(&path).await;
        assert_eq!((&body["partition"], &body["submitdate"]), (&json!(0), &json!("2019-05-01T10:00:00Z")));
        body["qos"] = json!(7);
        body["accountid"] = json!(1);
        assert_eq!(world.ask(Method::PUT, &path, Some(body)).await.0, StatusCode::OK);
        let after = stored(&world, &made["id"], &json!(ada.id)).await;
        let slurm = json!({ "jobId": null, "partition": null, "qos": 7, "stateCode": null });
        assert_eq!((&after["job"]["slurm"], &after["job"]["startedAt"]), (&slurm, &before["job"]["startedAt"]));
        world.app.audit().await;
    }
}

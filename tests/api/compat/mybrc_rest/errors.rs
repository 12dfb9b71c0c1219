//! What is wrong is told, and nothing breaks.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, answer, begins, ends};

fn changed(body: &Value, change: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn each_field_is_named() {
    let world = World::new().await;
    let required = "This field is required.";
    let (status, said) = world.post(json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(said, json!({ "jobslurmid": [required], "userid": [required], "accountid": [required] }));
    let long = "x".repeat(65);
    for (field, value) in [
        ("jobslurmid", json!("")),
        ("jobslurmid", json!(long)),
        ("jobslurmid", json!("a\u{0}b")),
        ("userid", json!("99")),
        ("userid", json!(null)),
        ("accountid", json!("nothing")),
        ("accountid", json!({})),
        ("amount", json!("-0.01")),
        ("amount", json!("1.005")),
        ("amount", json!("NaN")),
        ("amount", json!([])),
        ("submitdate", json!("2020-02-30T00:00:00Z")),
        ("startdate", json!(5)),
        ("enddate", json!("yesterday")),
        ("jobstatus", json!(long)),
        ("partition", json!(true)),
        ("qos", json!("a\nb")),
        ("nodes", json!([{ "name": "" }])),
        ("num_cpus", json!(-1)),
        ("num_req_nodes", json!("many")),
        ("num_alloc_nodes", json!(1.5)),
        ("raw_time", json!("inf")),
        ("cpu_time", json!(1e300)),
    ] {
        let (status, said) = world.post(changed(&begins("1", "1.00"), &json!({ field: value }))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}={value}: {said}");
        assert!(said[field][0].is_string(), "{field}={value}: {said}");
    }
    assert_eq!(world.get("/jobs/").await.1["count"], 0);
    assert_eq!(world.sums().await, ["0", "0", "100"]);
}

#[tokio::test]
async fn addresses_that_are_no_text_are_refused_in_its_shape() {
    let world = World::new().await;
    let (status, said) = world.get("/can_submit_job/1/%ff/fc_lee/").await;
    assert_eq!(
        (status, said),
        (StatusCode::BAD_REQUEST, json!({ "success": false, "message": "The address is no text." }))
    );
    let (status, said) = world.put("%ff", begins("1", "1.00")).await;
    assert_eq!((status, said), (StatusCode::NOT_FOUND, json!({ "detail": "Not found." })));
    for seconds in ["-99999999999", "99999999999999", "NaN", "x"] {
        let (status, said) = world.get(&format!("/jobs/?start_time={seconds}")).await;
        let told = json!({ "start_time": ["Seconds since 1970 are needed."] });
        assert_eq!((status, said), (StatusCode::BAD_REQUEST, told), "{seconds}");
    }
}

#[tokio::test]
async fn dates_are_in_order() {
    let world = World::new().await;
    let ended = ends("1", "1.00");
    for (change, field) in [
        (json!({ "submitdate": "2020-03-01T10:01:01Z" }), "startdate"),
        (json!({ "enddate": "2020-03-01T10:00:59Z" }), "enddate"),
        (json!({ "startdate": null, "enddate": "2020-03-01T09:59:59Z" }), "enddate"),
    ] {
        let (status, said) = world.put("1", changed(&ended, &change)).await;
        assert_eq!((status, said[field].is_array()), (StatusCode::BAD_REQUEST, true), "{change}: {said}");
    }
    // Also with what is stored.
    world.post(begins("1", "1.00")).await;
    let (status, said) = world.put("1", json!({ "enddate": "2020-03-01T10:00:59Z" })).await;
    assert_eq!((status, said["enddate"].is_array()), (StatusCode::BAD_REQUEST, true), "{said}");
    // A job that never began has the dates of 1970.
    let never = json!({ "startdate": "1970-01-01T00:00:00+00:00", "amount": "0.00" });
    let (status, job) = world.put("2", changed(&ends("2", "0.00"), &never)).await;
    assert_eq!(
        (status, &job["startdate"], &job["enddate"]),
        (StatusCode::OK, &Value::Null, &json!("2020-03-01T11:01:00Z"))
    );
}

#[tokio::test]
async fn whose_a_job_is_does_not_change() {
    let world = World::new().await;
    world.post(begins("1", "1.00")).await;
    let (status, said) = world.put("1", json!({ "userid": "40002" })).await;
    assert_eq!((status, said["userid"].is_array()), (StatusCode::BAD_REQUEST, true), "{said}");
    let admin = world.app.admin();
    let other = world.app.account(json!({ "name": "fc_other" })).await;
    admin.change("accountEnrol", json!({ "accountId": other }), "account { id }").await;
    let (status, said) = world.put("1", json!({ "accountid": "fc_other" })).await;
    assert_eq!((status, said["accountid"].is_array()), (StatusCode::BAD_REQUEST, true), "{said}");
    let (status, said) = world.put("1", json!({ "jobslurmid": "2" })).await;
    assert_eq!((status, said["jobslurmid"].is_array()), (StatusCode::BAD_REQUEST, true), "{said}");
    let (status, job) = world.put("1", json!({ "partition": "savio3", "qos": "debug" })).await;
    assert_eq!((status, &job["partition"], &job["qos"]), (StatusCode::OK, &json!("savio3"), &json!("debug")));
    // Two users with one uid are nobody: no account is charged by guessing.
    admin.change("userRecord", json!({ "username": "lee2", "ldapUid": "40001" }), "user { id }").await;
    let (status, said) = world.post(begins("2", "1.00")).await;
    assert_eq!(
        (status, said),
        (StatusCode::BAD_REQUEST, json!({ "userid": ["Several objects have cluster_uid=40001."] }))
    );
}

#[tokio::test]
async fn hostile_bodies_are_refused() {
    let world = World::new().await;
    let send = |method: Method, kind: &str, body: Vec<u8>| {
        let request = world.app.anonymous().request(method, "/mybrc-rest/jobs/1/");
        let request = request.header("authorization", format!("Token {}", world.token())).header("content-type", kind);
        answer(request.body(body))
    };
    let deep = "[".repeat(100_000).into_bytes();
    let bodies: [(&str, Vec<u8>); 9] = [
        ("application/json", b"{".to_vec()),
        ("application/json", b"[1]".to_vec()),
        ("application/json", b"\"x\"".to_vec()),
        ("application/json", b"\xff\xfe".to_vec()),
        ("application/json", deep),
        ("application/json", br#"{"amount": 1e999}"#.to_vec()),
        ("multipart/form-data", b"x".to_vec()),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense".to_vec()),
        ("application/json", b"{}".to_vec()),
    ];
    for (kind, body) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let (status, said) = send(Method::PUT, kind, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{kind} {shown}: {said}");
    }
    assert_eq!(send(Method::PUT, "text/plain", b"x".to_vec()).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(send(Method::PUT, "application/json", vec![b' '; 2 << 20]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let many: Vec<_> = (0..10_001).map(|number| json!({ "name": format!("n{number}") })).collect();
    let (status, said) = world.put("1", changed(&begins("1", "1.00"), &json!({ "nodes": many }))).await;
    assert_eq!((status, said["nodes"].is_array()), (StatusCode::BAD_REQUEST, true), "{said}");
    for path in ["/jobs/%00/", "/jobs/%ff/", "/jobs/..%2f..%2f/", "/nothing/", "/jobs/1/2/", "/can_submit_job/1/2/"] {
        let (status, _) = world.ask(Method::PUT, path, Some(begins("1", "1.00"))).await;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    let (status, said) = world.ask(Method::DELETE, "/jobs/1/", None).await;
    assert_eq!((status, said), (StatusCode::METHOD_NOT_ALLOWED, json!({ "detail": "Method \"DELETE\" not allowed." })));
    assert_eq!(world.sums().await, ["0", "0", "100"]);
}

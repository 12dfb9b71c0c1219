//! Refusals, in both profiles.

use docket::config::MybrcProfile::{AsBuilt, Documented};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{World, headers, job};

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_of_the_profile() {
    for profile in [AsBuilt, Documented] {
        let world = World::new(profile).await;
        for (list, error) in [
            ("/jobs", "Invalid job/Job not found."),
            ("/users", "Invalid user/User not found."),
            ("/accounts", "Invalid account/Account not found."),
        ] {
            let expected = if profile == AsBuilt {
                (StatusCode::NOT_FOUND, json!({ "detail": "Not found." }))
            } else {
                (StatusCode::BAD_REQUEST, json!({ "success": false, "error": error }))
            };
            for id in ["99", "0", "abc", "2.5", "-1", "99999999999999999999", "%00"] {
                let path = format!("{list}/{id}/");
                for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
                    let body = matches!(method, Method::PUT | Method::PATCH).then(|| json!({}));
                    assert_eq!(world.ask(method.clone(), &path, body).await, expected, "{method} {path}");
                }
            }
        }
    }
}

/// What is wrong with each body of a job, by field.
fn wrong_jobs() -> Vec<(Value, Value)> {
    let with = |field: &str, value: Value| {
        let mut job = job();
        job[field] = value;
        job
    };
    let integer = "A valid integer is required.";
    let date = "Datetime has wrong format. Use one of these formats instead: \
                YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    vec![
        (with("qos", json!(32_768)), json!({ "qos": ["Ensure this value is less than or equal to 32767."] })),
        (
            with("jobslurmid", json!(-2_147_483_649_i64)),
            json!({ "jobslurmid": ["Ensure this value is greater than or equal to -2147483648."] }),
        ),
        (with("jobstatus", json!(200)), json!({ "jobstatus": ["Ensure this value is less than or equal to 127."] })),
        (
            with("partition", json!(-129)),
            json!({ "partition": ["Ensure this value is greater than or equal to -128."] }),
        ),
        (with("userid", json!("12.5")), json!({ "userid": [integer] })),
        (with("userid", json!(true)), json!({ "userid": [integer] })),
        (with("userid", json!([])), json!({ "userid": [integer] })),
        (with("userid", Value::Null), json!({ "userid": ["This field may not be null."] })),
        (with("userid", json!(77)), json!({ "userid": ["Invalid pk \"77\" - object does not exist."] })),
        (with("accountid", json!(77)), json!({ "accountid": ["Invalid pk \"77\" - object does not exist."] })),
        (with("submitdate", json!("2018-06-05")), json!({ "submitdate": [date] })),
        (with("enddate", json!(12)), json!({ "enddate": [date] })),
        (
            json!({ "amount": "x" }),
            json!({
            "jobslurmid": ["This field is required."], "submitdate": ["This field is required."],
            "userid": ["This field is required."], "accountid": ["This field is required."],
            "amount": ["A valid number is required."], "jobstatus": ["This field is required."],
            "partition": ["This field is required."], "qos": ["This field is required."] }),
        ),
    ]
}

#[tokio::test]
async fn each_wrong_field_is_named_with_its_message() {
    let built = World::new(AsBuilt).await;
    let documented = World::new(Documented).await;
    for (body, fields) in wrong_jobs() {
        let answer = built.post("/jobs/", body.clone()).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, fields.clone()), "{body}");
        let error = if fields.get("amount").is_some() { "Invalid amount." } else { "Invalid job information." };
        let expected = json!({ "success": false, "error": error, "fields": fields });
        assert_eq!(documented.post("/jobs/", body.clone()).await, (StatusCode::BAD_REQUEST, expected), "{body}");
    }
    for (path, body, fields, error) in [
        (
            "/users/1/",
            json!({ "username": "x".repeat(21), "email": " " }),
            json!({ "username": ["Ensure this field has no more than 20 characters."],
             "email": ["This field may not be blank."] }),
            "Invalid user information.",
        ),
        (
            "/accounts/1/",
            json!({ "type": "x".repeat(11), "description": true }),
            json!({ "type": ["Ensure this field has no more than 10 characters."],
             "description": ["Not a valid string."] }),
            "Invalid account information.",
        ),
    ] {
        assert_eq!(built.patch(path, body.clone()).await, (StatusCode::BAD_REQUEST, fields.clone()));
        let expected = json!({ "success": false, "error": error, "fields": fields });
        assert_eq!(documented.patch(path, body).await, (StatusCode::BAD_REQUEST, expected));
    }
}

#[tokio::test]
async fn an_amount_that_is_none_is_invalid() {
    let world = World::new(Documented).await;
    for amount in [json!("nan"), json!("inf"), json!(1e13), json!("1e400"), json!("abc"), Value::Null, json!({})] {
        let (status, body) = world.patch("/jobs/2/", json!({ "amount": amount })).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("Invalid amount.")), "{amount}");
    }
    for (amount, kept) in [(json!(true), 1.0), (json!(" 5 "), 5.0), (json!(-0.25), -0.25), (json!("1e3"), 1000.0)] {
        let (status, body) = world.patch("/jobs/2/", json!({ "amount": amount })).await;
        assert_eq!((status, &body["amount"]), (StatusCode::OK, &json!(kept)), "{amount}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let built = World::new(AsBuilt).await;
    let documented = World::new(Documented).await;
    let send = async |world: &World, kind: &str, body: &'static str| {
        let request = world.client.request(Method::PATCH, "/mybrc/jobs/2/").header("content-type", kind).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let unsupported = json!({ "detail": "Unsupported media type \"text/plain\" in request." });
    assert_eq!(send(&built, "text/plain", "x").await, (StatusCode::UNSUPPORTED_MEDIA_TYPE, unsupported));
    let (status, body) = send(&built, "application/json", "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.starts_with("JSON parse error - ")), "{body}");
    let (status, body) = send(&documented, "application/json", "{").await;
    assert_eq!((status, &body["success"]), (StatusCode::NOT_FOUND, &json!(false)));
    let expected = json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] });
    assert_eq!(send(&built, "application/json", "[]").await, (StatusCode::BAD_REQUEST, expected));
    let (status, _) = send(&built, "multipart/form-data; boundary=x", "--y\r\n").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&built, "multipart/form-data", "x").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn methods_paths_and_forms_that_are_not_here_are_refused() {
    let world = World::new(AsBuilt).await;
    for (method, path) in
        [(Method::DELETE, "/jobs/"), (Method::POST, "/"), (Method::PUT, "/users/"), (Method::POST, "/jobs/2/")]
    {
        let detail = format!("Method \"{method}\" not allowed.");
        let answer = world.ask(method, path, Some(json!({}))).await;
        assert_eq!(answer, (StatusCode::METHOD_NOT_ALLOWED, json!({ "detail": detail })), "{path}");
    }
    let absent = world.client.get("/mybrc/nodes/").send().await.expect("an answer");
    assert_eq!(
        (absent.status(), &absent.headers()["content-type"]),
        (StatusCode::NOT_FOUND, &"text/html".parse().expect("a header"))
    );
    let accept = async |accept: &str, path: &str| {
        world.client.get(&format!("/mybrc{path}")).header("accept", accept).send().await.expect("an answer")
    };
    let refused = accept("application/xml", "/jobs/").await;
    assert_eq!(
        (refused.status(), refused.headers()["vary"].to_str().expect("text")),
        (StatusCode::NOT_ACCEPTABLE, "Accept")
    );
    assert_eq!(refused.text().await.expect("a body"), "{\"detail\":\"Could not satisfy the request Accept header.\"}");
    assert_eq!(accept("*/*", "/jobs/?format=xml").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(accept("*/*", "/jobs/?format=json").await.status(), StatusCode::OK);
    let indented = accept("application/json; indent=4", "/jobs/2/").await.text().await.expect("a body");
    assert!(indented.starts_with("{\n    \"jobnumber\": 2,\n    \"jobslurmid\": 1,"), "{indented}");
    let page = accept("text/html", "/jobs/2/").await;
    assert!(page.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    assert_eq!(page.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_path_without_its_slash_redirects_as_built_and_answers_as_documented() {
    let built = World::new(AsBuilt).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for (path, location) in [
        ("/mybrc/jobs", "/mybrc/jobs/"),
        ("/mybrc/jobs?", "/mybrc/jobs/"),
        ("/mybrc/jobs?userid=2&x=%C3%A9+b", "/mybrc/jobs/?userid=2&x=%C3%A9+b"),
        ("/mybrc/users/1?format=json", "/mybrc/users/1/?format=json"),
    ] {
        let answer = client.get(built.client.url(path)).send().await.expect("an answer");
        assert_eq!(
            (answer.status(), answer.headers()["location"].to_str().expect("text")),
            (StatusCode::MOVED_PERMANENTLY, location)
        );
    }
    let (status, body) = built.patch("/jobs/2", json!({ "amount": 3 })).await;
    assert_eq!((status, &body["amount"]), (StatusCode::OK, &json!(3.0)), "a body is never lost");
    let documented = World::new(Documented).await;
    assert_eq!(documented.get("/jobs").await, documented.get("/jobs/").await);
    assert_eq!(documented.numbers("/jobs?userid=1").await, [16, 3]);
    assert_eq!(documented.get("/jobs?userid=99").await, documented.get("/jobs/?userid=99").await);
    assert_eq!(documented.patch("/jobs/2?userid=1", json!({})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(documented.get("/users/1").await, documented.get("/users/1/").await);
}

#[tokio::test]
async fn refusals_have_the_headers_of_every_answer() {
    const ROOT: &str = "GET, HEAD, OPTIONS";
    const LIST: &str = "GET, POST, HEAD, OPTIONS";
    const ITEM: &str = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS";
    for (profile, unauthenticated) in [(AsBuilt, 403), (Documented, 401)] {
        let world = World::new(profile).await;
        let (absent, broken) = if profile == AsBuilt { (404, 400) } else { (400, 404) };
        let get = |path: &str| world.client.get(&format!("/mybrc{path}"));
        let ask = |method: Method, path: &str| world.client.request(method, &format!("/mybrc{path}"));
        let nobody = world.client.with_token("dkt_nonsense", "");
        for (request, status, allow) in [
            (get("/jobs/99/"), absent, ITEM),
            (get("/users/x/"), absent, ITEM),
            (get("/jobs/?status=x"), broken, LIST),
            (get("/accounts/?page=7"), 404, LIST),
            (get("/jobs/?format=xml"), 404, LIST),
            (ask(Method::POST, "/users/").json(&json!({})), 400, LIST),
            (ask(Method::PATCH, "/jobs/2/").json(&json!({ "amount": "x" })), 400, ITEM),
            (ask(Method::PATCH, "/jobs/2/").header("content-type", "text/plain").body("x"), 415, ITEM),
            (ask(Method::PATCH, "/jobs/2/").header("origin", "https://evil.example").json(&json!({})), 403, ITEM),
            (nobody.get("/mybrc/accounts/"), unauthenticated, LIST),
            (nobody.get("/mybrc/"), unauthenticated, ROOT),
            (ask(Method::DELETE, "/users/"), 405, LIST),
            (ask(Method::PUT, "/"), 405, ROOT),
            (ask(Method::POST, "/jobs/2"), 405, ITEM),
        ] {
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{}", answer.url());
            let (told, url) = (headers(&answer), answer.url().clone());
            let length = answer.text().await.expect("a body").len().to_string();
            let expected = json!({ "Allow": allow, "Content-Type": "application/json", "Content-Length": length,
                "Vary": "Accept, Cookie", "X-Frame-Options": "SAMEORIGIN" });
            assert_eq!(told, expected, "{url}");
        }
        let unwritable = get("/jobs/").header("accept", "application/xml").send().await.expect("an answer");
        let told = headers(&unwritable);
        assert_eq!((&told["Allow"], &told["Vary"]), (&json!(LIST), &json!("Accept")));
        let nothing = get("/nodes/").send().await.expect("an answer");
        assert_eq!(headers(&nothing)["Allow"], Value::Null, "no methods where nothing is");
    }
}

//! `/services` and `/services/<id>`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Kitchen, errors, keys, read};

#[tokio::test]
async fn a_service_is_made_and_its_place_is_told() {
    let kitchen = Kitchen::new().await;
    let body = json!({
        "name": "",
        "description": "",
        "job_registration_schema": { "type": "object" },
        "job_result_schema": { "type": "object" },
        "anything": "else",
    });
    let made = kitchen.post("/services", &body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let own = kitchen.caller.url("/topchef");
    let links = json!({ "self": format!("{own}/services") });
    assert_eq!(made.body, json!({ "data": { "message": "service successfully created" }, "links": links }));
    let place = made.location.expect("a place");
    let id = place.strip_prefix(&format!("{own}/services/")).expect("an absolute link");

    let shown = kitchen.get(&format!("/services/{id}")).await;
    assert_eq!(shown.body["links"], json!({ "self": place }));
    let expected = json!({
        "description": "",
        "has_timed_out": false,
        "id": id,
        "is_service_available": false,
        "job_registration_schema": { "type": "object" },
        "job_result_schema": { "type": "object" },
        "jobs": [],
        "name": "",
        "timeout": 30,
    });
    assert_eq!(shown.body["data"], expected);
    assert_eq!(keys(&shown.body), ["data", "links", "meta"]);
}

#[tokio::test]
async fn a_service_shows_all_its_jobs_in_the_order_of_submission() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let mut jobs = Vec::new();
    for number in 0..3 {
        kitchen.app.advance(1);
        jobs.push(kitchen.job(&service, json!({ "number": number })).await);
    }
    let shown = kitchen.get(&format!("/services/{service}")).await.body["data"]["jobs"].take();
    let shown = shown.as_array().expect("a list");
    assert_eq!(shown.iter().map(|job| job["id"].as_str().expect("an id")).collect::<Vec<_>>(), jobs);
    assert!(shown.iter().all(|job| keys(job) == ["date_submitted", "id", "status"]));
    let moments: Vec<_> = shown.iter().map(|job| job["date_submitted"].as_str().expect("a moment")).collect();
    assert!(moments.is_sorted() && moments[0] < moments[2], "{moments:?}");
    assert!(moments[0].ends_with("+00:00"), "{moments:?}");
}

#[tokio::test]
async fn a_call_without_json_is_a_sign_of_life() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}");
    kitchen.app.advance(31);
    assert_eq!(kitchen.get(&path).await.body["data"]["has_timed_out"], true);
    // Looking at the queue is none.
    kitchen.get(&format!("{path}/queue")).await;
    assert_eq!(kitchen.get(&path).await.body["data"]["has_timed_out"], true);

    let seen = kitchen.send(Method::PATCH, &path).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert_eq!(keys(&seen.body), ["meta"]);
    let told = seen.body["meta"].as_str().expect("a text");
    let moment = told.strip_prefix("Service checked in at ").expect("its words");
    assert!(moment.len() == 26 && !moment.contains(['Z', '+']), "{moment}");
    assert_eq!(kitchen.get(&path).await.body["data"]["has_timed_out"], false);

    for (kind, body) in [("application/json", "{"), ("application/json", "null"), ("text/plain", "{\"timeout\": 1}")] {
        kitchen.app.advance(31);
        let request = kitchen.caller.request(Method::PATCH, &format!("/topchef{path}"));
        let seen = read(request.header("content-type", kind).body(body)).await;
        assert_eq!((seen.status, keys(&seen.body)), (StatusCode::OK, vec!["meta"]), "{kind} {body}");
        assert_eq!(kitchen.get(&path).await.body["data"]["has_timed_out"], false);
    }
}

#[tokio::test]
async fn a_service_is_changed() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}");
    let change = json!({ "is_available": "t", "name": "Changed", "description": "New", "timeout": "20", "id": "x" });
    let changed = kitchen.patch(&path, &change).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(keys(&changed.body), ["data", "links", "meta"]);
    let data = &changed.body["data"];
    assert_eq!(
        [&data["is_service_available"], &data["name"], &data["description"], &data["timeout"]],
        [&json!(true), &json!("Changed"), &json!("New"), &json!(20)]
    );
    assert_eq!(kitchen.get(&path).await.body["data"], *data);
    for (given, expected) in
        [(json!(1), true), (json!("0"), false), (json!("TRUE"), true), (json!("False"), false), (json!(true), true)]
    {
        let changed = kitchen.patch(&path, &json!({ "is_available": given })).await;
        assert_eq!(changed.body["data"]["is_service_available"], expected, "{given}");
    }
    assert_eq!(kitchen.patch(&path, &json!({ "timeout": 7.9 })).await.body["data"]["timeout"], 7);
}

#[tokio::test]
async fn a_refused_change_is_a_sign_of_life_all_the_same() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}");
    let key = |key: &str, message: &str| {
        let detail = format!("Valdation of key '{key}' threw error '['{message}']'.");
        ("Deserialization Error From Client Data".to_owned(), detail)
    };
    for (change, wrong) in [
        (json!({ "timeout": -1 }), key("timeout", "Attempted to set a negative timeout duration")),
        (json!({ "timeout": "soon" }), key("timeout", "Not a valid period of time.")),
        (json!({ "timeout": 0 }), key("timeout", "Not a valid period of time.")),
        (json!({ "is_available": "yes" }), key("is_available", "Not a valid boolean.")),
        (json!({ "name": 5 }), key("name", "Not a valid string.")),
        (json!({ "description": null }), key("description", "Field may not be null.")),
        (json!([]), key("_schema", "Invalid input type.")),
    ] {
        kitchen.app.advance(31);
        let refused = kitchen.patch(&path, &change).await;
        assert_eq!((refused.status, errors(&refused)), (StatusCode::BAD_REQUEST, vec![wrong]), "{change}");
        let data = kitchen.get(&path).await.body["data"].take();
        assert_eq!((&data["has_timed_out"], &data["timeout"]), (&json!(false), &json!(30)));
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let kitchen = Kitchen::new().await;
    let refused = kitchen.post("/services", &json!({ "name": null, "description": 1, "job_result_schema": [] })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let details: Vec<_> = errors(&refused).into_iter().map(|(_, detail)| detail).collect();
    assert_eq!(
        details,
        [
            "Valdation of key 'description' threw error '['Not a valid string.']'.",
            "Valdation of key 'job_registration_schema' threw error '['Missing data for required field.']'.",
            "Valdation of key 'job_result_schema' threw error '['Not a valid mapping type.']'.",
            "Valdation of key 'name' threw error '['Field may not be null.']'.",
        ]
    );
}

#[tokio::test]
async fn schemas_that_could_not_be_used_are_refused() {
    let kitchen = Kitchen::new().await;
    for schema in [
        json!({ "type": "bogus" }),
        json!({ "properties": 5 }),
        json!({ "pattern": "(" }),
        json!({ "$ref": "http://127.0.0.1:1/a.json" }),
        json!({ "$ref": "#/definitions/nowhere" }),
    ] {
        let body = json!({
            "name": "n", "description": "d", "job_registration_schema": schema, "job_result_schema": {},
        });
        let refused = kitchen.post("/services", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{schema}");
        let (title, detail) = errors(&refused).remove(0);
        assert_eq!(title, "Deserialization Error From Client Data");
        assert!(detail.starts_with("Valdation of key 'job_registration_schema' threw error '["), "{detail}");
    }
    assert_eq!(kitchen.get("/services").await.body["data"], json!([]));
}

#[tokio::test]
async fn schemas_mean_what_they_meant() {
    let kitchen = Kitchen::new().await;
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "required": [],
        "properties": {
            "n": { "type": "integer", "exclusiveMinimum": 5 },
            "t": { "type": "string", "pattern": "^(?!no)", "const": "x", "format": "date-time" },
        },
    });
    let service = kitchen.service(schema.clone(), json!({})).await;
    kitchen.job(&service, json!({ "n": 1, "t": "anything" })).await;
    for wrong in [json!({ "n": 1.0 }), json!({ "n": true }), json!({ "t": "nothing" })] {
        let refused = kitchen.post(&format!("/services/{service}/jobs"), &json!({ "parameters": wrong })).await;
        assert_eq!((refused.status, errors(&refused).len()), (StatusCode::BAD_REQUEST, 1), "{wrong}");
    }
    let shown = kitchen.get(&format!("/services/{service}")).await;
    assert_eq!(shown.body["data"]["job_registration_schema"], schema, "as it was sent");
}

#[tokio::test]
async fn neither_silence_nor_the_flag_keeps_jobs_away() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    kitchen.app.advance(100);
    let job = kitchen.job(&service, json!({})).await;
    assert_eq!(kitchen.get(&format!("/services/{service}/jobs/next")).await.body["data"]["id"], job.as_str());
}

#[tokio::test]
async fn graphql_shows_how_its_schemas_are_read() {
    let kitchen = Kitchen::new().await;
    kitchen.service(json!({}), json!({})).await;
    let found: Value = kitchen
        .app
        .admin()
        .data("{ services { nodes { schemaSemantics isAvailable title timeoutSeconds } } }", json!({}))
        .await;
    let expected = json!([{
        "schemaSemantics": "DRAFT4_LEGACY", "isAvailable": false, "title": "Testing Service", "timeoutSeconds": 30,
    }]);
    assert_eq!(found["services"]["nodes"], expected);
}

#[tokio::test]
async fn any_number_of_services_may_have_one_name() {
    let kitchen = Kitchen::new().await;
    for _ in 0..25 {
        kitchen.service(json!({}), json!({})).await;
    }
    let found = kitchen.app.admin().data("{ services(first: 100) { nodes { name } } }", json!({})).await;
    let names: Vec<_> =
        found["services"]["nodes"].as_array().expect("a list").iter().map(|one| one["name"].to_string()).collect();
    assert!(
        names.contains(&"\"testing-service-20\"".to_owned()) && !names.contains(&"\"testing-service-21\"".to_owned()),
        "{names:?}"
    );
    assert_eq!(names.len(), 25);
}

#[tokio::test]
async fn a_whole_number_that_cannot_be_kept_is_refused() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({ "n": u64::MAX })).await;
    assert_eq!(kitchen.get(&format!("/jobs/{job}")).await.body["data"]["parameters"], json!({ "n": u64::MAX }));
    for (method, path, key) in [
        (Method::POST, format!("/services/{service}/jobs"), "parameters"),
        (Method::PATCH, format!("/jobs/{job}"), "results"),
        (Method::POST, "/validator".to_owned(), "object"),
        (Method::POST, "/services".to_owned(), "job_result_schema"),
    ] {
        let body = format!("{{\"{key}\": {{\"n\": [18446744073709551616]}}}}");
        let request =
            kitchen.caller.request(method, &format!("/topchef{path}")).header("content-type", "application/json");
        let refused = read(request.body(body)).await;
        let detail =
            format!("Valdation of key '{key}' threw error '['Integers of more than 64 bits cannot be stored.']'.");
        let expected = vec![("Deserialization Error From Client Data".to_owned(), detail)];
        assert_eq!((refused.status, errors(&refused)), (StatusCode::BAD_REQUEST, expected), "{path}");
    }
}

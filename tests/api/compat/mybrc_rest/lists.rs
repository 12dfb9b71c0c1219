//! The lists, as the script of the log-in nodes reads them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{World, begins, ends};

impl World {
    async fn results(&self, path: &str) -> Value {
        let (status, mut body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        assert_eq!((&body["next"], &body["previous"]), (&Value::Null, &Value::Null));
        body["results"].take()
    }
}

#[tokio::test]
async fn accounts_and_their_members_are_listed_with_what_they_used() {
    let world = World::new().await;
    world.post(begins("1", "20.00")).await;
    world.put("2", ends("2", "5.25")).await;
    assert_eq!(world.results("//accounts?name=fc_lee").await, json!([{ "name": "fc_lee", "allocation": "100.00" }]));
    assert_eq!(world.results("/accounts?name=other").await, json!([]));
    let pair = json!({ "user": "lee", "account": "fc_lee" });
    for path in
        ["/user_accounts?user=lee", "/user_accounts?user=40001", "/user_accounts?account=fc_lee", "/user_accounts"]
    {
        assert_eq!(world.results(path).await, json!([pair]), "{path}");
    }
    assert_eq!(world.results("/user_accounts?user=eve").await, json!([]));
    assert_eq!(
        world.results("/account_usages?account=fc_lee").await,
        json!([{ "account": "fc_lee", "usage": "25.25" }])
    );
    let usage = |usage: &str| json!([{ "user_account": pair, "usage": usage }]);
    assert_eq!(world.results("/user_account_usages?user=lee").await, usage("25.25"));
    let now = world.app.clock.now_micros() / 1_000_000;
    let span = |from: i64, to: i64| format!("user=lee&account=fc_lee&start_time={from}&end_time={to}.5");
    let path = format!("/user_account_usages?{}", span(now - 60, now + 60));
    assert_eq!(world.results(&path).await, usage("25.25"));
    let path = format!("/user_account_usages?{}", span(now + 60, now + 120));
    assert_eq!(world.results(&path).await, usage("0.00"));
    let path = format!("/account_usages?account=fc_lee&start_time={}", now - 60);
    assert_eq!(world.results(&path).await, json!([{ "account": "fc_lee", "usage": "25.25" }]));
    let since = &world.results("/account_transactions?account=fc_lee").await[0];
    assert_eq!((&since["account"], &since["allocation"]), (&json!("fc_lee"), &json!("100.00")));
    assert!(since["date_time"].as_str().is_some_and(|at| at.ends_with('Z')));
    let since = &world.results("/user_account_transactions?user=lee&account=fc_lee").await[0];
    assert_eq!((&since["user_account"], &since["allocation"]), (&pair, &json!("60.00")));
    let users = world.results("/users?username=lee").await;
    assert_eq!(users, json!([{ "userid": "40001", "username": "lee", "email": "lee@example.org" }]));
    let partition =
        json!({ "name": "savio", "shared": true, "num_nodes": 160, "num_cores": 3200, "su_per_core_hour": "0.75" });
    assert_eq!(world.results("/partitions").await, json!([partition]));
}

#[tokio::test]
async fn jobs_are_listed_by_whose_they_are_and_when_they_began() {
    let world = World::new().await;
    world.put("2", ends("2", "5.25")).await;
    let mut later = ends("3", "1.00");
    later["startdate"] = json!("2020-03-01T10:30:00Z");
    world.put("3", later).await;
    let (_, body) = world.get("/jobs?user=40001&account=fc_lee").await;
    assert_eq!(
        (&body["count"], &body["total_cpu_time"], &body["total_amount"]),
        (&json!(2), &json!(80.0), &json!("6.25"))
    );
    // 10:20 of that day.
    let (_, body) = world.get("/jobs/?user=lee&start_time=1583058000").await;
    assert_eq!((&body["count"], &body["results"][0]["jobslurmid"]), (&json!(1), &json!("3")));
    let (_, body) = world.get("/jobs/?end_time=1583058000.0&account=fc_lee").await;
    assert_eq!((&body["count"], &body["total_cpu_time"]), (&json!(1), &json!(40.0)));
    let (_, body) = world.get("/jobs/?jobslurmid=2").await;
    assert_eq!((&body["count"], &body["results"][0]["amount"]), (&json!(1), &json!("5.25")));
    // A script tells from the status that there is no such user.
    let (status, said) = world.get("/jobs?user=nobody").await;
    assert_eq!(
        (status, said),
        (StatusCode::BAD_REQUEST, json!({ "user": ["Object with username=nobody does not exist."] }))
    );
    for path in ["/jobs?start_time=x", "/jobs?end_time=1e30", "/account_usages?start_time=NaN"] {
        assert_eq!(world.get(path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn pages_have_a_hundred() {
    let world = World::new().await;
    for number in 0..103 {
        assert_eq!(world.post(begins(&number.to_string(), "0.10")).await.0, StatusCode::CREATED);
    }
    let (_, first) = world.get("/jobs/?user=lee").await;
    let length = |body: &Value| body["results"].as_array().expect("rows").len();
    assert_eq!((length(&first), &first["count"], &first["previous"]), (100, &json!(103), &Value::Null));
    let next = first["next"].as_str().expect("a link");
    assert!(next.ends_with("/mybrc-rest/jobs/?page=2&user=lee"), "{next}");
    for path in ["/jobs?page=2", "/jobs?page=last"] {
        let (_, second) = world.get(path).await;
        assert_eq!((length(&second), &second["next"]), (3, &Value::Null));
        assert!(second["previous"].as_str().is_some_and(|link| link.ends_with("/mybrc-rest/jobs/")), "{second}");
    }
    for page in ["0", "3", "-1", "x", "", "99999999999999999999"] {
        let (status, said) = world.get(&format!("/jobs/?page={page}")).await;
        assert_eq!((status, said), (StatusCode::NOT_FOUND, json!({ "detail": "Invalid page." })), "{page}");
    }
}

#[tokio::test]
async fn it_stands_at_the_address_of_the_first_api_too() {
    let world = World::with(|config| config.mybrc.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    world.post(begins("1", "1.00")).await;
    let address = world.app.server.addresses[0];
    let get = |path: &str| {
        let request = reqwest::Client::new().get(format!("http://{address}{path}"));
        super::answer(request.header("authorization", format!("Token {}", world.token())))
    };
    let (status, body) = get("/mybrc-rest//jobs?user=lee").await;
    assert_eq!((status, &body["count"]), (StatusCode::OK, &json!(1)));
    let bearer = reqwest::Client::new().get(format!("http://{address}/jobs/")).bearer_auth(world.token());
    assert_eq!(super::answer(bearer).await.1["results"], json!({ "jobnumber": [1] }), "and the first one at its root");
    assert_eq!(get("/mybrc-rest/openapi.json").await.0, StatusCode::OK);
}

//! Who still uses an old API: what an operator asks before switching it off.

use docket::domain::dialect_use;
use serde_json::json;

use crate::support::TestApp;

const USES: &str = "{ dialectUses { dialect method route caller user { username } tokenName count } }";

#[tokio::test]
async fn requests_are_counted_by_route_and_token() {
    let app = TestApp::with(|config| config.topchef.at.anonymous_as = Some("chef".to_owned())).await;
    app.author("chef").await;
    let ada = app.user("ada").await;
    let token = ada.api_token(&["jobs:read"]).await;
    for _ in 0..3 {
        token.get("/topchef/jobs").send().await.expect("an answer");
    }
    app.anonymous().get("/topchef/jobs").send().await.expect("an answer");
    app.anonymous().with_token("dkt_nonsense", "").get("/topchef/services").send().await.expect("an answer");
    assert_eq!(dialect_use::store(&app.server.app).await.expect("they are stored"), 3);
    token.get("/topchef/jobs").send().await.expect("an answer");
    assert_eq!(dialect_use::store(&app.server.app).await.expect("they are stored"), 1);
    assert_eq!(dialect_use::store(&app.server.app).await.expect("nothing is left"), 0);

    let mut uses = app.admin().data(USES, json!({})).await["dialectUses"].take();
    let uses = uses.as_array_mut().expect("a list");
    uses.sort_by_key(|row| row["caller"].to_string());
    let row = |route: &str, caller: &str, user: Option<&str>, token: Option<&str>, count: i64| {
        json!({
            "dialect": "TOPCHEF", "method": "GET", "route": route, "caller": caller,
            "user": user.map(|name| json!({ "username": name })), "tokenName": token, "count": count,
        })
    };
    assert_eq!(
        uses[..],
        [
            row("/services", "NOBODY", None, None, 1),
            row("/jobs", "STAND_IN", Some("chef"), None, 1),
            row("/jobs", "TOKEN", Some("ada"), Some("test"), 4),
        ]
    );
    assert_eq!(ada.code(USES, json!({})).await, "FORBIDDEN");
}

#[tokio::test]
async fn graphql_tells_apart_where_things_are_at_home() {
    let app = TestApp::with(|config| config.topchef.at.anonymous_as = Some("admin".to_owned())).await;
    let own = app.service(json!({ "title": "Own" })).await;
    app.admin().submit(&own, json!({})).await;
    let body = json!({ "name": "Old", "description": "", "job_registration_schema": {}, "job_result_schema": {} });
    let made = app.anonymous().post("/topchef/services").json(&body).send().await.expect("an answer");
    let place = made.headers()["location"].to_str().expect("text").to_owned();
    let path = &place[place.find("/topchef").expect("its mount")..];
    let job = app.anonymous().post(&format!("{path}/jobs")).json(&json!({ "parameters": {} }));
    assert_eq!(job.send().await.expect("an answer").status(), 201);
    let ask = "query($in: DialectFilter) {
        services(filter: { dialect: $in }) { nodes { title dialect } }
        jobs(filter: { dialect: $in }) { nodes { dialect } }
    }";
    let old = app.admin().data(ask, json!({ "in": { "in": ["TOPCHEF"] } })).await;
    assert_eq!(old["services"]["nodes"], json!([{ "title": "Old", "dialect": "TOPCHEF" }]));
    assert_eq!(old["jobs"]["nodes"], json!([{ "dialect": "TOPCHEF" }]));
    let others = app.admin().data(ask, json!({ "in": { "notIn": ["TOPCHEF", "MYBRC"] } })).await;
    assert_eq!(others["services"]["nodes"], json!([{ "title": "Own", "dialect": null }]));
    assert_eq!(others["jobs"]["nodes"], json!([{ "dialect": null }]));
}

#[tokio::test]
async fn an_api_beside_another_is_told_from_it() {
    let app = TestApp::new().await;
    let admin = app.admin();
    admin.get("/mybrc-rest/jobs/").send().await.expect("an answer");
    assert!(dialect_use::store(&app.server.app).await.expect("they are stored") >= 1);
    let uses = admin.data(USES, json!({})).await["dialectUses"].take();
    let routes: Vec<_> = uses.as_array().expect("a list").iter().map(|row| row["route"].clone()).collect();
    assert!(routes.contains(&json!("/mybrc-rest/jobs/")) && !routes.contains(&json!("/jobs/")), "{routes:?}");
    for (route, name) in [("/mybrc-rest/jobs/", "mybrc_rest"), ("/jobs/", "mybrc"), ("/mybrc-restful/", "mybrc")] {
        assert_eq!(docket::compat::counted_as(&app.server.app.config, "mybrc", route), name);
    }
}

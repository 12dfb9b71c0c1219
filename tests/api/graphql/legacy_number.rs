//! The numbers by which older APIs call things.

use docket::{
    domain::{legacy_number, service},
    viewer::Viewer,
};
use entity::legacy_number::{Dialect, Noun};
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

/// A service that was made through an older API.
async fn service_of(app: &TestApp, dialect: Dialect) -> String {
    let new = service::NewService {
        project_id: None,
        is_exported: false,
        name: None,
        title: "Old".to_owned(),
        description: String::new(),
        kind: entity::service::Kind::Program,
        parameters_schema: json!(true),
        results_schema: json!(true),
        limits: service::Limits::default(),
        prices: service::Prices::default(),
        dialect: Some(dialect),
    };
    let made = service::create(&app.server.app, &Viewer::local_operator(), new).await.expect("a service");
    format!("service_{}", made.uid.simple())
}

async fn record(client: &Client, owner: &Client) -> Value {
    let input = json!({ "ownerId": owner.id, "finishedAt": "2020-01-01T00:00:00Z" });
    client.change("jobRecord", input, "job { id dialect dialectNumber }").await["job"].take()
}

async fn row_id(app: &TestApp, client: &Client) -> i64 {
    let number = client.data("{ viewer { user { number } } }", json!({})).await;
    let number = number["viewer"]["user"]["number"].as_i64().expect("a number");
    assert!(entity::user::Entity::find_by_id(number).one(app.server.app.db.read()).await.expect("it reads").is_some());
    number
}

#[tokio::test]
async fn a_job_is_numbered_where_it_is_at_home() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (plain, old) = (app.service(json!({})).await, service_of(&app, Dialect::ProjectW).await);
    let topchef = service_of(&app, Dialect::TopChef).await;
    let shown = |id: String| {
        let ada = ada.clone();
        async move { ada.job(&id, "dialect dialectNumber").await }
    };
    let home = |dialect: Value, number: Value| json!({ "dialect": dialect, "dialectNumber": number });
    assert_eq!(shown(ada.submit(&plain, json!({})).await).await, home(Value::Null, Value::Null));
    assert_eq!(shown(ada.submit(&old, json!({})).await).await, home(json!("PROJECT_W"), json!(1)));
    assert_eq!(shown(ada.submit(&topchef, json!({})).await).await, home(json!("TOPCHEF"), Value::Null));
    let second = ada.submit(&old, json!({})).await;
    assert_eq!(shown(second.clone()).await, home(json!("PROJECT_W"), json!(2)));
    let recorded = record(&app.admin(), &ada).await;
    assert_eq!((&recorded["dialect"], &recorded["dialectNumber"]), (&json!("MYBRC"), &json!(1)));
    let document = "query($dialect: Dialect, $number: Int) { job(dialect: $dialect, number: $number) { id } }";
    for (dialect, number, id) in [("PROJECT_W", 2, second), ("MYBRC", 1, text(&recorded["id"]))] {
        let found = ada.data(document, json!({ "dialect": dialect, "number": number })).await;
        assert_eq!(found["job"]["id"], json!(id), "{dialect}");
    }
    for (dialect, number) in [("PROJECT_W", 3), ("TOPCHEF", 1), ("MYBRC", 2), ("MYBRC", -1)] {
        assert_eq!(ada.code(document, json!({ "dialect": dialect, "number": number })).await, "NOT_FOUND");
    }
    assert_eq!(ada.code(document, json!({ "dialect": "MYBRC" })).await, "INVALID");
    let eve = app.user("eve").await;
    assert_eq!(eve.code(document, json!({ "dialect": "MYBRC", "number": 1 })).await, "NOT_FOUND");
    app.audit().await;
}

#[tokio::test]
async fn a_number_is_never_used_again() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = record(&app.admin(), &ada).await;
    assert_eq!(app.admin().refused("jobDelete", json!({ "jobId": first["id"] })).await, "OK");
    app.audit().await;
    assert_eq!(record(&app.admin(), &ada).await["dialectNumber"], 2);
    app.audit().await;
}

#[tokio::test]
async fn those_who_draw_at_once_get_different_numbers() {
    let app = TestApp::new().await;
    let (ada, admin) = (app.user("ada").await, app.admin());
    let made = join_all((0..20).map(|_| record(&admin, &ada))).await;
    let mut numbers: Vec<i64> = made.iter().map(|job| job["dialectNumber"].as_i64().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<i64>>());
    // One name for the same record: one job, and one that counts.
    let input = json!({ "ownerId": ada.id, "idempotencyKey": "once" });
    let same = join_all((0..8).map(|_| admin.change("jobRecord", input.clone(), "job { dialectNumber }"))).await;
    assert!(same.iter().all(|made| *made == same[0]), "{same:?}");
    app.audit().await;
}

#[tokio::test]
async fn a_row_has_one_number_in_a_dialect_whoever_asks_first() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (first, second) = (row_id(&app, &ada).await, row_id(&app, &eve).await);
    let own = "{ viewer { user { mybrc: legacyNumber(dialect: MYBRC) old: legacyNumber(dialect: PROJECT_W) } } }";
    let none = json!({ "viewer": { "user": { "mybrc": null, "old": null } } });
    assert_eq!(ada.data(own, json!({})).await, none, "reading draws nothing");
    let both = [second, first, second];
    let draw = |_| legacy_number::drawn_for(&app.server.app, Dialect::ProjectW, Noun::User, &both);
    for drawn in join_all((0..8).map(draw)).await {
        let mut drawn: Vec<(i64, i64)> =
            drawn.expect("they are drawn").into_iter().map(|number| (number.row_id, number.number)).collect();
        drawn.sort_unstable();
        assert_eq!(drawn.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [first, second]);
        assert!(drawn[0].1 < drawn[1].1, "in the order of the rows: {drawn:?}");
    }
    let hers = ada.data(own, json!({})).await["viewer"]["user"].take();
    assert_eq!((&hers["mybrc"], hers["old"].is_i64()), (&Value::Null, true));
    let document = "query($number: Int!) { user(dialect: PROJECT_W, number: $number) { username } }";
    let variables = json!({ "number": hers["old"] });
    assert_eq!(app.admin().data(document, variables.clone()).await["user"]["username"], "ada");
    assert_eq!(eve.code(document, variables).await, "NOT_FOUND", "who may not see the user sees no number either");
    app.audit().await;
}

//! The audit.

use docket::{
    domain::audit::{self, Actor, Subject},
    origin::Client as From,
    viewer::Viewer,
};
use entity::audit_entry::Action;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const LIST: &str = "query($filter: AuditFilter) { auditEntries(filter: $filter, first: 100) { totalCount nodes {
    action actorKind actor { username } subjectId subjectName detail address userAgent createdAt } } }";

async fn entries(client: &Client, filter: Value) -> Vec<Value> {
    let data = client.data(LIST, json!({ "filter": filter })).await;
    let nodes = data["auditEntries"]["nodes"].as_array().expect("a list").clone();
    assert_eq!(data["auditEntries"]["totalCount"], nodes.len());
    nodes
}

async fn note(app: &TestApp, actor: Actor, action: Action, subject: Subject) {
    let noted = app.server.app.db.write((actor, subject), move |tx, (actor, subject)| {
        Box::pin(async move { audit::note(tx, actor, action, subject.clone()).await })
    });
    noted.await.expect("it is noted");
}

#[tokio::test]
async fn an_admin_reads_who_did_what_and_from_where() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let operator = Viewer::local_operator();
    let user = docket::domain::user::get_by(&app.server.app, &operator, None, Some("ada"), None).await.expect("ada");
    let here = From { address: Some([192, 0, 2, 7].into()), user_agent: Some("curl/8\n".to_owned()) };
    note(&app, Actor::anonymous(&here), Action::SessionRefused, Subject::unknown()).await;
    app.advance(60);
    note(&app, Actor::user(user.id, &here), Action::PasswordChanged, Subject::from(&user)).await;
    app.advance(60);
    note(&app, Actor::of(&operator), Action::UserSuspended, Subject::from(&user).noting("Rude.")).await;
    let ours = json!({ "in": ["SESSION_REFUSED", "PASSWORD_CHANGED", "USER_SUSPENDED"] });
    let all = entries(&app.admin(), json!({ "action": ours })).await;
    let seen: Vec<Value> =
        all.iter().map(|entry| json!([entry["action"], entry["actorKind"], entry["detail"]])).collect();
    let wanted = [
        json!(["USER_SUSPENDED", "OPERATOR", "Rude."]),
        json!(["PASSWORD_CHANGED", "USER", null]),
        json!(["SESSION_REFUSED", "ANONYMOUS", null]),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(all[1]["actor"], json!({ "username": "ada" }));
    assert_eq!((&all[1]["subjectId"], &all[1]["subjectName"]), (&json!(ada.id), &json!("ada")));
    assert_eq!((&all[1]["address"], &all[1]["userAgent"]), (&json!("192.0.2.7"), &json!("curl/8")));
    assert_eq!((&all[2]["subjectId"], &all[2]["subjectName"]), (&Value::Null, &Value::Null));
    let filters = [
        (json!({ "actorId": { "eq": ada.id }, "action": ours }), 1),
        (json!({ "subjectId": { "eq": ada.id }, "action": ours }), 2),
        (json!({ "action": { "eq": "SESSION_REFUSED" } }), 1),
        (json!({ "createdAt": { "eq": all[1]["createdAt"] }, "action": ours }), 1),
        (json!({ "createdAt": { "in": [all[0]["createdAt"], all[2]["createdAt"]] }, "action": ours }), 2),
        (json!({ "createdAt": { "gt": all[2]["createdAt"], "lt": all[0]["createdAt"] }, "action": ours }), 1),
        (json!({ "action": { "in": [] } }), 0),
    ];
    for (filter, count) in filters {
        assert_eq!(entries(&app.admin(), filter.clone()).await.len(), count, "{filter}");
    }
}

#[tokio::test]
async fn nobody_else_reads_it() {
    let app = TestApp::new().await;
    let (ada, admin) = (app.user("ada").await, app.admin());
    assert_eq!(app.anonymous().code(LIST, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(ada.code(LIST, json!({})).await, "FORBIDDEN");
    assert_eq!(admin.api_token(&["jobs:read"]).await.code(LIST, json!({})).await, "FORBIDDEN");
    assert_eq!(admin.api_token(&["admin"]).await.code(LIST, json!({})).await, "OK");
    let found = admin.data("{ auditEntries(first: 1) { nodes { id } } }", json!({})).await;
    let id = &found["auditEntries"]["nodes"][0]["id"];
    let node = "query($id: ID!) { node(id: $id) { id } }";
    if id.is_string() {
        assert_eq!(admin.data(node, json!({ "id": id })).await["node"]["id"], *id);
        assert_eq!(ada.data(node, json!({ "id": id })).await["node"], Value::Null);
    }
}

#[tokio::test]
async fn wrong_filters_are_named() {
    let app = TestApp::new().await;
    let wrong = [
        (json!({ "actorId": { "eq": "job_1" } }), "filter/actorId/eq"),
        (json!({ "subjectId": { "eq": "nonsense" } }), "filter/subjectId/eq"),
        (json!({ "subjectId": { "in": vec!["x"; 101] } }), "filter/subjectId/in"),
    ];
    for (filter, path) in wrong {
        let faults = app.admin().faults(LIST, json!({ "filter": filter })).await;
        assert_eq!(faults[0].0, path);
    }
}

#[tokio::test]
async fn old_entries_go() {
    let app = TestApp::with(|config| config.audit.retention_days = 10).await;
    let operator = Actor::of(&Viewer::local_operator());
    note(&app, operator.clone(), Action::Overruled, Subject::unknown().noting("old")).await;
    app.advance(11 * 86_400);
    note(&app, operator, Action::Overruled, Subject::unknown().noting("new")).await;
    while audit::prune(&app.server.app).await.expect("it is tidied") > 0 {}
    let admin = app.anonymous().log_in("admin").await;
    let left = entries(&admin, json!({ "action": { "eq": "OVERRULED" } })).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["detail"], "new");
}

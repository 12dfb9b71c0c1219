//! Deleting users.

use entity::{file, job, job_log, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{lives, mails_to, sign_up};
use crate::support::{Client, PASSWORD, TestApp};

async fn row(app: &TestApp, client: &Client) -> user::Model {
    let uid: uuid::Uuid = client.id.trim_start_matches("user_").parse().expect("an id");
    let found = user::Entity::find().filter(user::Column::Uid.eq(uid)).one(app.server.app.db.read()).await;
    found.expect("users can be read").expect("the row stays")
}

async fn leave(client: &Client) {
    let left = client.change("userDelete", json!({ "confirmPassword": PASSWORD }), "user { id }").await;
    assert_eq!(left["user"]["id"], *client.id);
}

#[tokio::test]
async fn who_leaves_leaves_a_number_behind_and_nothing_else() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (elsewhere, token) = (app.anonymous().log_in("ada").await, ada.api_token(&["jobs:read"]).await);
    ada.change("userUpdate", json!({ "firstName": "Ada", "metadata": { "a": 1 } }), "user { id }").await;
    leave(&ada).await;
    for client in [&ada, &elsewhere, &token] {
        assert!(!lives(client).await);
    }
    let row = row(&app, &ada).await;
    assert_eq!(row.status, user::Status::Deleted);
    assert_eq!((row.email, row.email_lower, row.first_name, row.password_hash), (None, None, None, None));
    assert!(row.metadata.is_none() && row.deleted_at.is_some() && row.erased_at.is_some());
    assert_eq!(row.username, format!("deleted-{}", row.id));
    let log_in = json!({ "login": "ada", "password": PASSWORD });
    assert_eq!(app.anonymous().refused("sessionCreate", log_in).await, "UNAUTHENTICATED");
    // The name and the address are free again.
    let again = app.user("ada").await;
    assert_ne!(again.id, ada.id);
    let shown =
        app.admin().data("query($id: ID!) { user(id: $id) { username status email } }", json!({ "id": ada.id })).await;
    assert_eq!(shown["user"], json!({ "username": format!("deleted-{}", row.id), "status": "DELETED", "email": null }));
    let listed = app.admin().data("{ users { totalCount } }", json!({})).await;
    assert_eq!(listed["users"]["totalCount"], 2);
    let gone = json!({ "userId": ada.id, "confirmPassword": PASSWORD });
    assert_eq!(app.admin().refused("userDelete", gone).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_contents_of_the_jobs_go_and_the_books_stay() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "prices": { "perJob": "2" } })).await;
    let runner = app.runner(&service).await;
    let account = app.account(json!({ "granted": "10" })).await;
    let ada = app.user("ada").await;
    app.member(&account, &ada, json!({})).await;
    let input = json!({ "serviceId": service, "accountId": account, "parameters": { "secret": 1 } });
    let done = ada.submit_with(input.clone()).await;
    let lease = runner.claim().await;
    runner.change("workLog", json!({ "leaseToken": lease.token, "text": "secret" }), "job { id }").await;
    runner.change("workComplete", json!({ "leaseToken": lease.token, "results": { "secret": 2 } }), "job { id }").await;
    let held = ada.submit_with(input.clone()).await;
    let held_lease = runner.claim().await;
    let waiting = ada.submit_with(input).await;
    ada.file("secret.txt", "secret").await;
    leave(&ada).await;
    let owner = row(&app, &ada).await;
    let db = app.server.app.db.read();
    let jobs = job::Entity::find().filter(job::Column::OwnerId.eq(owner.id)).all(db).await.expect("jobs can be read");
    assert_eq!(jobs.len(), 3);
    for job in &jobs {
        assert!(job.status.is_final());
        assert_eq!((job.parameters.to_string(), &job.results, &job.message), ("{}".to_owned(), &None, &None));
    }
    assert!(job_log::Entity::find().all(db).await.expect("logs can be read").is_empty());
    let files = file::Entity::find().filter(file::Column::State.eq(file::State::Ready)).all(db).await;
    assert!(files.expect("files can be read").is_empty());
    assert_eq!(runner.refused("workComplete", json!({ "leaseToken": held_lease.token })).await, "LEASE_LOST");
    for (job, status) in [(&done, "SUCCEEDED"), (&held, "CANCELLED"), (&waiting, "CANCELLED")] {
        assert_eq!(app.admin().status(job).await, status);
    }
    let sums = app.sums(&account).await;
    assert_eq!((&*sums[1], &*sums[0]), ("0", "10"), "nothing is held for who is gone");
    app.audit().await;
    app.sweep_files().await;
    assert_eq!(app.stored(), [""; 0]);
}

#[tokio::test]
async fn projects_pass_to_the_longest_serving_manager_or_go() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (bob, eve) = (app.user("bob").await, app.user("eve").await);
    let (shared, lonely) =
        (ada.project(json!({ "title": "Shared" })).await, ada.project(json!({ "title": "Lonely" })).await);
    ada.enrol(&shared, &eve, "CONTRIBUTOR").await;
    ada.enrol(&shared, &bob, "MANAGER").await;
    ada.enrol(&shared, &eve, "MANAGER").await;
    ada.enrol(&lonely, &eve, "CONTRIBUTOR").await;
    let service = app.service(json!({})).await;
    let job = eve.submit_with(json!({ "serviceId": service, "projectId": lonely })).await;
    let own = ada.personal().await;
    leave(&ada).await;
    let document = "query($id: ID!) { project(id: $id) { owner { username } } }";
    // Eve has been in the project for longer, whatever she was at first.
    let passed = eve.data(document, json!({ "id": shared })).await;
    assert_eq!(passed["project"]["owner"]["username"], "eve");
    assert_eq!(bob.refused("projectUpdate", json!({ "projectId": shared, "description": "x" })).await, "OK");
    for project in [&lonely, &own] {
        assert_eq!(app.admin().code(document, json!({ "id": project })).await, "NOT_FOUND");
    }
    assert_eq!(eve.status(&job).await, "CANCELLED");
}

#[tokio::test]
async fn what_a_server_left_in_between_the_sweep_erases() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let job = ada.submit(&service, json!({ "secret": 1 })).await;
    // As if the server had stopped after the first transaction.
    let id = row(&app, &ada).await.id;
    let stopped = app.server.app.db.write(id, |tx, id| {
        Box::pin(async move {
            use sea_orm::{ActiveValue::Set, EntityTrait as _};
            let gone = user::ActiveModel {
                username: Set(format!("deleted-{id}")),
                email: Set(None),
                email_lower: Set(None),
                password_hash: Set(None),
                status: Set(user::Status::Deleted),
                deleted_at: Set(Some(tx.now)),
                ..Default::default()
            };
            user::Entity::update_many().set(gone).filter(user::Column::Id.eq(*id)).exec(&tx.db).await?;
            Ok(())
        })
    });
    stopped.await.expect("it is stored");
    assert_eq!(app.sweep_users().await, 1);
    assert_eq!(app.sweep_users().await, 0);
    let seen = app.admin().job(&job, "status parameters").await;
    assert_eq!(seen, json!({ "status": "CANCELLED", "parameters": {} }));
}

#[tokio::test]
async fn what_was_to_be_mailed_is_not_any_more() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let ada = app.anonymous().log_in("ada@example.org").await;
    leave(&ada).await;
    assert_eq!(mails_to(&app, "ada@example.org").await, 0);
}

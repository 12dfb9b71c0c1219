use std::time::Duration;

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_file_that_nobody_attaches_is_removed_after_a_day() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let (loose, kept) = (ada.file("loose", "1").await, ada.file("kept", "2").await);
    ada.submit_with(json!({ "serviceId": service, "fileIds": [kept] })).await;
    app.clock.advance(Duration::from_hours(24) - Duration::from_mins(1));
    assert_eq!(app.sweep_files().await, 0);
    app.clock.advance(Duration::from_mins(2));
    assert_eq!(app.sweep_files().await, 1);
    let status = async |id: &str| app.admin().get(&format!("/files/{id}")).send().await.expect("an answer").status();
    assert_eq!((status(&loose).await.as_u16(), status(&kept).await.as_u16()), (404, 200));
    assert_eq!(app.stored().len(), 1);
}

#[tokio::test]
async fn the_files_of_a_job_go_with_it() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let file = ada.file("a", "1").await;
    let job = ada.submit_with(json!({ "serviceId": service, "fileIds": [file] })).await;
    ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    ada.change("jobDelete", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(ada.get(&format!("/files/{file}")).send().await.expect("an answer").status(), 404);
    assert_eq!(app.sweep_files().await, 1);
    assert_eq!(app.stored(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_crash_left_is_cleared() {
    use entity::file::{ActiveModel, Entity, State};
    use sea_orm::{ActiveValue::Set, EntityTrait};
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.file("a", "1").await;
    let (name, seconds) = (app.stored().remove(0), i64::from(app.server.app.config.files.upload_seconds));
    // As if the server had been killed: bytes and half of them beside, and a row that waits for its upload.
    let folder = app.server.app.config.files.store.clone();
    std::fs::write(format!("{folder}/{}/{name}#1", &name[30..]), "half").expect("written");
    let write = app.server.app.db.write(seconds, |tx, seconds| {
        Box::pin(async move {
            let change = ActiveModel {
                state: Set(State::Uploading),
                expires_at: Set(Some(tx.now.plus_seconds(*seconds))),
                ..Default::default()
            };
            Ok(Entity::update_many().set(change).exec(&tx.db).await?.rows_affected)
        })
    });
    assert_eq!(write.await.expect("stored"), 1);
    assert_eq!((app.sweep_files().await, app.stored().len()), (0, 2), "its time is not over");
    app.clock.advance(Duration::from_secs(3601));
    assert_eq!((app.sweep_files().await, app.stored().len()), (1, 0));
}

//! TopChef's API, version 2.

mod common;

use crate::support::TestApp;

/// Runs each operation once.
pub async fn every_operation() {
    let app = TestApp::new().await;
    let answer = app.admin().get("/topchef/services").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

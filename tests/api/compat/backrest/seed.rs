//! The examples of the documentation's page, line by line.

use serde_json::json;

use super::{Browser, alice, server};

#[tokio::test]
async fn the_page_of_the_documentation_comes_true() {
    let app = server().await;
    let browser = Browser::new(&app);
    let signed_up = browser.post("/signup", json!({ "email": "alice@example.com", "password": "hurz" })).await;
    assert_eq!(signed_up.good()["status"], "success");

    alice(&app).await;
    let logged_in = browser.put("/login", json!({ "login": "alice@foo.com", "password": "alice" })).await;
    assert_eq!(logged_in.good()["status"], "success");

    let info = browser.get("/login").await.good();
    assert_eq!(info["authenticated"], true);
    let told = (&info["firstname"], &info["lastname"], &info["email"]);
    assert_eq!(told, (&json!("Alice"), &json!("Kingsleigh"), &json!("alice@foo.com")));

    assert_eq!(browser.put("/logout", json!({})).await.good()["status"], "success");

    let asked = browser.post("/reset/", json!({ "email": "alice@foo.com" })).await;
    assert_eq!(asked.good()["status"], "success");

    // The page's own browser is logged in for what follows.
    browser.log_in("alice@foo.com", "alice").await.good();
    let changed = browser.put("/password", json!({ "current": "alice", "password": "foo!" })).await;
    assert_eq!(changed.good()["status"], "success");

    // Each of its examples begins with the password that was at first.
    browser.put("/password", json!({ "current": "foo!", "password": "alice" })).await.succeeded();
    let changed = browser.put("/email/", json!({ "email": "alice@bar.com", "password": "alice" })).await;
    assert_eq!(changed.good()["status"], "success");

    let data = browser.get("/userprofile").await.good();
    assert_eq!((&data["firstname"], &data["lastname"]), (&json!("Alice"), &json!("Kingsleigh")));
    let changed = browser.put("/userprofile", json!({ "firstname": "Alien", "lastname": "Species" })).await;
    assert_eq!(changed.good()["status"], "success");
    let data = browser.get("/userprofile").await.good();
    assert_eq!((&data["firstname"], &data["lastname"]), (&json!("Alien"), &json!("Species")));
}

//! One-time tokens, used rightly and wrongly.

use serde_json::json;

use super::{last_mail, said, sign_up, signed_up};
use crate::support::TestApp;

#[tokio::test]
async fn a_link_works_once_and_says_so_after() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    let nobody = app.anonymous();
    let tries = (0..6).map(|_| nobody.refused("userActivate", json!({ "token": token })));
    let mut codes = futures_util::future::join_all(tries).await;
    codes.sort_unstable();
    assert_eq!(codes, ["INVALID_STATE", "INVALID_STATE", "INVALID_STATE", "INVALID_STATE", "INVALID_STATE", "OK"]);
    assert!(said(&nobody, "userActivate", json!({ "token": token })).await.contains("used already"));
}

#[tokio::test]
async fn a_link_ends_with_its_time() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    app.advance(24 * 3600 + 1);
    let input = json!({ "token": token });
    assert_eq!(app.anonymous().wrong("userActivate", input.clone()).await, ["token"]);
    assert!(said(&app.anonymous(), "userActivate", input).await.contains("is over"));
}

#[tokio::test]
async fn mangled_and_foreign_tokens_open_nothing() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    let bob = signed_up(&app, "bob@example.org").await;
    let session = bob.token.clone().expect("a session");
    let mut swapped: Vec<char> = token.chars().collect();
    swapped.swap(10, 30);
    let swapped: String = swapped.into_iter().collect();
    let wrong = [
        String::new(),
        "x".to_owned(),
        token[..token.len() - 3].to_owned(),
        format!("{}AAA", &token[..token.len() - 3]),
        format!("{token}="),
        token.to_uppercase(),
        token.replace("dkl_", "dks_"),
        swapped,
        session,
        "dkl_' OR 1=1 --".to_owned(),
        "é".repeat(47),
    ];
    for wrong in wrong.iter().filter(|wrong| **wrong != token) {
        for (field, input) in [
            ("userActivate", json!({ "token": wrong })),
            ("emailChangeConfirm", json!({ "token": wrong })),
            ("passwordReset", json!({ "token": wrong, "newPassword": "a new password" })),
        ] {
            assert_eq!(app.anonymous().wrong(field, input).await, ["token"], "{field} {wrong}");
        }
    }
    // For something else.
    let input = json!({ "token": token, "newPassword": "a new password" });
    assert_eq!(app.anonymous().wrong("passwordReset", input).await, ["token"]);
    assert_eq!(app.anonymous().wrong("emailChangeConfirm", json!({ "token": token })).await, ["token"]);
    // And no credential.
    assert_eq!(
        app.anonymous().with_token(&*token, "").code("{ serverInfo { name } }", json!({})).await,
        "UNAUTHENTICATED"
    );
    assert_eq!(app.anonymous().refused("userActivate", json!({ "token": token })).await, "OK");
}

#[tokio::test]
async fn exactly_one_way_to_activate_is_given() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for input in [json!({}), json!({ "token": "x", "userId": ada.id })] {
        assert_eq!(app.admin().wrong("userActivate", input).await, ["token"]);
    }
    assert_eq!(ada.refused("userActivate", json!({ "userId": ada.id })).await, "FORBIDDEN");
    assert_eq!(app.admin().refused("userActivate", json!({ "userId": ada.id })).await, "OK");
}

#[tokio::test]
async fn a_link_tells_what_it_would_do_and_does_not_do_it() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    let look = "query($token: String!) { mailedLink(token: $token) { purpose isOwn } }";
    for _ in 0..2 {
        let link = app.anonymous().data(look, json!({ "token": token })).await["mailedLink"].take();
        assert_eq!(link, json!({ "purpose": "ACTIVATION", "isOwn": false }));
    }
    let (ada, other) = (app.anonymous().log_in("ada@example.org").await, app.user("eve").await);
    for (client, is_own) in [(&ada, true), (&other, false), (&app.admin(), false)] {
        assert_eq!(client.data(look, json!({ "token": token })).await["mailedLink"]["isOwn"], is_own);
    }
    let changed = format!("{}xyz", &token[..token.len() - 3]);
    for none in ["", "x", &*changed] {
        assert_eq!(app.anonymous().code(look, json!({ "token": none })).await, "INVALID", "{none}");
    }
    app.anonymous().change("userActivate", json!({ "token": token }), "user { id }").await;
    assert_eq!(app.anonymous().code(look, json!({ "token": token })).await, "INVALID_STATE");
    sign_up(&app, "bob@example.org").await;
    let late = last_mail(&app, "bob@example.org").await.token();
    app.advance(24 * 3600 + 1);
    assert_eq!(app.anonymous().code(look, json!({ "token": late })).await, "INVALID");
}

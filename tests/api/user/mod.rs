//! Accounts of people, from the first mail to the last row.

mod activate;
mod admin;
mod anonymous;
mod browser;
mod delete;
mod email;
mod flood;
mod origin;
mod page;
mod password;
mod reset;
mod session;
mod sign_up;
mod threat;

use serde_json::{Value, json};

use crate::support::{Client, Mail, PASSWORD, TestApp, text};

/// The mail that is sent to an address last.
pub async fn last_mail(app: &TestApp, address: &str) -> Mail {
    app.send_mails().await;
    let mails = app.mails();
    let to = |mail: &&Mail| mail.value("to").contains(address);
    mails.iter().rev().find(to).unwrap_or_else(|| panic!("no mail to {address}")).clone()
}

/// How many mails went to an address.
pub async fn mails_to(app: &TestApp, address: &str) -> usize {
    app.send_mails().await;
    app.mails().iter().filter(|mail| mail.value("to").contains(address)).count()
}

/// Signs up with the tests' password.
pub async fn sign_up(app: &TestApp, email: &str) {
    let input = json!({ "email": email, "password": PASSWORD });
    let made = app.anonymous().change("userSignUp", input, "email user { id }").await;
    assert_eq!(made, json!({ "email": email, "user": null }));
}

/// A user who has signed up and confirmed the address, logged in.
pub async fn signed_up(app: &TestApp, email: &str) -> Client {
    sign_up(app, email).await;
    let token = last_mail(app, email).await.token();
    app.anonymous().change("userActivate", json!({ "token": token }), "user { id }").await;
    app.anonymous().log_in(email).await
}

/// What a user knows of itself.
pub async fn me(client: &Client, selection: &str) -> Value {
    let document = format!("{{ viewer {{ user {{ {selection} }} }} }}");
    client.data(&document, json!({})).await["viewer"]["user"].take()
}

/// Whether a session or token still opens something.
pub async fn lives(client: &Client) -> bool {
    client.code("{ serverInfo { name } }", json!({})).await == "OK"
}

/// What the answer to a mutation is, but for the id of the request.
pub async fn answer(client: &Client, field: &str, input: Value, selection: &str) -> Value {
    let document = crate::support::mutation(field, selection);
    let mut answer = client.graphql(&document, json!({ "input": input })).await;
    if let Some(id) = answer.pointer_mut("/errors/0/extensions/requestId") {
        id.take();
    }
    answer
}

/// The message of the only error, or of its only field.
pub async fn said(client: &Client, field: &str, input: Value) -> String {
    let answer = answer(client, field, input, "__typename").await;
    let error = &answer["errors"][0];
    text(error["extensions"]["fields"].get(0).map_or(&error["message"], |field| &field["message"]))
}

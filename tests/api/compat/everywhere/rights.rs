//! Every route of every old API, asked by every kind of caller. The snapshots are the rights of the old APIs: read them
//! when they change.

use entity::user::Status;

use super::{Everywhere, dialect};
use crate::permissions::table;
use crate::support::Client;

/// The kinds of callers; those with a password have the name with which they log in.
async fn callers(everywhere: &Everywhere) -> Vec<(&'static str, Client, Option<&'static str>)> {
    let (app, world) = (everywhere.app(), &everywhere.world);
    for (name, status) in [("pending", Status::Pending), ("suspended", Status::Suspended)] {
        app.author(name).await;
        app.set_status(name, status).await;
    }
    // Their old log-ins have ended.
    let (pending, suspended) = (app.anonymous().log_in("pending").await, app.anonymous().log_in("suspended").await);
    let accountant = app.user_with("accountant", &["accounting"], false).await;
    vec![
        ("anonymous", app.anonymous(), None),
        ("pending", pending, Some("pending")),
        ("suspended", suspended, None),
        ("stranger", app.author("stranger").await, Some("stranger")),
        ("owner", world.ada.clone(), Some("ada")),
        ("owner's token without scopes", world.ada.api_token(&[]).await, None),
        ("author", world.cara.clone(), Some("cara")),
        ("accountant", accountant, Some("accountant")),
        ("runner", world.runner.clone(), None),
        ("admin", app.admin(), Some("admin")),
        ("admin's token without scopes", app.admin().api_token(&[]).await, None),
    ]
}

/// Whether it ends the caller's session.
fn logs_out(path: &str) -> bool {
    path.ends_with("logout") || path.ends_with("invalidateAllTokens")
}

async fn ask(name: &str) -> String {
    let everywhere = Everywhere::new().await;
    let callers = callers(&everywhere).await;
    let dialect = dialect(name);
    let mut rows = Vec::new();
    let mut routes = Everywhere::routes(dialect);
    // Some end all of a caller's sessions.
    routes.sort_by_key(|route| logs_out(route.path));
    for route in routes {
        let mut outcomes = Vec::new();
        for (kind, client, login) in &callers {
            let client = match login {
                Some(name) if logs_out(route.path) => everywhere.app().anonymous().log_in(name).await,
                _ => client.clone(),
            };
            let answer = everywhere.ask(dialect, &route).await.by(&client).send().await.expect("an answer");
            assert!(answer.status().as_u16() < 500, "{route:?} by {kind}: {}", answer.status());
            outcomes.push((*kind, answer.status().as_u16().to_string()));
        }
        rows.push((format!("{} {}", route.method, route.path), outcomes));
    }
    everywhere.app().audit().await;
    table(&rows)
}

#[tokio::test]
async fn at_backrest() {
    insta::assert_snapshot!(ask("backrest").await);
}

#[tokio::test]
async fn at_mybrc_rest() {
    insta::assert_snapshot!(ask("mybrc_rest").await);
}

#[tokio::test]
async fn at_mobyle2() {
    insta::assert_snapshot!(ask("mobyle2").await);
}

#[tokio::test]
async fn at_mybrc() {
    insta::assert_snapshot!(ask("mybrc").await);
}

#[tokio::test]
async fn at_project_w() {
    insta::assert_snapshot!(ask("project_w").await);
}

#[tokio::test]
async fn at_topchef() {
    insta::assert_snapshot!(ask("topchef").await);
}

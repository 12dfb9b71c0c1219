//! Projects, and who may do what in them.

mod data;
mod default_account;
mod favorite;
mod group;
mod input;
mod job;
mod live;
mod matrix;
mod member;
mod participant;
mod personal;
mod replica;
mod runner;
mod service;
mod statements;
mod token;
mod usage;
mod write;

use serde_json::json;

use crate::support::{Client, TestApp};

/// A project with somebody in each role, and others.
struct Team {
    app: TestApp,
    project: String,
    owner: Client,
    manager: Client,
    contributor: Client,
    watcher: Client,
    /// Is a watcher by a group.
    grouped: Client,
    group: String,
    stranger: Client,
    /// One of the server's, which the admin made.
    service: String,
}

impl Team {
    async fn new() -> Self {
        Self::on(TestApp::new().await).await
    }

    async fn on(app: TestApp) -> Self {
        let service = app.service(json!({ "name": "shared" })).await;
        let owner = app.user("olga").await;
        let project = owner.project(json!({ "title": "Team", "description": "What we do." })).await;
        let (manager, contributor) = (app.user("max").await, app.user("cleo").await);
        let (watcher, grouped, stranger) = (app.user("wanda").await, app.user("gus").await, app.user("stan").await);
        owner.enrol(&project, &manager, "MANAGER").await;
        owner.enrol(&project, &contributor, "CONTRIBUTOR").await;
        owner.enrol(&project, &watcher, "WATCHER").await;
        let group = app.group(json!({ "name": "guests" }), &[&grouped]).await;
        app.admin().enrol_group(&project, &group, "WATCHER").await;
        Self { app, project, owner, manager, contributor, watcher, grouped, group, stranger, service }
    }

    /// A new job of this caller in the project.
    async fn job(&self, who: &Client) -> String {
        who.submit_with(json!({ "serviceId": self.service, "projectId": self.project })).await
    }

    /// The viewer's role, or what refuses to tell it.
    async fn role(&self, who: &Client) -> String {
        let document = "query($id: ID!) { project(id: $id) { viewerRole } }";
        let answer = who.graphql(document, json!({ "id": self.project })).await;
        match crate::support::code(&answer).as_str() {
            "OK" => answer["data"]["project"]["viewerRole"].as_str().unwrap_or("none").to_owned(),
            code => code.to_owned(),
        }
    }
}

//! The old JSON, field for field. A single item is exactly the value of its entry in a list.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::handlers::{Numbered, id};
use crate::compat::Page;

/// In full names it stands for what is no project's.
const NO_PROJECT: &str = "server";

/// Something that has a name.
#[derive(Debug, Deserialize)]
pub(super) struct Name {
    pub(super) name: String,
}

/// A server, with a page of its services.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server {
    url: String,
    is_local: bool,
    is_active: bool,
    pub(super) services: Page<Name>,
}

impl Server {
    /// With all its services; `own` is where this API stands on this server.
    pub(super) fn into_json(self, services: &[Value], own: &str) -> Value {
        let url = if self.is_local { own.to_owned() } else { self.url };
        json!({ "url": url, "services": services, "active": self.is_active })
    }
}

/// A service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    full_name: String,
    name: String,
    project_name: Option<String>,
    kind: String,
    is_exported: bool,
    is_disabled: bool,
    viewer_can: Permissions,
    server: Name,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    submit_jobs: bool,
}

impl Service {
    /// Its full name, and what is said of it.
    pub(super) fn into_entry(self) -> (String, Value) {
        let project = self.project_name.as_deref().unwrap_or(NO_PROJECT);
        let value = json!({
            "name": self.name,
            "server": self.server.name,
            "project": project,
            "type": self.kind.to_lowercase(),
            "exported": self.is_exported,
            "disabled": self.is_disabled,
            "authorized": self.viewer_can.submit_jobs,
        });
        (self.full_name, value)
    }
}

/// A user, without its lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) email: Option<String>,
    kind: String,
    authentication_type: Option<String>,
    status: Option<String>,
    status_message: Option<String>,
    is_admin: Option<bool>,
}

impl User {
    /// Whether it may do more than read itself.
    pub(super) fn is_active(&self) -> bool {
        self.status.as_deref() == Some("ACTIVE")
    }

    /// Whether it is gone, so that only its number is left.
    pub(super) fn is_deleted(&self) -> bool {
        self.status.as_deref() == Some("DELETED")
    }

    /// Whether it may do everything.
    pub(super) fn is_admin(&self) -> bool {
        self.is_admin == Some(true) && self.is_active()
    }

    /// With the names of its groups and the ids of its projects. What there is not is left out, and never null.
    pub(super) fn into_json(self, groups: Vec<String>, projects: Vec<String>) -> Value {
        let mut user = Map::new();
        let mut put = |key: &str, value: Value| drop(user.insert(key.to_owned(), value));
        let authenticated = self.kind == "AUTHENTICATED";
        if let Some(email) = self.email {
            put("email", email.into());
        }
        put("type", self.kind.to_lowercase().into());
        if let Some(how) = self.authentication_type.filter(|_| authenticated) {
            put("authentication_type", authentication(&how).into());
        }
        put("status", self.status.map(|status| status.to_lowercase()).into());
        if let Some(message) = self.status_message {
            put("status_message", message.into());
        }
        put("is_admin", self.is_admin.unwrap_or(false).into());
        put("groups", groups.into());
        put("projects", projects.into());
        Value::Object(user)
    }
}

/// The words of the later code: `native`, `ldap`, `openid`.
fn authentication(how: &str) -> String {
    if how == "OIDC" { "openid".to_owned() } else { how.to_lowercase() }
}

/// A user who takes part in a project.
#[derive(Debug, Deserialize)]
pub(super) struct Participant {
    user: Numbered,
    role: String,
}

/// The lists of a project.
#[derive(Debug, Default)]
pub(super) struct Lists {
    managers: Vec<String>,
    contributors: Vec<String>,
    watchers: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) jobs: Vec<String>,
    pub(super) data: Vec<String>,
}

impl Lists {
    /// Puts somebody where its role belongs. There is one owner here; who owns it beside that one is a manager.
    pub(super) fn take_part(&mut self, owner: Option<i32>, one: &Participant) {
        let list = match one.role.as_str() {
            _ if Some(one.user.number()) == owner => return,
            "WATCHER" => &mut self.watchers,
            "CONTRIBUTOR" => &mut self.contributors,
            _ => &mut self.managers,
        };
        list.push(id(one.user.number()));
    }

    /// The project.
    pub(super) fn into_json(self, owner: Option<i32>, favorites: Option<Vec<String>>) -> Value {
        let mut project = json!({
            "owner": owner.map(id),
            "managers": self.managers,
            "contributors": self.contributors,
            "watchers": self.watchers,
            "services": self.services,
            "jobs": self.jobs,
            "data": self.data,
        });
        if let Some(favorites) = favorites {
            project["favorites"] = favorites.into();
        }
        project
    }
}

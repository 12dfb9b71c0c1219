//! What the requests are about: a path and a body for each route.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use docket::compat::Route;
use docket::config::{Config, ContentType};
use serde_json::{Value, json};

use super::Body;
use crate::calls::World;
use crate::compat::project_w::{self, form};
use crate::support::{PASSWORD, text};

/// What the operator declares of content.
pub fn declare(config: &mut Config) {
    let file = Some("attachment".to_owned());
    let schema = json!({ "properties": {} });
    config.backrest.content = vec![ContentType { name: "document".to_owned(), plural: true, file, schema }];
}

/// Things that stay.
pub struct Topics {
    /// Numbers of a user and an account in MyBRC's API.
    recorded: (i64, i64),
    made: AtomicUsize,
}

impl Topics {
    pub async fn new(world: &World) -> Self {
        let admin = world.app.admin();
        let record = async |path: &str, body: Value| {
            let answer = admin.post(&format!("/mybrc{path}")).json(&body).send().await.expect("an answer");
            let body: Value = answer.json().await.expect("JSON");
            body.as_object().and_then(|made| made.values().next()?.as_i64()).expect("a number")
        };
        let user = record("/users/", mybrc_user()).await;
        let account = record("/accounts/", mybrc_account()).await;
        // Only members begin jobs.
        let ids = "{ enrolledUsers(filter: { ldapUid: \"1\" }) { nodes { id } }
            enrolledAccounts(filter: { title: \"a b\" }) { nodes { id } } }";
        let ids = admin.data(ids, json!({})).await;
        let id = |noun: &str| ids[noun]["nodes"][0]["id"].clone();
        let input = json!({ "accountId": id("enrolledAccounts"), "userId": id("enrolledUsers") });
        admin.change("accountMemberSet", input, "member { isManager }").await;
        Self { recorded: (user, account), made: AtomicUsize::new(0) }
    }

    /// Path and body for a route.
    ///
    /// # Panics
    ///
    /// For a dialect that nothing is said of here.
    pub async fn request(&self, world: &World, dialect: &str, route: &Route) -> (String, Body) {
        let (method, path) = (route.method.as_str(), route.path);
        match dialect {
            "project_w" => self.project_w(world, path).await,
            "backrest" => self.backrest(world, method, path).await,
            "mybrc_rest" => self.mybrc_rest(method, path),
            "topchef" => topchef(world, method, path).await,
            "mobyle2" => mobyle2(world, path).await,
            "mybrc" => self.mybrc(world, method, path).await,
            other => panic!("{other} has no requests yet: say here what each of its routes is asked"),
        }
    }

    /// A user whom nobody misses; the address.
    async fn victim(&self, world: &World) -> String {
        let name = format!("victim{}", self.made.fetch_add(1, Relaxed));
        world.app.user(&name).await;
        format!("{name}@example.org")
    }

    async fn project_w(&self, world: &World, path: &str) -> (String, Body) {
        let form = |fields: &[(&'static str, &str)]| {
            Body::Form(fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
        };
        let (own, new) = (("password", PASSWORD), ("newPassword", project_w::PASSWORD));
        let on = |query: &str| (format!("{path}?{query}"), Body::Nothing);
        let body = match path {
            "/users/signup" => {
                let email = format!("new{}@example.org", self.made.fetch_add(1, Relaxed));
                form(&[("email", &email), ("password", project_w::PASSWORD)])
            }
            "/users/activate" => form(&[("token", "nonsense")]),
            "/users/login" => form(&[("email", "ada@example.org"), own]),
            "/users/requestPasswordReset" => return on("email=ada@example.org"),
            "/users/resetPassword" => form(&[("token", "nonsense"), new]),
            "/users/delete" => form(&[own, ("emailModify", &self.victim(world).await)]),
            "/users/changePassword" => form(&[own, new, ("emailModify", &self.victim(world).await)]),
            "/users/changeEmail" => {
                let new = format!("moved{}@example.org", self.made.fetch_add(1, Relaxed));
                form(&[own, ("newEmail", &new), ("emailModify", &self.victim(world).await)])
            }
            "/jobs/submit" => {
                let media_type = format!("multipart/form-data; boundary={}", form::BOUNDARY);
                Body::Raw(media_type, project_w::recording("hello").bytes())
            }
            "/jobs/info" | "/jobs/abort" | "/jobs/delete" | "/jobs/downloadTranscript" => {
                let job = project_w::submit(&world.ada, "hello").await;
                return match path {
                    "/jobs/info" => on(&format!("jobIds={job}")),
                    "/jobs/downloadTranscript" => on(&format!("jobId={job}")),
                    _ => (path.to_owned(), form(&[("jobIds", &job.to_string())])),
                };
            }
            "/jobs/list" => return on("all=1"),
            "/runners/heartbeat" => form(&[("progress", "0.5")]),
            "/runners/submitJobResult" => form(&[("transcript", "hello")]),
            _ => Body::Nothing,
        };
        (path.to_owned(), body)
    }

    async fn backrest(&self, world: &World, method: &str, path: &str) -> (String, Body) {
        let new = || format!("fresh{}@example.org", self.made.fetch_add(1, Relaxed));
        if path.contains("/{id}") || path.contains("{file}") {
            let file = json!({ "filename": "a.txt", "data": "data:text/plain;base64,aGk=" });
            let made = world.ada.post("/-/documents").json(&json!({ "title": "t", "attachment": file }));
            let made: Value = made.send().await.expect("an answer").json().await.expect("JSON");
            if path.contains("{file}") {
                let url = text(&made["attachment"]["url"]);
                return (format!("/{}", url.rsplit('/').next().expect("a name")), Body::Nothing);
            }
            let body = if method == "PUT" { Body::Json(json!({ "title": "u" })) } else { Body::Nothing };
            return (format!("/documents/{}", made["id"]), body);
        }
        let body = match (method, path) {
            ("GET", "/signup") => return ("/signup?token=nonsense".to_owned(), Body::Nothing),
            ("POST", "/signup") => json!({ "email": new(), "password": "x" }),
            ("PUT", "/login") => json!({ "login": "ada@example.org", "password": PASSWORD }),
            ("POST", "/reset/") => json!({ "email": "ada@example.org" }),
            ("PUT", "/reset/{token}") => json!({ "password": "x" }),
            // A wrong one: the caller is asked again.
            ("PUT", "/password") => json!({ "current": "wrong", "password": "x" }),
            ("PUT", "/email/") => json!({ "email": new(), "password": PASSWORD }),
            ("PUT", "/userprofile") => json!({ "firstname": "A" }),
            ("POST", "/userprofile") => json!({ "password": "wrong" }),
            ("POST", "/{collection}") => json!({ "title": "t" }),
            _ => Value::Null,
        };
        let path = path.replace("{token}", "nonsense").replace("{collection}", "documents");
        (path, if body.is_null() { Body::Nothing } else { Body::Json(body) })
    }

    fn mybrc_rest(&self, method: &str, path: &str) -> (String, Body) {
        let fresh = self.made.fetch_add(1, Relaxed).to_string();
        let body = match (method, path) {
            (_, "/api_token_auth/") => Body::Json(json!({ "username": "ada", "password": PASSWORD })),
            ("POST" | "PUT", _) => {
                Body::Json(json!({ "jobslurmid": fresh, "userid": "1", "accountid": "a b", "amount": "1",
                "jobstatus": "RUNNING", "partition": "savio", "qos": "normal",
                "submitdate": "2020-03-01T10:00:00+00:00", "startdate": "2020-03-01T10:01:00+00:00" }))
            }
            _ => Body::Nothing,
        };
        let path = path.replace("{cost}", "1").replace("{uid}", "1").replace("{account}", "a%20b");
        (path.replace("{id}", &fresh), body)
    }

    async fn mybrc(&self, world: &World, method: &str, path: &str) -> (String, Body) {
        let (user, account) = self.recorded;
        let body = if path.starts_with("/jobs") {
            json!({ "jobslurmid": 5, "submitdate": "2018-06-05T13:27:35Z", "userid": user, "accountid": account,
                "amount": 2, "jobstatus": 1, "partition": 1, "qos": 1 })
        } else if path.starts_with("/users") {
            mybrc_user()
        } else {
            mybrc_account()
        };
        let Some((noun, slash)) = path.split_once("/{id}") else {
            return (path.to_owned(), if method == "POST" { Body::Json(body) } else { Body::Nothing });
        };
        let fresh = world.app.admin().post(&format!("/mybrc{noun}/")).json(&body).send().await.expect("an answer");
        let fresh: Value = fresh.json().await.expect("JSON");
        let id = fresh.as_object().and_then(|made| made.values().next()).expect("a number");
        (
            format!("{noun}/{id}{slash}"),
            if matches!(method, "PUT" | "PATCH") { Body::Json(body) } else { Body::Nothing },
        )
    }
}

fn mybrc_user() -> Value {
    json!({ "username": "eve", "usermetadata": "x", "email": "e", "ldapuid": 1 })
}

fn mybrc_account() -> Value {
    json!({ "accountname": "a b", "accountallocation": 2, "accountbalance": 1, "type": "t", "description": "d" })
}

/// A global id as TopChef writes it.
fn uuid(global: &str) -> String {
    let bare = global.split_once('_').expect("a global id").1;
    uuid::Uuid::parse_str(bare).expect("a UUID").to_string()
}

async fn topchef(world: &World, method: &str, path: &str) -> (String, Body) {
    let job = world.ada.submit(&world.service, json!({})).await;
    let job = uuid(&job);
    let at_home = path.strip_prefix("/v1").unwrap_or(path);
    let body = match (method, at_home) {
        ("POST", "/services") => json!({ "name": "n", "description": "d", "job_registration_schema": {},
            "job_result_schema": {} }),
        ("PATCH", "/services/{id}") => json!({ "description": "another" }),
        ("POST", "/services/{id}/jobs") => json!({ "parameters": {} }),
        ("PATCH" | "PUT", _) => json!({ "status": "WORKING" }),
        ("POST", "/validator") => json!({ "object": {}, "schema": {} }),
        _ => Value::Null,
    };
    let id = if at_home.starts_with("/jobs") { job.clone() } else { uuid(&world.service) };
    let path = path.replace("{id}", &id).replace("{job}", &job);
    (path, if body.is_null() { Body::Nothing } else { Body::Json(body) })
}

async fn mobyle2(world: &World, path: &str) -> (String, Body) {
    let admin = world.app.admin();
    let number = async |field: &str, id: &str| {
        let document = format!("query($id: ID!) {{ {field}(id: $id) {{ number }} }}");
        let data = admin.data(&document, json!({ "id": id })).await;
        format!("{:011}", data[field]["number"].as_i64().expect("a number"))
    };
    let path = match path {
        "/servers/{name}" => "/servers/elsewhere".to_owned(),
        "/services/{full_name}" => "/services/echo::server::localhost".to_owned(),
        "/users/{id}" => format!("/users/{}", number("user", &world.ada.id).await),
        "/projects/{id}" => format!("/projects/{}", number("project", &world.project).await),
        "/auth/login/native" => {
            let fields = [("username", "ada"), ("password", PASSWORD)];
            let fields = fields.map(|(name, value)| (name, text(&value.into())));
            return (path.to_owned(), Body::Form(fields.to_vec()));
        }
        other => other.to_owned(),
    };
    (path, Body::Nothing)
}

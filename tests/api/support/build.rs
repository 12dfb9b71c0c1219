//! A service, a job, a lease in one line.

use std::{
    panic::Location,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use super::{Client, TestApp, client::text};

/// A job in a worker's hands.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What to show with every call.
    pub token: String,
    /// The job's global id.
    pub job: String,
    /// The number of the attempt.
    pub attempt: i64,
}

/// `given` over the defaults.
fn over(mut defaults: Value, given: Value) -> Value {
    if let (Some(defaults), Value::Object(given)) = (defaults.as_object_mut(), given) {
        defaults.extend(given);
    }
    defaults
}

/// A name that nothing else has.
fn unique(start: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(1);
    format!("{start}{}", MADE.fetch_add(1, Ordering::Relaxed))
}

impl TestApp {
    /// A new service of the admin; `input` goes over a title. Returns its id.
    pub async fn service(&self, input: Value) -> String {
        self.admin().service(input).await
    }

    /// A new account, made by the admin; `input` goes over a name of its own. Returns its id.
    pub async fn account(&self, input: Value) -> String {
        let input = over(json!({ "name": unique("account-") }), input);
        text(&self.admin().change("accountCreate", input, "account { id }").await["account"]["id"])
    }

    /// Makes a caller a member of an account; `input` goes over its ids.
    pub async fn member(&self, account: &str, who: &Client, input: Value) {
        let input = over(json!({ "accountId": account, "userId": who.id }), input);
        self.admin().change("accountMemberSet", input, "member { limit }").await;
    }

    /// A new group, made by the admin, with these users in it; `input` goes over a name of its own. Returns its id.
    pub async fn group(&self, input: Value, members: &[&Client]) -> String {
        let input = over(json!({ "name": unique("group-") }), input);
        let admin = self.admin();
        let group = text(&admin.change("groupCreate", input, "group { id }").await["group"]["id"]);
        for member in members {
            let input = json!({ "groupId": group, "userId": member.id });
            admin.change("groupMemberAdd", input, "group { id }").await;
        }
        group
    }

    /// The sums of an account, as the admin sees them: granted, held, spent and available.
    pub async fn sums(&self, account: &str) -> [String; 4] {
        let document = "query($id: ID!) { account(id: $id) { granted held spent available } }";
        let found = self.admin().data(document, json!({ "id": account })).await["account"].take();
        ["granted", "held", "spent", "available"].map(|name| text(&found[name]))
    }

    /// Panics unless every sum is that of its entries, and every hold that of a live job.
    pub async fn audit(&self) {
        let faults = docket::domain::account::audit(&self.server.app.db).await.expect("the books can be read");
        assert_eq!(faults, [""; 0]);
        let faults = docket::domain::legacy_number::audit(&self.server.app.db).await.expect("the numbers can be read");
        assert_eq!(faults, [""; 0]);
    }

    /// A new runner of the admin; `input` goes over a name and 100 slots.
    pub async fn runner_with(&self, input: Value) -> Client {
        self.admin().runner(input).await
    }
}

impl Client {
    /// A new API token of this user.
    pub async fn api_token(&self, scopes: &[&str]) -> Client {
        let input = json!({ "name": "test", "scopes": scopes });
        let made = self.change("tokenCreate", input, "token").await;
        self.with_token(text(&made["token"]), &*self.id)
    }

    /// A new service of this user.
    pub async fn service(&self, input: Value) -> String {
        let input = over(json!({ "title": "Echo" }), input);
        text(&self.change("serviceCreate", input, "service { id }").await["service"]["id"])
    }

    /// A new runner of this user.
    pub async fn runner(&self, input: Value) -> Client {
        let input = over(json!({ "name": unique("runner "), "slots": 100 }), input);
        let made = self.change("runnerCreate", input, "token runner { id }").await;
        self.with_token(text(&made["token"]), text(&made["runner"]["id"]))
    }

    /// A new project of this user; `input` goes over a title. Returns its id.
    pub async fn project(&self, input: Value) -> String {
        let input = over(json!({ "title": "Project" }), input);
        text(&self.change("projectCreate", input, "project { id }").await["project"]["id"])
    }

    /// This user's own project.
    pub async fn personal(&self) -> String {
        let document = "{ projects(filter: { isPersonal: true, role: { eq: OWNER } }) { nodes { id } } }";
        text(&self.data(document, json!({})).await["projects"]["nodes"][0]["id"])
    }

    /// Gives a user a role in a project.
    pub async fn enrol(&self, project: &str, who: &Client, role: &str) {
        let input = json!({ "projectId": project, "userId": who.id, "role": role });
        self.change("projectMemberSet", input, "member { role }").await;
    }

    /// Gives a group a role in a project.
    pub async fn enrol_group(&self, project: &str, group: &str, role: &str) {
        let input = json!({ "projectId": project, "groupId": group, "role": role });
        self.change("projectMemberSet", input, "member { role }").await;
    }

    /// New data of this user in a project; `input` goes over a title. Returns its id.
    pub async fn data_of(&self, project: &str, input: Value) -> String {
        let input = over(json!({ "projectId": project, "title": "Data" }), input);
        text(&self.change("projectDataCreate", input, "data { id }").await["data"]["id"])
    }

    /// A new job of this user; returns its id.
    pub async fn submit(&self, service: &str, parameters: Value) -> String {
        self.submit_with(json!({ "serviceId": service, "parameters": parameters })).await
    }

    /// The same with a whole input.
    pub async fn submit_with(&self, input: Value) -> String {
        text(&self.change("jobSubmit", input, "job { id }").await["job"]["id"])
    }

    /// Claims as a runner.
    pub async fn claim_with(&self, input: Value) -> Vec<Lease> {
        let claimed = self.change("workClaim", input, "leases { token attempt job { id } }").await;
        let leases = claimed["leases"].as_array().expect("a list");
        let lease = |lease: &Value| Lease {
            token: text(&lease["token"]),
            job: text(&lease["job"]["id"]),
            attempt: lease["attempt"].as_i64().expect("a number"),
        };
        leases.iter().map(lease).collect()
    }

    /// Claims the one job that must be there.
    #[track_caller]
    pub fn claim(&self) -> impl Future<Output = Lease> {
        let here = Location::caller();
        async move { self.claim_with(json!({})).await.pop().unwrap_or_else(|| panic!("{here}: there is no job")) }
    }

    /// Fields of one job, as this caller sees them.
    #[track_caller]
    pub fn job(&self, id: &str, selection: &str) -> impl Future<Output = Value> {
        let here = Location::caller();
        let document = format!("query($id: ID!) {{ job(id: $id) {{ {selection} }} }}");
        async move { self.data_at(here, &document, json!({ "id": id })).await["job"].take() }
    }

    /// The state of one job.
    pub async fn status(&self, id: &str) -> String {
        text(&self.job(id, "status").await["status"])
    }
}

//! One minimal valid call for every root field, made from the schema itself: what is new in the schema and has no
//! entry here fails the tests that go through all fields.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{Client, Lease, PASSWORD, TestApp, text};

/// An address at which nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A field of one of the three roots.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    /// Names and types of its arguments.
    pub arguments: Vec<(String, String)>,
    /// What to ask for of its value.
    selection: String,
}

const FIELDS: &str = "fragment Fields on __Type {
        fields { name args { name type { ...Type } } type { ...Type } } }
    fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The fields of `query`, `mutation` or `subscription`.
pub async fn fields_of(client: &Client, root: &str) -> Vec<Field> {
    let document = format!("{{ __schema {{ root: {root}Type {{ ...Fields }} }} }} {FIELDS}");
    let data = client.data(&document, json!({})).await;
    let fields = data["__schema"]["root"]["fields"].as_array().expect("fields");
    fields.iter().map(field).collect()
}

/// The keys of every input object, and their types as the schema spells them.
pub async fn inputs_of(client: &Client) -> HashMap<String, Vec<(String, String)>> {
    const TYPE: &str = "type { ...T ofType { ...T ofType { ...T ofType { ...T } } } }";
    let document = format!(
        "{{ __schema {{ types {{ name inputFields {{ name {TYPE} }} }} }} }} fragment T on __Type {{ kind name }}"
    );
    let data = client.data(&document, json!({})).await;
    let types = data["__schema"]["types"].as_array().expect("types");
    let keys = |keys: &Vec<Value>| keys.iter().map(|key| (text(&key["name"]), spelled(&key["type"]))).collect();
    types.iter().filter_map(|ty| Some((text(&ty["name"]), keys(ty["inputFields"].as_array()?)))).collect()
}

fn field(field: &Value) -> Field {
    let argument = |argument: &Value| (text(&argument["name"]), spelled(&argument["type"]));
    let value = spelled(&field["type"]);
    let selection = if value.ends_with("Connection!") { "nodes { __typename }" } else { "__typename" };
    Field {
        name: text(&field["name"]),
        arguments: field["args"].as_array().expect("arguments").iter().map(argument).collect(),
        selection: selection.to_owned(),
    }
}

fn spelled(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", spelled(&ty["ofType"])),
        Some("LIST") => format!("[{}]", spelled(&ty["ofType"])),
        _ => text(&ty["name"]),
    }
}

impl Field {
    /// A document that passes each of `given` as a variable.
    pub fn document(&self, root: &str, given: &Value) -> String {
        let given: Vec<&(String, String)> =
            self.arguments.iter().filter(|(name, _)| given.get(name).is_some()).collect();
        let declared: Vec<String> = given.iter().map(|(name, ty)| format!("${name}: {ty}")).collect();
        let passed: Vec<String> = given.iter().map(|(name, _)| format!("{name}: ${name}")).collect();
        let (name, selection) = (&self.name, &self.selection);
        if given.is_empty() {
            return format!("{root} {{ {name} {{ {selection} }} }}");
        }
        format!("{root}({}) {{ {name}({}) {{ {selection} }} }}", declared.join(" "), passed.join(" "))
    }
}

/// A service of cara's, a job of it that is ada's, and a runner of cara's that holds it; an account that dora manages
/// and ada is a member of, and a service that has a price; a project of cara's that ada contributes to, data of it that is
/// ada's, and a group that ada is in.
pub struct World {
    pub app: TestApp,
    pub ada: Client,
    pub cara: Client,
    pub service: String,
    pub runner: Client,
    pub held: Lease,
    pub dora: Client,
    pub account: String,
    /// Costs 1 for each job.
    pub paid: String,
    pub project: String,
    pub data: String,
    pub group: String,
    /// Registered, and not there.
    pub remote: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with changed settings.
    pub async fn with(change: impl FnOnce(&mut docket::config::Config)) -> Self {
        let app = TestApp::with(change).await;
        let (ada, cara) = (app.user("ada").await, app.author("cara").await);
        let service = cara.service(json!({ "name": "echo" })).await;
        let paid = cara.service(json!({ "name": "paid", "prices": { "perJob": "1" } })).await;
        let runner = cara.runner(json!({ "serviceIds": [service, paid], "slots": 1000 })).await;
        let held = held(&ada, &service, &runner).await;
        let dora = app.user("dora").await;
        let account = app.account(json!({ "name": "lab", "granted": "1000" })).await;
        app.member(&account, &dora, json!({ "isManager": true })).await;
        app.member(&account, &ada, json!({})).await;
        let project = cara.project(json!({ "title": "Atlas" })).await;
        cara.enrol(&project, &ada, "CONTRIBUTOR").await;
        let data = ada.data_of(&project, json!({})).await;
        let group = app.group(json!({ "name": "readers" }), &[&ada]).await;
        let remote = app.register("elsewhere", NOWHERE).await;
        Self { app, ada, cara, service, runner, held, dora, account, paid, project, data, group, remote }
    }

    /// The arguments of a call that succeeds for those who may make it; makes what the call will use up.
    pub async fn arguments(&self, field: &str) -> Value {
        match field {
            "file" => json!({ "id": self.ada.file("a.txt", "a").await }),
            "viewer"
            | "serverInfo"
            | "files"
            | "users"
            | "services"
            | "runners"
            | "jobs"
            | "accounts"
            | "ledger"
            | "projects"
            | "groups"
            | "servers"
            | "dialectUses"
            | "recordedJobs"
            | "enrolledUsers"
            | "enrolledAccounts"
            | "enrolledMembers"
            | "auditEntries"
            | "oauthClients"
            | "sharedData"
            | "sessionDelete"
            | "userCreateAnonymous"
            | "runnerUnregister"
            | "assignmentFetch" => json!({}),
            "node" | "job" => json!({ "id": self.held.job }),
            // As with the changes that take one: for the token alone it is refused.
            "mailedLink" => json!({ "token": "x" }),
            "nodes" => {
                json!({ "ids": [self.held.job, self.service, self.runner.id, self.ada.id, self.account, self.project, self.data,
                self.group, self.remote] })
            }
            "account" => json!({ "id": self.account }),
            "accountEvents" => json!({ "accountId": self.account, "after": "e0" }),
            "estimate" => json!({ "serviceId": self.paid }),
            "accountAffords" => json!({ "accountId": self.account, "userId": self.ada.id, "amount": "1" }),
            "usage" => json!({ "groupBy": "USER" }),
            "user" => json!({ "id": self.ada.id }),
            "service" => json!({ "id": self.service }),
            "runner" => json!({ "id": self.runner.id }),
            "jobEvents" => json!({ "filter": { "jobId": { "eq": self.held.job } }, "after": "e0" }),
            "project" => json!({ "id": self.project }),
            "projectData" => json!({ "id": self.data }),
            "group" => json!({ "id": self.group }),
            "server" => json!({ "id": self.remote }),
            "jobsAvailable" => json!({ "serviceIds": [self.service] }),
            "jobSubmitBatch" => json!({ "input": { "jobs": [{ "serviceId": self.service }] } }),
            mutation => json!({ "input": self.input(mutation).await }),
        }
    }

    async fn input(&self, field: &str) -> Value {
        match field {
            "sessionCreate" => json!({ "login": "ada", "password": PASSWORD }),
            "tokenCreate" => json!({ "name": "x", "scopes": [] }),
            "oauthClientCreate" => json!({ "name": "x", "scopes": ["jobs:read"] }),
            "oauthClientDelete" => {
                let input = json!({ "name": "x", "scopes": ["jobs:read"] });
                let made = self.ada.change("oauthClientCreate", input, "client { id }").await;
                json!({ "clientId": made["client"]["id"] })
            }
            "tokenRevoke" => {
                let input = json!({ "name": "x", "scopes": [] });
                let made = self.ada.change("tokenCreate", input, "apiToken { id }").await;
                json!({ "tokenId": made["apiToken"]["id"] })
            }
            "serviceCreate" => json!({ "title": "x" }),
            "serviceUpdate" => json!({ "serviceId": self.service, "title": "x" }),
            "serviceCheckIn" | "serviceDisable" | "serviceEnable" | "jobSubmit" => json!({ "serviceId": self.service }),
            "serviceDelete" => json!({ "serviceId": self.cara.service(json!({})).await }),
            "schemaValidate" => json!({ "schema": true }),
            "runnerCreate" => {
                json!({ "name": self.unused().await, "serviceIds": [self.service] })
            }
            "runnerDelete" => json!({ "runnerId": self.cara.runner(json!({ "serviceIds": [self.service] })).await.id }),
            "jobUpdate" => json!({ "jobId": self.ada.submit(&self.service, json!({})).await, "priority": 1 }),
            "jobCancel" => json!({ "jobId": self.ada.submit(&self.service, json!({})).await }),
            "jobsCancel" => json!({ "filter": { "labels": [{ "key": "nobody", "value": "has it" }] } }),
            "jobOverride" => {
                json!({ "jobId": self.ada.submit(&self.service, json!({})).await, "status": "CANCELLED" })
            }
            "jobRecord" => json!({ "ownerId": self.ada.id }),
            "jobReport" => {
                json!({ "slurmKey": "report", "ownerId": self.ada.id, "accountId": self.account, "amount": "0" })
            }
            "jobRecordUpdate" => {
                let made = self.app.admin().change("jobRecord", json!({ "ownerId": self.ada.id }), "job { id }").await;
                json!({ "jobId": made["job"]["id"], "amount": "1" })
            }
            "jobDelete" | "jobRetry" => {
                let job = self.ada.submit(&self.service, json!({})).await;
                self.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
                json!({ "jobId": job })
            }
            field => self.input_about_money(field).await,
        }
    }

    async fn input_about_money(&self, field: &str) -> Value {
        match field {
            "userRecord" => json!({ "username": "x" }),
            "userRecordUpdate" | "userRecordDelete" => {
                let made = self.app.admin().change("userRecord", json!({ "username": "x" }), "user { id }").await;
                json!({ "userId": made["user"]["id"] })
            }
            "accountRecord" => json!({ "title": "x", "type": "x" }),
            "fileAttach" => {
                let file = self.ada.file("a.txt", "a").await;
                json!({ "fileId": file, "jobId": self.ada.submit(&self.service, json!({})).await })
            }
            "fileDetach" | "fileDelete" => json!({ "fileId": self.ada.file("a.txt", "a").await }),
            "accountCreate" => json!({ "name": self.unused().await }),
            "accountUpdate" | "accountRecordUpdate" => json!({ "accountId": self.account, "description": "x" }),
            "accountDelete" | "accountEnrol" => json!({ "accountId": self.app.account(json!({})).await }),
            "accountMemberSet" => json!({ "accountId": self.account, "userId": self.ada.id }),
            "accountReserve" => json!({ "accountId": self.account, "userId": self.ada.id, "amount": "0" }),
            "accountMemberRemove" => {
                let bob = self.app.user(&self.unused().await).await;
                self.app.member(&self.account, &bob, json!({})).await;
                json!({ "accountId": self.account, "userId": bob.id })
            }
            "accountGrant" => json!({ "accountId": self.account, "amount": "1" }),
            "accountAdjust" => json!({ "accountId": self.account, "spent": "-1", "reason": "x" }),
            "jobRefund" => {
                let input = json!({ "serviceId": self.paid, "accountId": self.account, "priority": 1000 });
                let job = self.ada.submit_with(input).await;
                let lease = claimed(&self.runner, &job).await;
                self.runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
                json!({ "jobId": job })
            }
            field => self.input_of_work(field).await,
        }
    }

    async fn input_of_work(&self, field: &str) -> Value {
        match field {
            "jobMarkDownloaded" => {
                let job = self.ada.submit_with(json!({ "serviceId": self.service, "priority": 1000 })).await;
                let lease = claimed(&self.runner, &job).await;
                self.runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
                json!({ "jobId": job })
            }
            "runnerRegister" | "workClaim" | "runnerHeartbeat" | "assignmentComplete" => json!({}),
            "assignmentFail" => json!({ "message": "x" }),
            "workHeartbeat" | "workComplete" | "workRelease" => json!({ "leaseToken": self.fresh_lease().await }),
            "workLog" => json!({ "leaseToken": self.fresh_lease().await, "text": "x" }),
            "workFail" => json!({ "leaseToken": self.fresh_lease().await, "message": "x" }),
            field if ["project", "group", "favorite", "server"].iter().any(|noun| field.starts_with(noun)) => {
                self.input_of_a_project(field).await
            }
            field => self.input_of_a_user(field).await,
        }
    }

    async fn input_of_a_project(&self, field: &str) -> Value {
        match field {
            "projectCreate" => json!({ "title": "x" }),
            "projectUpdate" => json!({ "projectId": self.project, "description": "x" }),
            "favoriteAdd" | "favoriteRemove" => json!({ "projectId": self.project }),
            "projectDelete" => json!({ "projectId": self.cara.project(json!({})).await }),
            "projectMemberSet" => {
                let bob = self.app.user(&self.unused().await).await;
                json!({ "projectId": self.project, "userId": bob.id, "role": "WATCHER" })
            }
            "projectMemberRemove" => {
                let bob = self.app.user(&self.unused().await).await;
                self.cara.enrol(&self.project, &bob, "WATCHER").await;
                json!({ "projectId": self.project, "userId": bob.id })
            }
            "projectDataCreate" => json!({ "projectId": self.project, "title": "x" }),
            "projectDataUpdate" => json!({ "dataId": self.data, "title": "x" }),
            "projectDataDelete" => json!({ "dataId": self.ada.data_of(&self.project, json!({})).await }),
            "groupCreate" => json!({ "name": self.unused().await }),
            "groupUpdate" => json!({ "groupId": self.group, "description": "x" }),
            "groupDelete" => json!({ "groupId": self.app.group(json!({}), &[]).await }),
            "groupMemberAdd" => json!({ "groupId": self.group, "userId": self.dora.id }),
            "groupMemberRemove" => {
                let bob = self.app.user(&self.unused().await).await;
                json!({ "groupId": self.app.group(json!({}), &[&bob]).await, "userId": bob.id })
            }
            "serverRegister" => json!({ "name": self.unused().await, "url": NOWHERE }),
            "serverUpdate" => json!({ "serverId": self.remote, "url": NOWHERE }),
            "serverProbe" => json!({ "serverId": self.remote }),
            "serverRemove" => json!({ "serverId": self.app.register(&self.unused().await, NOWHERE).await }),
            unknown => panic!("{unknown} has no call: add one here, and look at who may make it in the snapshots"),
        }
    }

    async fn input_of_a_user(&self, field: &str) -> Value {
        let password = json!(PASSWORD);
        match field {
            "userSignUp" => json!({ "email": format!("{}@example.org", self.unused().await), "password": password }),
            "activationResend" | "passwordResetRequest" => json!({ "email": "nobody@example.org" }),
            // What a link carries is nobody's but its reader's: that these are refused is for the token alone.
            "passwordReset" => json!({ "token": "x", "newPassword": password }),
            "emailChangeConfirm" => json!({ "token": "x" }),
            "passwordChange" => json!({ "newPassword": password, "confirmPassword": password }),
            "emailChangeRequest" => {
                json!({ "email": format!("{}@example.org", self.unused().await), "confirmPassword": password })
            }
            "userUpdate" => json!({ "firstName": "X" }),
            "userCreate" => json!({ "username": self.unused().await }),
            "userActivate" | "userSuspend" | "userReinstate" => json!({ "userId": self.somebody().await.id }),
            "userDelete" | "userPromote" | "userDemote" | "userPasswordSet" => {
                json!({ "userId": self.somebody().await.id, "confirmPassword": password })
            }
            "sessionRevoke" => {
                let other = self.app.anonymous().log_in("ada").await;
                let own = other.data("{ viewer { session { id } } }", json!({})).await["viewer"]["session"].take();
                json!({ "sessionId": own["id"] })
            }
            // The caller goes on asking with its session.
            "sessionsDeleteAll" => json!({ "keepCurrent": true }),
            unknown => panic!("{unknown} has no call: add one here, and look at who may make it in the snapshots"),
        }
    }

    async fn somebody(&self) -> Client {
        self.app.user(&self.unused().await).await
    }

    /// A name that nothing has: a new job's id is as good a one as any.
    async fn unused(&self) -> String {
        self.ada.submit(&self.service, json!({})).await
    }

    async fn fresh_lease(&self) -> String {
        held(&self.ada, &self.service, &self.runner).await.token
    }
}

/// A new job of `owner` in the hands of `runner`.
pub async fn held(owner: &Client, service: &str, runner: &Client) -> Lease {
    let job = owner.submit_with(json!({ "serviceId": service, "priority": 1000 })).await;
    claimed(runner, &job).await
}

/// The lease of a job that waits, and that `runner` works for.
async fn claimed(runner: &Client, job: &str) -> Lease {
    // Others may wait, too: those that were handed back.
    let leases = runner.claim_with(json!({ "max": 100 })).await;
    leases.into_iter().find(|lease| lease.job == job).expect("the runner works for the service")
}

//! The rows that both sides have: made through docket's own API, then copied for the floor.

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::Result;
use crate::client::Connection;
use crate::programs::{ADMIN_PASSWORD, USER, USER_PASSWORD};
use crate::requests::{Requests, Side, graphql};
use crate::server::Server;

/// Jobs in the database before anything is measured.
const JOBS: usize = 10_000;
/// Jobs that are asked for by id, in turn.
const ASKED: usize = 1_000;
/// What a job costs of a service that costs something.
const PRICE: &str = "0.25";
/// Connections that submit them.
const SUBMITTERS: usize = 20;
/// Jobs of the service that is asked for with all its jobs.
pub const LAB_JOBS: usize = 400;

/// Credentials and ids, as docket gave them out.
pub struct World {
    /// The token of the user who owns all jobs and services.
    pub user: String,
    /// The token of an admin, who sees everything.
    pub admin: String,
    /// The token of the runner that works for every service.
    pub runner: String,
    /// The account that pays for the jobs of services with a price; the user is its member.
    pub account: String,
    /// Ids of some jobs that nobody touches.
    pub jobs: Vec<String>,
    /// Ids of the services.
    pub services: Services,
}

/// One service for each thing that is measured, so that no scenario finds another one's jobs in its queue.
#[derive(Default)]
pub struct Services {
    /// Has the jobs that are only read, and a price.
    pub archive: String,
    /// Gets jobs that nobody claims.
    pub submit: String,
    /// Gets jobs that are finished.
    pub cycle: String,
    /// Gets jobs that are finished and paid for.
    pub paid: String,
    /// Its jobs are followed.
    pub stream: String,
    /// Has [`LAB_JOBS`] jobs, and is asked for with all of them.
    pub lab: String,
    /// Has a short queue.
    pub short: String,
    /// Has a long queue.
    pub long: String,
}

impl Services {
    /// Whether it costs something.
    pub fn is_paid(&self, service: &str) -> bool {
        [&self.archive, &self.lab, &self.paid].into_iter().any(|paid| paid == service)
    }
}

/// Seeds a docket that has the user [`USER`].
pub async fn seed(docket: &Server) -> Result<World> {
    let mut seeder = Seeder { connection: Connection::open(docket.address).await?, token: None };
    let admin = seeder.log_in("admin", ADMIN_PASSWORD).await?;
    let user = seeder.log_in(USER, USER_PASSWORD).await?;
    seeder.token = Some(user.clone());
    let services = Services {
        archive: seeder.service("archive", Some(PRICE)).await?,
        submit: seeder.service("submit", None).await?,
        cycle: seeder.service("cycle", None).await?,
        paid: seeder.service("paid", Some(PRICE)).await?,
        stream: seeder.service("stream", None).await?,
        lab: seeder.service("lab", Some(PRICE)).await?,
        short: seeder.service("short-queue", None).await?,
        long: seeder.service("long-queue", None).await?,
    };
    let runner = seeder.runner(&services).await?;
    seeder.token = Some(admin.clone());
    let account = seeder.account().await?;
    let mut world = World { user, admin, runner, account, jobs: Vec::new(), services };
    let submitters = (0..SUBMITTERS).map(|_| world.submit(docket, &world.services.archive, JOBS / SUBMITTERS));
    let jobs = try_join_all(submitters).await?.concat();
    world.submit(docket, &world.services.lab, LAB_JOBS).await?;
    world.jobs = jobs.into_iter().step_by(JOBS / ASKED).collect();
    Ok(world)
}

impl World {
    async fn submit(&self, docket: &Server, service: &str, count: usize) -> Result<Vec<String>> {
        let mut connection = Connection::open(docket.address).await?;
        let request = Requests { side: Side::Docket, world: self }.submit(service)?;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            ids.push(text(&connection.send_json(&request).await?, "/data/jobSubmit/job/id")?);
        }
        Ok(ids)
    }
}

struct Seeder {
    connection: Connection,
    token: Option<String>,
}

impl Seeder {
    async fn run(&mut self, query: &str, variables: &Value) -> Result<Value> {
        let answer = self.connection.send_json(&graphql(self.token.as_deref(), query, variables)?).await?;
        match answer.get("errors") {
            Some(errors) => Err(format!("seeding: {query}\n{errors}").into()),
            None => Ok(answer["data"].clone()),
        }
    }

    async fn log_in(&mut self, login: &str, password: &str) -> Result<String> {
        let query = "mutation LogIn($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }";
        let data = self.run(query, &json!({ "input": { "login": login, "password": password } })).await?;
        text(&data, "/sessionCreate/token")
    }

    /// An account with plenty, for the user to spend.
    async fn account(&mut self) -> Result<String> {
        let query = "mutation Account($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } } }";
        let data = self.run(query, &json!({ "input": { "name": "bench", "granted": "1000000000" } })).await?;
        let account = text(&data, "/accountCreate/account/id")?;
        let data =
            self.run("query User($name: String) { user(username: $name) { id } }", &json!({ "name": USER })).await?;
        let user = text(&data, "/user/id")?;
        let query =
            "mutation Member($input: AccountMemberSetInput!) { accountMemberSet(input: $input) { member { limit } } }";
        self.run(query, &json!({ "input": { "accountId": account, "userId": user } })).await?;
        Ok(account)
    }

    async fn service(&mut self, name: &str, price: Option<&str>) -> Result<String> {
        let query = "mutation Service($input: ServiceCreateInput!) { serviceCreate(input: $input) { service { id } } }";
        let parameters = json!({
            "type": "object",
            "required": ["text"],
            "additionalProperties": false,
            "properties": {
                "text": { "type": "string", "maxLength": 10_000 },
                "language": { "type": "string", "pattern": "^[a-z]{2}$" }
            }
        });
        let results = json!({
            "type": "object",
            "required": ["words"],
            "properties": { "words": { "type": "integer", "minimum": 0 }, "longest": { "type": "string" } }
        });
        // Leases that outlast the run: nothing is to come back while something else is measured.
        let input = json!({
            "name": name, "title": format!("Bench {name}"), "limits": { "leaseSeconds": 3_600 },
            "parametersSchema": parameters, "resultsSchema": results,
            "prices": price.map_or_else(|| json!({}), |price| json!({ "perJob": price }))
        });
        let data = self.run(query, &json!({ "input": input })).await?;
        text(&data, "/serviceCreate/service/id")
    }

    async fn runner(&mut self, services: &Services) -> Result<String> {
        let query = "mutation Runner($input: RunnerCreateInput!) { runnerCreate(input: $input) { token } }";
        let Services { archive, submit, cycle, paid, stream, lab: _, short, long } = services;
        let input = json!({
            "name": "bench", "slots": 1_000, "serviceIds": [archive, submit, cycle, paid, stream, short, long]
        });
        let data = self.run(query, &json!({ "input": input })).await?;
        text(&data, "/runnerCreate/token")
    }
}

fn text(data: &Value, path: &str) -> Result<String> {
    let value = data.pointer(path).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("no text at {path} of {data}").into())
}

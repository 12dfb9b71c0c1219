//! Reading: one job by its id, and a page of 100 jobs with owner and service.

use std::rc::Rc;

use serde_json::Value;

use crate::Result;
use crate::client::Connection;
use crate::load::{Contender, Plan, Repeat, alternate};
use crate::operations::{Ask, Expect};
use crate::programs::Fleet;
use crate::report::{Cost, Line};
use crate::requests::{Requests, Side, uid};
use crate::server::Server;
use crate::world::World;

/// How often the floor's processor time one job by id may cost.
const JOB_TARGET: f64 = 2.0;
/// The same for a page.
const PAGE_TARGET: f64 = 3.0;

/// How often the first page's a page in the depth may cost.
const DEEP_TARGET: f64 = 1.3;

/// One job by its id, another one each time.
pub async fn job(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let list = |side| {
        let requests = Requests { side, world };
        let expect = |id: &String| Ok(Expect { request: requests.job(id)?, part: uid(id).to_owned() });
        world.jobs.iter().map(expect).collect::<Result<Rc<[_]>>>()
    };
    let docket = ask("docket", &fleet.docket, list(Side::Docket)?);
    let floor = ask("floor", &fleet.floor, list(Side::Floor)?);
    // The floor's process also answers docket's own query, by the library's ready-made handler.
    let ready_made = ask("async-graphql-axum", &fleet.floor, list(Side::Docket)?);
    let samples = alternate(plan, &[&docket, &floor, &ready_made]).await?;
    Ok(vec![
        Line::compared("job by id", docket.name(), &samples[0], &samples[1], Cost::Server).at_most(JOB_TARGET),
        Line::load("job by id", floor.name(), &samples[1]),
        Line::compared("job by id", ready_made.name(), &samples[2], &samples[1], Cost::Server),
    ])
}

/// The newest 100 jobs: of an ordinary user, which is what was promised, and of an admin, who owns nothing and sees all.
pub async fn page(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let docket = Requests { side: Side::Docket, world };
    let user = one_page("docket", &fleet.docket, docket.page(&world.user)?, "/data/jobs/nodes").await?;
    let admin = one_page("docket, as admin", &fleet.docket, docket.page(&world.admin)?, "/data/jobs/nodes").await?;
    let floor = Requests { side: Side::Floor, world }.page(&world.user)?;
    let floor = one_page("floor", &fleet.floor, floor, "/nodes").await?;
    let samples = alternate(plan, &[&user, &admin, &floor]).await?;
    Ok(vec![
        Line::compared("page of 100", user.name(), &samples[0], &samples[2], Cost::Server).at_most(PAGE_TARGET),
        Line::compared("page of 100", admin.name(), &samples[1], &samples[2], Cost::Server),
        Line::load("page of 100", floor.name(), &samples[2]),
    ])
}

/// The newest 100 jobs with owner and account.
pub async fn paid_page(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let request = Requests { side: Side::Docket, world }.paid_page(&world.user)?;
    let docket = one_page("docket", &fleet.docket, request, "/data/jobs/nodes").await?;
    let request = Requests { side: Side::Floor, world }.paid_page(&world.user)?;
    let floor = one_page("floor", &fleet.floor, request, "/nodes").await?;
    let samples = alternate(plan, &[&docket, &floor]).await?;
    let scenario = "page of 100, with accounts";
    Ok(vec![
        Line::compared(scenario, docket.name(), &samples[0], &samples[1], Cost::Server).at_most(PAGE_TARGET),
        Line::load(scenario, floor.name(), &samples[1]),
    ])
}

/// A page of the same list of a million jobs at its beginning and in its depth. The jobs of the archive are the oldest
/// ones, so that a cursor of theirs lies behind all copies.
pub async fn deep(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let requests = Requests { side: Side::Docket, world };
    let mut connection = Connection::open(fleet.docket.address).await?;
    let answer = connection.send_json(&requests.cursor(&world.services.archive)?).await?;
    let cursor = answer.pointer("/data/jobs/pageInfo/endCursor").and_then(Value::as_str);
    let cursor = cursor.ok_or_else(|| format!("no cursor in {answer}"))?;
    let path = "/data/jobs/nodes";
    let deep = one_page("docket, page 10,000", &fleet.docket, requests.after(Some(cursor))?, path).await?;
    let first = one_page("docket, page 1", &fleet.docket, requests.after(None)?, path).await?;
    let samples = alternate(plan, &[&deep, &first]).await?;
    let cost = Cost::ServerAndDatabase;
    Ok(vec![
        Line::compared("page in the depth", deep.name(), &samples[0], &samples[1], cost).at_most(DEEP_TARGET),
        Line::load("page in the depth", first.name(), &samples[1]),
    ])
}

pub(super) fn ask<'a>(name: &'static str, server: &'a Server, list: Rc<[Expect]>) -> Repeat<'a> {
    // Connections start at different places, so that no two ask for the same row at the same time.
    Repeat {
        name,
        server,
        operation: Box::new(move |number| Box::new(Ask { list: Rc::clone(&list), next: number * 61 })),
    }
}

/// Checks a page in full once; the load then recognises it by the id of its last job.
async fn one_page<'a>(name: &'static str, server: &'a Server, request: Vec<u8>, path: &str) -> Result<Repeat<'a>> {
    let mut connection = Connection::open(server.address).await?;
    let page = connection.send_json(&request).await?;
    let nodes = page.pointer(path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let whole = nodes.iter().all(|node| {
        node["owner"]["username"].is_string()
            && (node["service"]["title"].is_string() || node["account"]["name"].is_string())
    });
    match nodes.last().and_then(|node| node["id"].as_str()) {
        Some(id) if nodes.len() == 100 && whole => {
            let part = uid(id).to_owned();
            Ok(ask(name, server, Rc::from([Expect { request, part }])))
        }
        _ => Err(format!("{name}: not a page of 100 jobs with owner and service: {page}").into()),
    }
}

//! Writing: submit alone, and the whole life of a job.

use std::rc::Rc;

use crate::Result;
use crate::client::Connection;
use crate::load::{Contender, Plan, Repeat, alternate};
use crate::operations::{Ask, Expect, Life, check};
use crate::programs::Fleet;
use crate::report::{Cost, Line};
use crate::requests::{Requests, Side};
use crate::server::Server;
use crate::world::World;

/// How often the floor's processor time a life cycle may cost, both with group commit.
const CYCLE_TARGET: f64 = 3.0;

/// Submissions only. Information: the life cycle is what was promised.
pub async fn submit(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let make = |name, server, side| -> Result<Repeat<'_>> {
        let request = Requests { side, world }.submit(&world.services.submit)?;
        let list: Rc<[Expect]> = Rc::from([Expect { request, part: "\"QUEUED\"".to_owned() }]);
        Ok(Repeat { name, server, operation: Box::new(move |_| Box::new(Ask { list: Rc::clone(&list), next: 0 })) })
    };
    let docket = make("docket", &fleet.docket, Side::Docket)?;
    let floor = make("floor", &fleet.floor, Side::Floor)?;
    let samples = alternate(plan, &[&docket, &floor]).await?;
    Ok(vec![
        Line::compared("submit", docket.name(), &samples[0], &samples[1], Cost::ServerAndDatabase),
        Line::load("submit", floor.name(), &samples[1]),
    ])
}

/// Submit, claim, complete: three requests, counted as one.
pub async fn cycle(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    lives(plan, fleet, world, &world.services.cycle, "life cycle, 3 requests").await
}

/// The same of jobs that an account pays for: a hold at the submission, a settlement at the end.
pub async fn paid(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    lives(plan, fleet, world, &world.services.paid, "life cycle, paid").await
}

async fn lives(plan: Plan, fleet: &Fleet, world: &World, service: &str, scenario: &'static str) -> Result<Vec<Line>> {
    let docket = live("docket", &fleet.docket, Requests { side: Side::Docket, world }, service);
    let requests = Requests { side: Side::Floor, world };
    let floor = live("floor", &fleet.floor, requests, service);
    // On PostgreSQL a claim passes over what others are taking, and what was put in since it began: with as many jobs as
    // connections it may go away empty.
    let servers = [(&fleet.docket, Side::Docket), (&fleet.floor, Side::Floor)];
    for (server, side) in servers {
        spare(server, Requests { side, world }, service, 2 * plan.connections).await?;
    }
    let single = fleet.floor_single.as_ref().map(|single| live("floor, single commits", single, requests, service));
    let mut contenders: Vec<&dyn Contender> = vec![&docket, &floor];
    contenders.extend(single.iter().map(|single| single as &dyn Contender));
    let samples = alternate(plan, &contenders).await?;
    let compared = Line::compared(scenario, docket.name(), &samples[0], &samples[1], Cost::ServerAndDatabase);
    let others = contenders.iter().zip(&samples).skip(1);
    Ok(std::iter::once(compared.at_most(CYCLE_TARGET))
        .chain(others.map(|(contender, sample)| Line::load(scenario, contender.name(), sample)))
        .collect())
}

/// Puts jobs into a queue that are to stay there.
async fn spare(server: &Server, requests: Requests<'_>, service: &str, count: usize) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    for _ in 0..count {
        check(connection.send(&requests.submit(service)?).await?, b"\"QUEUED\"")?;
    }
    Ok(())
}

fn live<'a>(name: &'static str, server: &'a Server, requests: Requests<'a>, service: &'a str) -> Repeat<'a> {
    Repeat { name, server, operation: Box::new(move |_| Box::new(Life { requests, service })) }
}

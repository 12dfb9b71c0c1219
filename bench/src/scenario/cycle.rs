//! Writing: submit alone, and the whole life of a job.

use std::rc::Rc;

use crate::Result;
use crate::load::{Contender, Plan, Repeat, alternate};
use crate::operations::{Ask, Expect, Life};
use crate::programs::Fleet;
use crate::report::Line;
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
        Line::load("submit", docket.name(), &samples[0], Some(&samples[1]), None),
        Line::load("submit", floor.name(), &samples[1], None, None),
    ])
}

/// Submit, claim, complete: three requests, counted as one.
pub async fn cycle(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let docket = live("docket", &fleet.docket, Requests { side: Side::Docket, world });
    let floor = live("floor", &fleet.floor, Requests { side: Side::Floor, world });
    let single = live("floor, single commits", &fleet.floor_single, Requests { side: Side::Floor, world });
    let samples = alternate(plan, &[&docket, &floor, &single]).await?;
    Ok(vec![
        Line::load("life cycle, 3 requests", docket.name(), &samples[0], Some(&samples[1]), Some(CYCLE_TARGET)),
        Line::load("life cycle, 3 requests", floor.name(), &samples[1], None, None),
        Line::load("life cycle, 3 requests", single.name(), &samples[2], None, None),
    ])
}

fn live<'a>(name: &'static str, server: &'a Server, requests: Requests<'a>) -> Repeat<'a> {
    let service = &requests.world.services.cycle;
    Repeat { name, server, operation: Box::new(move |_| Box::new(Life { requests, service })) }
}

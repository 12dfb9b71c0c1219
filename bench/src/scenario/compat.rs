//! The old REST APIs: one object through `TopChef`'s routes beside the same object through GraphQL, and a service with
//! all its jobs.

use std::rc::Rc;

use super::read::ask;
use crate::Result;
use crate::client::get;
use crate::load::{Contender, Plan, alternate};
use crate::operations::Expect;
use crate::programs::Fleet;
use crate::report::{Cost, Figure, Line};
use crate::requests::{ALIKE, graphql, uid};
use crate::world::{LAB_JOBS, World};

/// How often GraphQL's processor time one object through a dialect may cost.
const OBJECT_TARGET: f64 = 1.5;
/// Milliseconds of the server's processor time that a service with [`LAB_JOBS`] jobs may cost: on SQLite, where the
/// database runs in the server, and on PostgreSQL.
const SERVICE_TARGET: [f64; 2] = [6.0, 2.0];

/// See above.
pub async fn compat(plan: Plan, fleet: &Fleet, world: &World, postgres: bool) -> Result<Vec<Line>> {
    let old =
        |id: &String| Ok(Expect { request: get(&format!("/topchef/jobs/{}", uid(id)), &world.user), part: dashed(id) });
    let new = |id: &String| {
        let request = graphql(Some(&world.user), ALIKE, &serde_json::json!({ "id": id }))?;
        Ok(Expect { request, part: uid(id).to_owned() })
    };
    let old: Rc<[Expect]> = world.jobs.iter().map(old).collect::<Result<_>>()?;
    let new: Rc<[Expect]> = world.jobs.iter().map(new).collect::<Result<_>>()?;
    let lab = &world.services.lab;
    let request = get(&format!("/topchef/services/{}", uid(lab)), &world.user);
    let service: Rc<[Expect]> = Rc::from([Expect { request, part: "\"has_timed_out\"".to_owned() }]);
    let old = ask("docket, TopChef", &fleet.docket, old);
    let new = ask("docket, GraphQL", &fleet.docket, new);
    let service = ask("docket, TopChef", &fleet.docket, service);
    let samples = alternate(plan, &[&old, &new, &service]).await?;
    let cost = Figure { value: samples[2].cpu / 1_000.0, unit: "ms of CPU" };
    Ok(vec![
        Line::compared("old API, one job", old.name(), &samples[0], &samples[1], Cost::Server).at_most(OBJECT_TARGET),
        Line::load("old API, one job", new.name(), &samples[1]),
        Line::load("old API, service of 400 jobs", service.name(), &samples[2]),
        Line::figure("old API, service of 400 jobs", service.name(), cost)
            .at_most(SERVICE_TARGET[usize::from(postgres)]),
    ])
}

/// An id as the old API writes it. What the harness knows is a UUID without dashes.
fn dashed(id: &str) -> String {
    let hex = uid(id);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| hex.get(from..to).unwrap_or_default());
    parts.join("-")
}

// The name of the scenario says the number.
const _: () = assert!(LAB_JOBS == 400);

//! Life cycles on a short queue and on a long one: the cost of a claim must not grow with the queue.

use crate::Result;
use crate::load::{Contender, Plan, Repeat, alternate};
use crate::operations::Life;
use crate::programs::Fleet;
use crate::report::Line;
use crate::requests::{Requests, Side};
use crate::world::World;

/// Submit, claim, complete: the queues keep their lengths while they are measured, and the runner its free slots. The ratio is the long queue's
/// cost over the short one's. Information: the promise about a million jobs belongs to another database.
pub async fn claim(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let requests = Requests { side: Side::Docket, world };
    let make = |name, service| Repeat {
        name,
        server: &fleet.docket,
        operation: Box::new(move |_| Box::new(Life { requests, service })),
    };
    let long = make("docket, 100,000 queued", world.services.long.as_str());
    let short = make("docket, 1,000 queued", world.services.short.as_str());
    let samples = alternate(plan, &[&long, &short]).await?;
    Ok(vec![
        Line::load("life cycle, in a queue", long.name(), &samples[0], Some(&samples[1]), None),
        Line::load("life cycle, in a queue", short.name(), &samples[1], None, None),
    ])
}

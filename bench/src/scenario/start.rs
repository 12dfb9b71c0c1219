//! Starting on a database that is there, and the memory of a server that nobody talks to.

use std::thread;
use std::time::Duration;

use crate::Result;
use crate::load::{Plan, median};
use crate::programs::{Fleet, Programs};
use crate::report::{Figure, Line};

/// Milliseconds from the start of the process to the first ready answer.
const START_TARGET: f64 = 300.0;
/// Millions of bytes.
const MEMORY_TARGET: f64 = 40.0;
/// Long enough for whatever a server does after it said that it is ready.
const SETTLE: Duration = Duration::from_secs(2);

/// Starts docket some times on the seeded database.
pub fn start(plan: Plan, programs: &Programs<'_>) -> Result<Vec<Line>> {
    let (mut times, mut memory, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds.max(3) {
        let server = programs.docket()?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        thread::sleep(SETTLE);
        memory.push(megabytes(server.resident()?));
        own.push(megabytes(server.own_memory()?));
        server.stop()?;
    }
    let floor = programs.floor()?;
    let floor_time = floor.ready_after.as_secs_f64() * 1e3;
    thread::sleep(SETTLE);
    let (floor_memory, floor_own) = (megabytes(floor.resident()?), megabytes(floor.own_memory()?));
    floor.stop()?;
    let line = |scenario, server, value, unit| Line::figure(scenario, server, Figure { value, unit });
    Ok(vec![
        line("start, 10,000 jobs", "docket", median(times)?, "ms").at_most(START_TARGET),
        line("start, 10,000 jobs", "floor", floor_time, "ms"),
        line("idle memory", "docket", median(memory)?, "MB").at_most(MEMORY_TARGET),
        line("idle memory", "floor", floor_memory, "MB"),
        line("idle memory, its own", "docket", median(own)?, "MB"),
        line("idle memory, its own", "floor", floor_own, "MB"),
    ])
}

/// The memory of docket after everything else, as information.
pub fn loaded_memory(fleet: &Fleet) -> Result<Line> {
    let value = megabytes(fleet.docket.resident()?);
    Ok(Line::figure("memory after the load", "docket", Figure { value, unit: "MB" }))
}

/// Millions of bytes.
fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1e3
}

//! Claims from a short queue and from a long one: what a claim costs must not grow with the queue.

use std::time::{Duration, Instant};

use futures_util::future::{LocalBoxFuture, try_join_all};

use crate::Result;
use crate::client::Connection;
use crate::cpu::Cpu;
use crate::load::{Contender, Plan, Sample, alternate};
use crate::operations::{check, ended};
use crate::programs::Fleet;
use crate::report::{Cost, Line};
use crate::requests::{Requests, Side};
use crate::server::Server;
use crate::world::World;

/// How often the short queue's cost one claim from the long queue may cost.
const TARGET: f64 = 1.5;
/// Claims between two measurings of the processor time, all connections together: as many as leave most of the short
/// queue in place and few enough for the runner's slots.
const SPELL: usize = 256;

/// Claims by the spell. In between, unmeasured, the jobs are completed and as many new ones are submitted, so that both
/// queues keep their lengths.
pub async fn claim(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let requests = Requests { side: Side::Docket, world };
    let make = |name, service| Claims { name, server: &fleet.docket, requests, service };
    let long = make("docket, 1,000,000 queued", world.services.long.as_str());
    let short = make("docket, 1,000 queued", world.services.short.as_str());
    let samples = alternate(plan, &[&long, &short]).await?;
    let cost = Cost::ServerAndDatabase;
    Ok(vec![
        Line::compared("claim", long.name, &samples[0], &samples[1], cost).at_most(TARGET),
        Line::load("claim", short.name, &samples[1]),
    ])
}

struct Claims<'a> {
    name: &'static str,
    server: &'a Server,
    requests: Requests<'a>,
    service: &'a str,
}

/// What one connection did in a spell.
struct Taken {
    connection: Connection,
    leases: Vec<String>,
    latencies: Vec<Duration>,
}

impl Claims<'_> {
    async fn run(&self, connections: usize, time: Duration) -> Result<Sample> {
        let mut open = try_join_all((0..connections).map(|_| Connection::open(self.server.address))).await?;
        let (mut latencies, mut elapsed, mut used) = (Vec::new(), Duration::ZERO, None::<Cpu>);
        let begin = Instant::now();
        while begin.elapsed() < time {
            let (cpu, start) = (self.server.cpu()?, Instant::now());
            let taken = open.drain(..).map(|connection| self.take(connection, SPELL.div_ceil(connections)));
            let taken = try_join_all(taken).await?;
            elapsed += start.elapsed();
            let spell = self.server.cpu()?.since(cpu);
            used = Some(used.map_or(spell, |used| used.and(spell)));
            latencies.extend(taken.iter().flat_map(|taken| &taken.latencies));
            open = try_join_all(taken.into_iter().map(|taken| self.restore(taken))).await?;
        }
        Sample::new(&mut latencies, elapsed, used.ok_or("nothing was measured")?)
    }

    async fn take(&self, mut connection: Connection, claims: usize) -> Result<Taken> {
        let request = self.requests.claim(self.service)?;
        let (mut leases, mut latencies) = (Vec::with_capacity(claims), Vec::with_capacity(claims));
        for _ in 0..claims {
            let start = Instant::now();
            let answer = connection.send_json(&request).await?;
            latencies.push(start.elapsed());
            leases.push(self.requests.lease(&answer)?.to_owned());
        }
        Ok(Taken { connection, leases, latencies })
    }

    /// Ends what was taken, and puts as many new jobs into the queue.
    async fn restore(&self, taken: Taken) -> Result<Connection> {
        let mut connection = taken.connection;
        let submit = self.requests.submit(self.service)?;
        for lease in taken.leases {
            ended(connection.send(&self.requests.complete(&lease)?).await?)?;
            check(connection.send(&submit).await?, b"\"QUEUED\"")?;
        }
        Ok(connection)
    }
}

impl Contender for Claims<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, connections: usize, time: Duration) -> LocalBoxFuture<'_, Result<Sample>> {
        Box::pin(self.run(connections, time))
    }
}

//! Events delivered to websocket subscribers, against a bare broadcast of frames of the same size.

use std::time::{Duration, Instant};

use futures_util::future::{LocalBoxFuture, try_join_all};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Result;
use crate::client::{Connection, post_text};
use crate::load::{Contender, Plan, Sample, alternate};
use crate::programs::Fleet;
use crate::report::{Cost, Line};
use crate::requests::{Requests, Side};
use crate::server::Server;
use crate::socket::{Dialect, Subscriber};
use crate::world::World;

/// How often the bare broadcast's processor time one delivered event may cost.
const TARGET: f64 = 4.0;
/// Sockets that listen.
const SUBSCRIBERS: usize = 100;
/// Between two events: one hundred a second, which neither server finds hard, so that none falls behind.
const PACE: Duration = Duration::from_millis(10);
/// The longest wait for what was published to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Publishes at a steady pace to 100 subscribers. The cost of publishing (for docket: of submitting a job) is part of
/// the figure, spread over the subscribers.
pub async fn stream(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let service = &world.services.stream;
    let docket = Requests { side: Side::Docket, world };
    let docket = Stream::new("docket", &fleet.docket, docket.follow(service), docket.submit(service)?);
    let frame = docket.frame().await?;
    let follow = Requests { side: Side::Floor, world }.follow(service);
    let floor = Stream::new("floor", &fleet.floor, follow, post_text("/publish", &frame));
    // The floor's process also answers docket's own subscription, by the library's ready-made socket.
    let ready_made = docket.dialect.clone();
    let ready_made = Stream::new("async-graphql-axum", &fleet.floor, ready_made, post_text("/publish/parsed", &frame));
    let samples = alternate(plan, &[&docket, &floor, &ready_made]).await?;
    Ok(vec![
        Line::compared("event to a subscriber", docket.name, &samples[0], &samples[1], Cost::Server).at_most(TARGET),
        Line::load("event to a subscriber", floor.name, &samples[1]),
        Line::compared("event to a subscriber", ready_made.name, &samples[2], &samples[1], Cost::Server),
    ])
}

struct Stream<'a> {
    name: &'static str,
    server: &'a Server,
    dialect: Dialect,
    publish: Vec<u8>,
}

impl<'a> Stream<'a> {
    fn new(name: &'static str, server: &'a Server, dialect: Dialect, publish: Vec<u8>) -> Self {
        Self { name, server, dialect, publish }
    }

    /// A delivery as it looks on the wire.
    async fn frame(&self) -> Result<String> {
        let subscribers = self.subscribe(1).await?;
        Ok(subscribers[0].last())
    }

    /// Opens sockets, and publishes until each of them has heard something and all is quiet again: only then is it
    /// certain that every subscription is in place.
    async fn subscribe(&self, count: usize) -> Result<Vec<Subscriber>> {
        let subscribers =
            try_join_all((0..count).map(|_| Subscriber::open(self.server.address, &self.dialect))).await?;
        let mut connection = Connection::open(self.server.address).await?;
        let begin = Instant::now();
        while !all(&subscribers, |heard| heard > 0)? {
            if begin.elapsed() > PATIENCE {
                return Err("after 10 s of events some subscriber has heard none".into());
            }
            connection.send(&self.publish).await?;
            sleep(Duration::from_millis(100)).await;
        }
        let mut before = 0;
        loop {
            let now = subscribers.iter().map(Subscriber::count).sum::<Result<usize>>()?;
            if now == before {
                return Ok(subscribers);
            }
            before = now;
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn run(&self, time: Duration) -> Result<Sample> {
        let subscribers = self.subscribe(SUBSCRIBERS).await?;
        let bases = subscribers.iter().map(Subscriber::count).collect::<Result<Vec<_>>>()?;
        let mut connection = Connection::open(self.server.address).await?;
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (cpu, begin) = (self.server.cpu()?, Instant::now());
        let mut published = Vec::new();
        while begin.elapsed() < time {
            pace.tick().await;
            published.push(Instant::now());
            connection.send(&self.publish).await?;
        }
        let complete = || -> Result<bool> {
            let mut heard = subscribers.iter().zip(&bases);
            heard.try_fold(true, |all, (subscriber, base)| Ok(all && subscriber.count()? >= base + published.len()))
        };
        let deadline = Instant::now() + PATIENCE;
        while !complete()? {
            if Instant::now() > deadline {
                return Err("10 s after the last event some subscriber has not heard it".into());
            }
            sleep(Duration::from_millis(2)).await;
        }
        let (elapsed, cpu) = (begin.elapsed(), self.server.cpu()?.since(cpu));
        let mut latencies = Vec::with_capacity(published.len() * SUBSCRIBERS);
        for (subscriber, base) in subscribers.iter().zip(bases) {
            let arrivals = subscriber.arrivals_from(base);
            if arrivals.len() != published.len() {
                return Err(format!("{} events published, {} delivered", published.len(), arrivals.len()).into());
            }
            latencies.extend(arrivals.iter().zip(&published).map(|(heard, sent)| heard.duration_since(*sent)));
        }
        Sample::new(&mut latencies, elapsed, cpu)
    }
}

impl Contender for Stream<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, _connections: usize, time: Duration) -> LocalBoxFuture<'_, Result<Sample>> {
        Box::pin(self.run(time))
    }
}

fn all(subscribers: &[Subscriber], condition: impl Fn(usize) -> bool) -> Result<bool> {
    subscribers.iter().try_fold(true, |all, subscriber| Ok(all && condition(subscriber.count()?)))
}

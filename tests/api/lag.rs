//! A follower of the log that falls behind.

use std::time::Duration;

use docket::config::Config;
use docket::domain::event::{self, EventFilter, Follower, Gap, GapReason, Item};
use docket::domain::job::{self, NewJob};
use docket::domain::schema::Semantics;
use docket::domain::service::{self, Limits, NewService, Prices};
use docket::domain::session;
use docket::infra::clock::Clock;
use docket::origin::Via;
use docket::server::Server;
use docket::viewer::Viewer;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::support::Database;

/// Events that the ring holds here; more than these make a follower lag.
const RING: usize = 4;
const MISSED: usize = 10;

struct Shop {
    server: Server,
    admin: Viewer,
    service: Uuid,
    _database: Database,
}

impl Shop {
    async fn open() -> Self {
        let database = Database::new().await;
        let mut config = Config { listen: "127.0.0.1:0".parse().expect("an address"), ..Config::default() };
        config.database = database.settings();
        config.events.lag_events = RING;
        (config.passwords.memory_kib, config.passwords.iterations) = (8, 1);
        let password = SecretString::from("correct-horse");
        let server = Server::start(config, Clock::new(), Some(password.clone())).await.expect("a server");
        let login = session::create(&server.app, &Via::console(), "admin", password).await.expect("a session");
        let admin = session::authenticate(&server.app, Some(login.token.expose())).await.expect("a viewer");
        let service = Self::service(&server, &admin).await;
        Self { server, admin, service, _database: database }
    }

    async fn service(server: &Server, admin: &Viewer) -> Uuid {
        let new = NewService {
            dispatch: entity::service::Dispatch::Pull,
            project_id: None,
            is_exported: false,
            name: None,
            title: "Echo".to_owned(),
            description: String::new(),
            kind: entity::service::Kind::Program,
            is_available: true,
            is_checked_in: false,
            semantics: Semantics::Declared,
            parameters_schema: Value::Bool(true),
            results_schema: Value::Bool(true),
            limits: Limits::default(),
            prices: Prices::default(),
            dialect: None,
        };
        service::create(&server.app, admin, new).await.expect("a service").uid
    }

    /// Submits a job; each makes one event.
    async fn submit(&self) -> Uuid {
        self.submit_to(self.service).await
    }

    async fn submit_to(&self, service_id: Uuid) -> Uuid {
        let new = NewJob { service_id, parameters: json!({}), ..Default::default() };
        job::submit(&self.server.app, &self.admin, new).await.expect("a job").job.uid
    }

    async fn submit_some(&self, jobs: usize) -> Vec<Uuid> {
        let mut uids = Vec::new();
        for _ in 0..jobs {
            uids.push(self.submit().await);
        }
        uids
    }

    /// Submits more than the ring holds, and waits until it has turned over.
    async fn miss(&self) -> Vec<Uuid> {
        let mut news = self.server.app.events.subscribe();
        let missed = self.submit_some(MISSED).await;
        loop {
            match news.recv().await {
                Ok(event) if event.job_uid == Some(missed[MISSED - 1]) => return missed,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => panic!("the feed ended"),
            }
        }
    }

    async fn follow(&self, after: Option<&str>) -> Follower {
        let filter = EventFilter::default();
        event::follow(&self.server.app, &self.admin, &filter, after).await.expect("a follower")
    }
}

async fn jobs(follower: &mut Follower, count: usize) -> Vec<Uuid> {
    let mut found = Vec::new();
    while found.len() < count {
        let delivery = follower.next().await.expect("no error").expect("no end");
        let Item::Event(event) = delivery.item else { panic!("{delivery:?}") };
        found.push(event.job_uid.expect("an event of a job"));
    }
    found
}

#[tokio::test]
async fn a_reader_that_falls_behind_misses_nothing_even_when_it_leaves_at_the_gap() {
    let shop = Shop::open().await;
    let mut follower = shop.follow(None).await;
    let first = shop.submit().await;
    assert_eq!(jobs(&mut follower, 1).await, [first]);

    let missed = shop.miss().await;
    let told = follower.next().await.expect("no error").expect("no end");
    let Item::Gap(Gap { reason, from, .. }) = told.item else { panic!("{told:?}") };
    assert_eq!((reason, &told.cursor), (GapReason::TooSlow, &from));
    assert_eq!(jobs(&mut shop.follow(Some(&told.cursor)).await, MISSED).await, missed, "who comes back");
    assert_eq!(jobs(&mut follower, MISSED).await, missed, "who stays");
    shop.server.stop().await.expect("an end");
}

/// A reader of the log, in the middle of it, when its next events reach the end of their time.
#[tokio::test]
async fn who_reads_what_is_being_deleted_is_told_of_the_gap() {
    let shop = Shop::open().await;
    // More than a reader holds at once, so that it has to go on reading after the first ones.
    let old = shop.submit_some(150).await;
    let mut beginner = shop.follow(Some("e0")).await;
    let mut reader = shop.follow(Some("e0")).await;
    assert_eq!(jobs(&mut reader, 1).await, old[..1]);
    shop.server.app.clock.advance(Duration::from_hours(31 * 24));
    let new = shop.submit().await;
    while event::prune(&shop.server.app).await.expect("the log is pruned") > 0 {}

    let told = beginner.next().await.expect("no error").expect("no end");
    let Item::Gap(Gap { reason, from, to }) = told.item else { panic!("{told:?}") };
    assert_eq!((reason, from.as_str(), &told.cursor), (GapReason::Expired, "e0", &to));
    assert_eq!(jobs(&mut beginner, 1).await, [new]);
    assert_eq!(jobs(&mut shop.follow(Some(&to)).await, 1).await, [new], "who comes back");

    // What it had in its hands already is still told.
    assert_eq!(jobs(&mut reader, 99).await, old[1..100]);
    let told = reader.next().await.expect("no error").expect("no end");
    assert!(matches!(told.item, Item::Gap(Gap { reason: GapReason::Expired, .. })), "{told:?}");
    assert_eq!(told.cursor, to);
    assert_eq!(jobs(&mut reader, 1).await, [new]);
    shop.server.stop().await.expect("an end");
}

#[tokio::test]
async fn who_watches_queues_and_falls_behind_is_told_of_each_of_them() {
    let shop = Shop::open().await;
    let others = [Shop::service(&shop.server, &shop.admin).await, Shop::service(&shop.server, &shop.admin).await];
    let mut watch =
        service::watch(&shop.server.app, &shop.admin, &[others[0], shop.service, others[1]]).await.expect("a watch");
    for service in others {
        shop.submit_to(service).await;
    }
    shop.miss().await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(watch.next().await.expect("no error").expect("no end").uid);
    }
    told.sort_unstable();
    let mut wanted = vec![others[0], shop.service, others[1]];
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    shop.server.stop().await.expect("an end");
}

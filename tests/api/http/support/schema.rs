//! A schema with one field for each thing that can happen to a transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_graphql::{Context, ErrorExtensions, Object, Schema, Subscription};
use docket::config::Config;
use docket::graphql::guard::Limits;
use docket::graphql::{Client, Door, ResumePoint, Root};
use docket::viewer::Viewer;
use futures_util::stream::{Stream, StreamExt};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::PATIENCE;

/// What a test can see of the inside, and hold back.
#[derive(Default)]
pub struct World {
    /// Told when `slow` has begun.
    pub begun: Notify,
    /// Lets `slow` answer.
    pub release: Notify,
    /// Events that `flood` has made.
    pub flooded: AtomicU64,
    /// How many streams were dropped.
    dropped: watch::Sender<u32>,
    pub database_away: AtomicBool,
}

impl World {
    /// Waits until so many streams were dropped.
    pub async fn dropped(&self, count: u32) {
        let mut dropped = self.dropped.subscribe();
        let waited = timeout(PATIENCE, dropped.wait_for(|dropped| *dropped >= count)).await;
        waited.expect("the streams end").expect("the world is here");
    }
}

#[derive(Default)]
pub struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn echo(&self, text: String) -> String {
        text
    }

    async fn viewer(&self, context: &Context<'_>) -> String {
        match context.data_unchecked::<Viewer>() {
            Viewer::Runner(runner) => runner.name.clone(),
            _ => "nobody".to_owned(),
        }
    }

    async fn address(&self, context: &Context<'_>) -> Option<String> {
        context.data_unchecked::<Client>().address.map(|address| address.to_string())
    }

    /// `Option<Result>` and not `Result<Option>`: of the latter the library makes a null of the parent, too.
    async fn fail(&self) -> Option<async_graphql::Result<bool>> {
        let error = async_graphql::Error::new("It failed.");
        Some(Err(error.extend_with(|_, extensions| extensions.set("code", "INVALID_STATE"))))
    }

    #[expect(clippy::unused_async, reason = "the library wants resolvers that fail to be async")]
    async fn must(&self) -> async_graphql::Result<bool> {
        Err(async_graphql::Error::new("It failed."))
    }

    async fn large(&self) -> String {
        "0123456789".repeat(10_000)
    }

    async fn slow(&self, context: &Context<'_>) -> bool {
        let world = context.data_unchecked::<Arc<World>>();
        world.begun.notify_one();
        world.release.notified().await;
        true
    }

    async fn panics(&self, sure: bool) -> bool {
        assert!(!sure, "a secret text");
        sure
    }
}

#[derive(Default)]
pub struct Mutation;

#[Object]
impl Mutation {
    async fn set(&self, value: i32) -> i32 {
        value
    }
}

/// Tells when it is dropped.
struct Dropped(Arc<World>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.send_modify(|count| *count += 1);
    }
}

pub struct Follow;

#[Subscription]
impl Follow {
    /// Counts up from where the client was.
    async fn count(&self, context: &Context<'_>, to: u32) -> impl Stream<Item = u32> + use<> {
        let resume = context.data_opt::<Arc<ResumePoint>>().cloned();
        let last = resume.as_ref().and_then(|resume| resume.last_event_id());
        let from: u32 = last.and_then(|id| id.strip_prefix("at-")?.parse().ok()).unwrap_or(0);
        futures_util::stream::iter(from + 1..=to).inspect(move |number| {
            if let Some(resume) = &resume {
                resume.deliver(format!("at-{number}"));
            }
        })
    }

    /// Says one thing, and nothing more.
    async fn silence(&self, context: &Context<'_>) -> impl Stream<Item = bool> + use<> {
        let guard = Dropped(Arc::clone(context.data_unchecked()));
        futures_util::stream::iter([true]).chain(futures_util::stream::pending()).map(move |said| {
            let _alive = &guard;
            said
        })
    }

    /// As much as anyone can read, in pieces of 64 KiB.
    async fn flood(&self, context: &Context<'_>) -> impl Stream<Item = String> + use<> {
        let world = Arc::clone(context.data_unchecked::<Arc<World>>());
        let guard = Dropped(Arc::clone(&world));
        futures_util::stream::repeat_with(move || {
            let _alive = &guard;
            world.flooded.fetch_add(1, Ordering::Relaxed);
            "x".repeat(64 * 1024)
        })
    }

    async fn panics(&self, sure: bool) -> impl Stream<Item = bool> {
        futures_util::stream::iter([true, false]).inspect(move |first| assert!(*first || !sure, "a secret text"))
    }
}

/// The real door in front of this schema.
pub fn door(world: &Arc<World>) -> Door<Query, Mutation, Follow> {
    let limits = Limits::from(&Config::default().graphql);
    let world = Arc::clone(world);
    Door::new(move || Schema::build(Root(Query), Mutation, Follow).data(Arc::clone(&world)), limits)
}

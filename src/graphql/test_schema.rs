//! A small schema in the shape of the real one, for the tests of the door.

#![expect(clippy::unused_async, reason = "a resolver is async whether it waits or not")]

use std::sync::Arc;
use std::time::Duration;

use async_graphql::futures_util::stream::{self, Stream};
use async_graphql::{Context, Enum, ID, InputObject, Object, Schema, SchemaBuilder, SimpleObject, Subscription};

use super::{Caller, Client, Door, Origin, RequestId, ResumePoint, Root};
use crate::error::{Error, FieldError};
use crate::graphql::guard::Limits;
use crate::viewer::Viewer;

#[derive(Default)]
pub(super) struct Query;
#[derive(Default)]
pub(super) struct Mutation;
pub(super) struct Subscription;

#[derive(SimpleObject, Clone)]
pub(super) struct User {
    id: ID,
    username: String,
}

#[derive(SimpleObject, Clone)]
pub(super) struct Job {
    id: ID,
    owner: User,
}

#[derive(SimpleObject)]
pub(super) struct Jobs {
    nodes: Vec<Job>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    Low,
    High,
}

#[derive(InputObject)]
pub(super) struct JobInput {
    name: String,
    #[graphql(default = 0)]
    priority: i32,
    urgency: Option<Urgency>,
    tags: Option<Vec<String>>,
}

fn job(index: i32) -> Job {
    let owner = User { id: "u".into(), username: "ada".to_owned() };
    Job { id: index.to_string().into(), owner }
}

#[Object]
impl Query {
    async fn jobs(&self, #[graphql(default = 20)] first: i32) -> Jobs {
        Jobs { nodes: (0..first.clamp(0, 100)).map(job).collect() }
    }

    async fn job(&self, id: ID) -> Option<Job> {
        id.parse().ok().map(job)
    }

    /// Who the door says is asking.
    async fn caller(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        let (viewer, origin) = (ctx.data::<Viewer>()?, ctx.data::<Origin>()?);
        let agent = ctx.data::<Client>()?.user_agent.as_deref();
        Ok(format!("{viewer:?} {origin:?} {} {agent:?}", ctx.data::<RequestId>()?.0))
    }

    async fn fail(&self, kind: i32) -> Result<Option<i32>, Error> {
        Err(match kind {
            0 => Error::NotFound("job"),
            1 => Error::invalid("parameters/seconds", "must be at least 1"),
            2 => Error::RateLimited { retry_after: Duration::from_millis(1500) },
            _ => Error::internal("disk /dev/sda1 is on fire"),
        })
    }

    async fn fail_shared(&self) -> Result<Option<i32>, Arc<Error>> {
        Err(Arc::new(Error::LeaseLost))
    }

    async fn fail_foreign(&self) -> Result<Option<i32>, std::num::ParseIntError> {
        "secret".parse().map(Some)
    }

    async fn fail_many(&self) -> Result<Option<i32>, Error> {
        let field = |path: &str| FieldError { path: path.to_owned(), message: "is wrong".to_owned() };
        Err(Error::Invalid(vec![field("a"), field("b")]))
    }
}

#[Object]
impl Mutation {
    async fn job_submit(&self, input: JobInput) -> String {
        let tags = input.tags.map_or(0, |tags| tags.len());
        let urgent = input.urgency == Some(Urgency::High);
        format!("{} {} {urgent} {tags}", input.name, input.priority)
    }
}

#[Subscription]
impl Subscription {
    /// Three numbers after the last one that the client saw.
    async fn numbers(&self, ctx: &Context<'_>) -> impl Stream<Item = i32> + use<> {
        let resume = ctx.data_opt::<Arc<ResumePoint>>().cloned();
        let seen = resume.as_deref().and_then(ResumePoint::last_event_id).and_then(|id| id.parse().ok()).unwrap_or(0);
        stream::iter(seen + 1..=seen + 3).then_deliver(resume)
    }

    async fn broken(&self) -> impl Stream<Item = Result<i32, Arc<Error>>> + use<> {
        stream::iter([Ok(1), Err(Arc::new(Error::Forbidden("No longer.".to_owned())))])
    }
}

trait ThenDeliver: Stream<Item = i32> + Sized {
    fn then_deliver(self, resume: Option<Arc<ResumePoint>>) -> impl Stream<Item = i32> {
        async_graphql::futures_util::StreamExt::map(self, move |number| {
            if let Some(resume) = &resume {
                resume.deliver(number.to_string());
            }
            number
        })
    }
}

impl<T: Stream<Item = i32> + Sized> ThenDeliver for T {}

pub(super) fn builder() -> SchemaBuilder<Root<Query>, Mutation, Subscription> {
    Schema::build(Root(Query), Mutation, Subscription)
}

pub(super) fn door() -> Door<Query, Mutation, Subscription> {
    Door::new(builder, Limits::default())
}

pub(super) fn caller(resume: Option<Arc<ResumePoint>>) -> Caller {
    Caller {
        viewer: Viewer::Anonymous,
        origin: Origin::GraphQl,
        request_id: "r-1".to_owned(),
        client: Client { address: None, user_agent: Some("test".to_owned()) },
        resume,
    }
}

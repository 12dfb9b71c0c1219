//! For comparison: the same job by its id, and the same events, through async-graphql and its ready-made axum handlers,
//! as a first build of a GraphQL server would have them. It checks no caller.

use async_graphql::{
    Context, EmptyMutation, ID, InputObject, Json, Object, Result, Schema, SimpleObject, Subscription, Union,
};
use async_graphql_axum::{GraphQL, GraphQLSubscription};
use axum::routing::{MethodRouter, get_service};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::db::Readers;
use super::read::{job_row, name, time};

/// The root of the queries.
pub struct Query;

/// A job with the fields that the harness asks for.
#[derive(SimpleObject)]
struct Job {
    id: ID,
    number: i64,
    status: String,
    parameters: Json<Value>,
    results: Option<Json<Value>>,
    priority: i32,
    attempt: i32,
    progress: Option<f64>,
    message: Option<String>,
    submitted_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    updated_at: String,
}

#[Object]
impl Query {
    /// One job of anybody's.
    async fn job(&self, context: &Context<'_>, id: ID) -> Result<Option<Job>> {
        let uid = Uuid::try_parse(crate::requests::uid(&id))?;
        let Some(row) = job_row(context.data::<Readers>()?, uid).await? else { return Ok(None) };
        Ok(Some(Job {
            id: ID(name("job", row.0)),
            number: row.1,
            status: row.2.to_uppercase(),
            parameters: Json(serde_json::from_str(&row.3)?),
            results: row.4.map(|results| serde_json::from_str(&results).map(Json)).transpose()?,
            priority: row.5,
            attempt: row.6,
            progress: row.7,
            message: row.8,
            submitted_at: time(row.9),
            started_at: row.10.map(time),
            finished_at: row.11.map(time),
            updated_at: time(row.12),
        }))
    }
}

/// One event as it is delivered.
#[derive(Clone, Deserialize, SimpleObject)]
pub struct JobEventDelivery {
    cursor: String,
    live: bool,
    event: JobEvent,
}

#[derive(Clone, Deserialize, Union)]
#[serde(tag = "__typename")]
enum JobEvent {
    #[serde(rename = "JobStatusChanged")]
    StatusChanged(JobStatusChanged),
}

#[derive(Clone, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
struct JobStatusChanged {
    job_id: ID,
    revision: i64,
    attempt: i32,
    at: String,
    from: Option<String>,
    to: String,
    message: Option<String>,
}

#[derive(InputObject)]
struct JobEventFilter {
    service_id: Option<IdFilter>,
}

#[derive(InputObject)]
struct IdFilter {
    eq: Option<ID>,
}

/// What docket sent to a subscriber, read back.
#[derive(Deserialize)]
pub struct Next {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    job_events: JobEventDelivery,
}

impl Next {
    /// The delivery in it.
    pub fn delivery(self) -> JobEventDelivery {
        self.payload.data.job_events
    }
}

/// The root of the subscriptions.
pub struct Live;

#[Subscription(name = "Subscription")]
impl Live {
    /// All that is published. The filter is taken, so that docket's own document fits, and lets everything through.
    async fn job_events(
        &self,
        context: &Context<'_>,
        filter: Option<JobEventFilter>,
    ) -> Result<impl Stream<Item = JobEventDelivery> + use<>> {
        drop(filter.and_then(|filter| filter.service_id).and_then(|service| service.eq));
        let deliveries = context.data::<broadcast::Sender<JobEventDelivery>>()?.subscribe();
        Ok(futures_util::stream::unfold(deliveries, async |mut deliveries| {
            deliveries.recv().await.ok().map(|delivery| (delivery, deliveries))
        }))
    }
}

/// The library's own handlers over this schema.
pub fn handlers<S: Clone + Send + Sync + 'static>(
    readers: Readers,
    deliveries: broadcast::Sender<JobEventDelivery>,
) -> MethodRouter<S> {
    let schema = Schema::build(Query, EmptyMutation, Live).data(readers).data(deliveries).finish();
    get_service(GraphQLSubscription::new(schema.clone())).post_service(GraphQL::new(schema))
}

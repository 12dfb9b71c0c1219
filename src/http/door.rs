//! The door to the schema, as the transports see it: read a document, then run what it asks for.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Request, Response, Variables};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::viewer::Viewer;

/// Which surface of the server a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// GraphQL itself, over any of its transports.
    GraphQl,
}

/// What a client asks for, before anything of it was looked at.
#[derive(Debug)]
pub struct Params {
    /// The document.
    pub query: String,
    /// Which of its operations, when it has several.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Follows.
    Subscription,
}

/// An operation that was read and found valid.
#[derive(Debug)]
pub struct Prepared {
    kind: OperationKind,
    request: Request,
}

impl Prepared {
    /// An operation of this kind, to be executed as `request`.
    #[must_use]
    pub fn new(kind: OperationKind, request: Request) -> Self {
        Self { kind, request }
    }

    /// What the operation does.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// What the schema executes.
    #[must_use]
    pub fn into_request(self) -> Request {
        self.request
    }
}

/// From where a request came.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The client's address; of the first untrusted hop when there are proxies.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Where a subscription over server-sent events continues, and how far it has come.
#[derive(Debug, Default)]
pub struct ResumePoint {
    last_event_id: Option<String>,
    delivered: Mutex<Option<String>>,
}

impl ResumePoint {
    /// A stream that continues after `last_event_id`, or starts now when there is none.
    #[must_use]
    pub const fn new(last_event_id: Option<String>) -> Self {
        Self { last_event_id, delivered: Mutex::new(None) }
    }

    /// What the client saw last before it connected again.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// Reports the cursor of the item that is yielded next.
    pub fn deliver(&self, cursor: impl Into<String>) {
        *self.delivered.lock().unwrap_or_else(PoisonError::into_inner) = Some(cursor.into());
    }

    /// Takes the cursor of the item just yielded; `None` when it has none.
    #[must_use]
    pub fn take_delivered(&self) -> Option<String> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Puts the request's id into every error of a response.
pub fn sign(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        error.extensions.get_or_insert_default().set("requestId", request_id);
    }
}

/// Everything about a request that is not its document.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who asks.
    pub viewer: Viewer,
    /// Through which surface.
    pub origin: Origin,
    /// The name of this request in the log.
    pub request_id: String,
    /// From where.
    pub client: Client,
    /// Where to continue, for a subscription over server-sent events.
    pub resume: Option<Arc<ResumePoint>>,
}

/// What the transports need of the schema.
pub trait Door: Send + Sync {
    /// Reads a document: parsed, guarded, validated, its operation chosen.
    ///
    /// # Errors
    /// A response without `data`: the request cannot be executed.
    fn prepare(&self, params: Params) -> Result<Prepared, Box<Response>>;

    /// Runs a query or a mutation.
    fn execute(&self, caller: Caller, prepared: Prepared) -> BoxFuture<'_, Response>;

    /// Runs a subscription.
    fn execute_stream(&self, caller: Caller, prepared: Prepared) -> BoxStream<'static, Response>;
}

/// The one door, shared by all transports.
pub type Api = Arc<dyn Door>;

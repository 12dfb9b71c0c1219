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
    /// The client's `Last-Event-ID`.
    pub last_event_id: Option<String>,
    /// The cursor of the item that was yielded last.
    pub delivered: Mutex<Option<String>>,
}

impl ResumePoint {
    /// The cursor of the item that was just yielded, once.
    pub fn take_delivered(&self) -> Option<String> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).take()
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

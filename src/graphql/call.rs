//! What goes through the door: the request's parts, the caller, and the prepared operation.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Variables;
use async_graphql::parser::types::OperationType;

use super::document::Document;
use crate::origin::Origin;
use crate::viewer::Viewer;

/// The request as the client wrote it.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The document: operations and fragments.
    pub query: String,
    /// Which operation to run; required when the document has several.
    pub operation_name: Option<String>,
    /// Values of the operation's variables; names that it does not define are ignored.
    pub variables: Variables,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Changes something.
    Mutation,
    /// Streams what happens.
    Subscription,
}

impl From<OperationType> for OperationKind {
    fn from(ty: OperationType) -> Self {
        match ty {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// A document of the program itself: read and checked once for the whole life of the process, whichever door runs it.
/// Its limits are those of [`Limits::internal`](super::guard::Limits::internal).
#[derive(Clone, Debug)]
pub struct Statement(pub(super) Arc<Document>);

/// Rows of the largest page, as resolvers find it in their context when it is not the usual one.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageMost(pub(super) i64);

/// An operation that may run: parsed, within the limits, valid, its variables checked.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) document: Arc<Document>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
    pub(super) kind: OperationKind,
    pub(super) cost: u32,
    /// The largest page, when it is not the usual one.
    pub(super) page_most: Option<PageMost>,
}

impl Prepared {
    /// What the operation does; transports use it to refuse mutations by GET and to choose between answer and stream.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        self.kind
    }

    /// What the operation costs, in points (see [`crate::graphql::guard`]).
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The peer's address, or the one a trusted proxy vouches for.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, as sent.
    pub user_agent: Option<String>,
}

/// Who asks, by which way, and for a stream, from where on.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The identity that the credential gave.
    pub viewer: Viewer,
    /// The surface.
    pub origin: Origin,
    /// Names this request in logs and errors.
    pub request_id: String,
    /// The other end.
    pub client: Client,
    /// For a stream that can be resumed.
    pub resume: Option<Arc<ResumePoint>>,
}

/// The request's id, as resolvers find it in their context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// How a transport and a subscription agree on where a stream continues: the transport brings the client's
/// `Last-Event-ID` in, the subscription reports the cursor of each item that it yields.
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

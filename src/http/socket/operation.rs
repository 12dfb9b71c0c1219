//! One operation on a socket.
//!
//! It is a task of its own and not a stream that the socket's task polls: that one stands still while its client does
//! not read, and an operation that stands still with it would keep its database connection for as long.

use std::sync::Arc;

use async_graphql::Response;
use async_graphql::http::WebSocketProtocols;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

use super::protocol::{self, Close};
use crate::error::Code;
use crate::http::client::RequestInfo;
use crate::http::metrics::{self, Transport};
use crate::http::reply::Refusal;
use crate::http::rights::Guard;
use crate::http::state::Shared;
use crate::http::{OperationKind, Params, Prepared, operation};
use crate::viewer::Viewer;

/// What an operation has to say.
#[derive(Debug)]
pub(super) enum Said {
    /// A message of the protocol.
    Text(String),
    /// Its last message.
    Last(String),
    /// It ends without one: the socket is about to close.
    Ended,
    /// The whole socket is to close.
    Close(Close),
}

/// An operation's words, and whose they are: clients may use an id again as soon as they have completed it, so the
/// serial tells the new operation from the old.
#[derive(Debug)]
pub(super) struct Spoken {
    pub id: String,
    pub serial: u64,
    pub said: Said,
}

/// An operation, ready to run.
pub(super) struct Operation {
    pub state: Shared,
    pub info: RequestInfo,
    pub protocol: WebSocketProtocols,
    pub bearer: Option<String>,
    pub id: String,
    pub serial: u64,
    pub params: Params,
    pub out: mpsc::Sender<Spoken>,
}

impl Operation {
    /// Runs it to its end. The channel holds one message: nothing is computed ahead of what the client has taken.
    pub(super) async fn run(mut self) {
        let _open = metrics::Open::stream(Transport::Socket);
        let params = std::mem::replace(
            &mut self.params,
            Params { query: String::new(), operation_name: None, variables: async_graphql::Variables::default() },
        );
        let last = match self.prepare(params).await {
            Ok((viewer, prepared)) => self.perform(viewer, prepared).await,
            Err(said) => said,
        };
        self.say(last).await;
    }

    /// The credential is checked for each operation, as it is over HTTP: a socket can outlive a token by days.
    async fn prepare(&self, params: Params) -> Result<(Viewer, Prepared), Said> {
        let refused = |refusal: Refusal| match refusal.code() {
            Code::Unauthenticated => Said::Close(Close::forbidden("the credential is not valid")),
            _ => Said::Last(protocol::error(self.protocol, &self.id, &[refusal.to_error(&self.info.id)])),
        };
        if params.query.trim().is_empty() {
            return Err(refused(Refusal::bad_request("`query` is missing: the GraphQL document, as a string.")));
        }
        let viewer = operation::authenticate(&self.state, self.bearer.clone()).await.map_err(refused)?;
        let prepared = operation::prepare(&self.state, &self.info, params, Transport::Socket)
            .map_err(|response| Said::Last(protocol::error(self.protocol, &self.id, &response.errors)))?;
        Ok((viewer, prepared))
    }

    async fn perform(&self, viewer: Viewer, prepared: Prepared) -> Said {
        // Queries and mutations are let finish.
        let follows = prepared.kind() == OperationKind::Subscription;
        let guard = Guard::new(&self.state, self.bearer.clone(), &viewer);
        let caller = operation::caller(&self.info, viewer, None);
        let results = operation::stream(&self.state, caller, prepared, Transport::Socket);
        tokio::select! {
            () = self.state.shutdown.cancelled(), if follows => Said::Ended,
            refusal = guard.ended(), if follows => self.end(&refusal),
            last = self.deliver(results) => last,
        }
    }

    async fn deliver(&self, mut results: BoxStream<'static, Response>) -> Said {
        while let Some(response) = operation::next(&mut results, &self.info.id).await {
            self.say(Said::Text(protocol::next(self.protocol, &self.id, &response))).await;
        }
        Said::Last(protocol::complete(&self.id))
    }

    fn end(&self, refusal: &Refusal) -> Said {
        match refusal.code() {
            Code::Unauthenticated => Said::Close(Close::forbidden("the credential is not valid any more")),
            _ => Said::Last(protocol::error(self.protocol, &self.id, &[refusal.to_error(&self.info.id)])),
        }
    }

    async fn say(&self, said: Said) {
        let spoken = Spoken { id: self.id.clone(), serial: self.serial, said };
        // The socket is gone when nobody listens, and this task is about to be aborted.
        let _unheard = self.out.send(spoken).await;
    }
}

/// Stops its operation when it is dropped.
pub(super) struct Handle {
    pub serial: u64,
    task: tokio::task::AbortHandle,
}

impl Handle {
    pub(super) fn start(operation: Operation) -> Self {
        let (serial, tasks) = (operation.serial, Arc::clone(&operation.state));
        Self { serial, task: tasks.tasks.spawn(operation.run().instrument(Span::current())).abort_handle() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

//! The door without the types of its schema: routes and sockets hold one pointer, and do not become generic over
//! whatever stands behind it. That costs one allocation for each operation.

use std::sync::Arc;

use async_graphql::{ObjectType, Response, SubscriptionType, Variables};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::graphql::{self, Caller, Params, Prepared, Statement};

/// See [`graphql::Door`], of which there is one for each schema.
pub trait Door: Send + Sync {
    /// Reads a document: parsed, guarded, validated, its operation chosen.
    ///
    /// # Errors
    /// A response without `data`: the request cannot be executed.
    fn prepare(&self, params: Params) -> Result<Prepared, Box<Response>>;

    /// Reads a document of the program itself.
    ///
    /// # Errors
    /// What is wrong with it.
    fn statement(&self, text: &str) -> Result<Statement, String>;

    /// Gets such a document ready to run.
    ///
    /// # Errors
    /// A response without `data`: these variables do not fit it.
    fn prepare_statement(&self, statement: &Statement, variables: Variables) -> Result<Prepared, Box<Response>>;

    /// Runs a query or a mutation.
    fn execute(&self, caller: Caller, prepared: Prepared) -> BoxFuture<'_, Response>;

    /// Runs a subscription.
    fn execute_stream(&self, caller: Caller, prepared: Prepared) -> BoxStream<'static, Response>;
}

impl<Q, M, S> Door for graphql::Door<Q, M, S>
where
    Q: ObjectType + Default + 'static,
    M: ObjectType + Default + 'static,
    S: SubscriptionType + 'static,
{
    fn prepare(&self, params: Params) -> Result<Prepared, Box<Response>> {
        self.prepare(params)
    }

    fn statement(&self, text: &str) -> Result<Statement, String> {
        self.statement(text)
    }

    fn prepare_statement(&self, statement: &Statement, variables: Variables) -> Result<Prepared, Box<Response>> {
        self.prepare_statement(statement, variables)
    }

    fn execute(&self, caller: Caller, prepared: Prepared) -> BoxFuture<'_, Response> {
        Box::pin(self.execute(caller, prepared))
    }

    fn execute_stream(&self, caller: Caller, prepared: Prepared) -> BoxStream<'static, Response> {
        self.execute_stream(caller, prepared)
    }
}

/// The one door, shared by all transports.
pub type Api = Arc<dyn Door>;

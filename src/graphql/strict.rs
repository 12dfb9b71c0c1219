//! Strict validation of a document, apart from running it.
//!
//! The library validates on every execution. Docket keeps two schemas of the same types instead: one validates
//! strictly, stops before the first resolver, and is asked once per distinct document; the other runs documents
//! that have passed. A hook on the running schema would do as well, but with any extension present the library
//! wraps every single field in a boxed future and looks its type up again.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::futures_util::FutureExt as _;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ObjectType, Request, Response, Schema, SchemaBuilder, ServerError, SubscriptionType};

use super::guard::LEVELS;

struct StopBeforeResolvers;

#[async_graphql::async_trait::async_trait]
impl Extension for StopBeforeResolvers {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}

impl ExtensionFactory for StopBeforeResolvers {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

/// Checks documents against the schema's types and runs nothing.
pub(super) struct Validator<Q, M, S>(Schema<Q, M, S>);

impl<Q, M, S> Validator<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    pub(super) fn new(schema: SchemaBuilder<Q, M, S>) -> Self {
        Self(schema.extension(StopBeforeResolvers).limit_recursive_depth(LEVELS).finish())
    }

    /// Everything that is wrong with any operation of the document. Values of variables play no part: they differ
    /// from request to request and are checked at each (see `variables`).
    pub(super) fn validate(&self, document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
        let mut request = Request::new(String::new());
        request.operation_name = document.operations.iter().find_map(|(name, _)| name.map(ToString::to_string));
        request.set_parsed_query(document.clone());
        let response = self.0.execute(request).now_or_never().expect("no step before the resolvers waits");
        if response.errors.is_empty() { Ok(()) } else { Err(response.errors) }
    }
}

//! Named GraphQL documents, run in this process through the door that everybody uses.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::{Value, Variables, from_value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::failure::Failure;
use crate::error::Error;
use crate::graphql::{Caller, Statement};
use crate::http::kit::{Transport, execute};

/// A document of `operations/*.graphql`: one operation, read and checked once in the life of the process, with typed
/// variables and typed data.
///
/// ```ignore
/// pub static SHOW_JOB: Operation<Id, Found> = Operation::new("Topchef_ShowJob", include_str!("operations/show_job.graphql"));
/// ```
pub struct Operation<V, D> {
    name: &'static str,
    text: &'static str,
    statement: OnceLock<Result<Statement, String>>,
    /// How often it gave an answer without an error.
    answered: AtomicU64,
    types: PhantomData<fn(V) -> D>,
}

/// What is known of an operation whatever its types.
pub trait Document: Sync {
    /// Its name: `Dialect_Route`.
    fn name(&self) -> &'static str;
    /// Its text.
    fn text(&self) -> &'static str;
    /// How often it was run in this process and succeeded: what a test asks that wants each of them to have been run.
    fn answered(&self) -> u64;
}

impl<V, D> Document for Operation<V, D> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn text(&self) -> &'static str {
        self.text
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for dyn Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl<V: Serialize, D: DeserializeOwned> Operation<V, D> {
    /// An operation and its document.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, statement: OnceLock::new(), answered: AtomicU64::new(0), types: PhantomData }
    }

    /// Runs it for a call: its caller's rights, its dialect's origin, and the limits of the program's own documents.
    ///
    /// # Errors
    ///
    /// The first error of the answer. One that the call's route does not name is not run.
    pub async fn run(&self, call: &Call, variables: V) -> Result<D, Failure> {
        if !call.route().operations.iter().any(|listed| listed.name() == self.name) {
            return Err(
                Error::internal(format!("{:?} runs {}, which it does not list", call.route(), self.name)).into()
            );
        }
        let state = call.http();
        let statement = self.statement.get_or_init(|| state.api.statement(self.text));
        let statement = statement.as_ref().map_err(|fault| Error::internal(format!("{}: {fault}", self.name)))?;
        let variables = to_value(variables).map_err(|error| Error::internal(format!("{}: {error}", self.name)))?;
        let prepared = state.api.prepare_statement(statement, Variables::from_value(variables));
        let prepared = prepared.map_err(|refused| refusal(&refused))?;
        let caller = Caller { viewer: call.viewer().clone(), ..call.caller() };
        let response = execute(state, caller, prepared, Transport::Mounted).await?;
        if let Some(failure) = Failure::of(&response) {
            return Err(failure);
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.read(response.data)
    }

    fn read(&self, data: Value) -> Result<D, Failure> {
        from_value(data).map_err(|error| Error::internal(format!("the data of {}: {error}", self.name)).into())
    }
}

fn refusal(response: &async_graphql::Response) -> Failure {
    Failure::of(response).unwrap_or_else(|| Error::internal("an operation was refused without an error").into())
}

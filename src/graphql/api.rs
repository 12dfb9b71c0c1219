//! The single door.

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, OnceLock};

use async_graphql::futures_util::StreamExt as _;
use async_graphql::futures_util::stream::{self, BoxStream};
use async_graphql::{ObjectType, Request, Response, SchemaBuilder, ServerError, SubscriptionType, Variables, value};

use super::call::{Caller, OperationKind, PageMost, Params, Prepared, RequestId, Statement};
use super::document::{Cache, Document};
use super::error::{refused, server_error, sign};
use super::executor::{Executor, Root};
use super::guard::{Cost, Limits, Operation, Refusal, afford, cost_with};
use super::rate::{RateSpent, Rates, Standing};
use super::strict::Validator;
use super::variables::{InputTypes, coerce};
use crate::error::Error;
use crate::infra::clock::Clock;

/// What the first request that needs it makes: a megabyte or more each, which a server that nobody asks goes without.
type Later<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;
type Attach = dyn Fn(&Caller, Request) -> Request + Send + Sync;

/// The way in for every surface: limits, cache, validation, execution, and the shape of errors.
pub struct Door<Q, M, S> {
    executor: Later<Executor<Q, M, S>>,
    validator: Later<Validator<Root<Q>, M, S>>,
    types: OnceLock<InputTypes>,
    documents: Cache,
    limits: Limits,
    /// Those of the program's own documents.
    internal: Limits,
    attach: Box<Attach>,
    rates: Option<Rates>,
}

impl<Q, M, S> Door<Q, M, S>
where
    Q: ObjectType + Default + 'static,
    M: ObjectType + Default + 'static,
    S: SubscriptionType + 'static,
{
    /// A door to the schema that `build` begins. It is called twice: documents are validated by one schema and run
    /// by another of the same types, which trusts that they were.
    #[must_use]
    pub fn new(build: impl Fn() -> SchemaBuilder<Root<Q>, M, S> + Send + Sync + 'static, limits: Limits) -> Self {
        let build = Arc::new(build);
        let running = Arc::clone(&build);
        Self {
            executor: LazyLock::new(Box::new(move || Executor::new(running()))),
            types: OnceLock::new(),
            validator: LazyLock::new(Box::new(move || Validator::new(build()))),
            documents: Cache::new(limits.cached_documents),
            limits,
            internal: Limits::internal(),
            attach: Box::new(|_, request| request),
            rates: None,
        }
    }

    /// Adds to every request what resolvers need beside the caller, for example fresh loaders.
    #[must_use]
    pub fn attaching(mut self, attach: impl Fn(&Caller, Request) -> Request + Send + Sync + 'static) -> Self {
        self.attach = Box::new(attach);
        self
    }

    /// Bounds what a caller may spend in a minute, by this clock.
    #[must_use]
    pub fn limiting(self, cost_per_minute: NonZeroU32, clock: Clock) -> Self {
        Self { rates: Some(Rates::new(cost_per_minute, clock)), ..self }
    }

    /// The schema in its definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        self.executor.schema.sdl()
    }

    /// The types of inputs.
    fn types(&self) -> &InputTypes {
        self.types.get_or_init(|| InputTypes::of(&self.sdl()).expect("the library reads the SDL that it prints"))
    }

    /// Gets an operation ready to run.
    ///
    /// # Errors
    ///
    /// A request error: the answer has no `data`, and over HTTP the status is 400. Its errors have a code; the
    /// request's id is added with [`super::error::sign`] by who knows it.
    pub fn prepare(&self, params: Params) -> Result<Prepared, Box<Response>> {
        let Params { query, operation_name, variables } = params;
        let document = self.document(&query).map_err(refused)?;
        self.ready(document, operation_name.as_deref(), variables, &self.limits)
    }

    /// Reads a document of the program itself, under the limits of its class.
    ///
    /// # Errors
    ///
    /// What is wrong with it: a mistake of whoever wrote it.
    pub fn statement(&self, text: &str) -> Result<Statement, String> {
        let document = Document::load(text, &self.internal, |ast| self.validator.validate(ast));
        let told =
            |errors: Vec<ServerError>| errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ");
        document.map(|document| Statement(Arc::new(document))).map_err(told)
    }

    /// Gets the one operation of such a document ready to run.
    ///
    /// # Errors
    ///
    /// See [`Door::prepare`].
    pub fn prepare_statement(&self, statement: &Statement, variables: Variables) -> Result<Prepared, Box<Response>> {
        let most = PageMost(self.internal.page.into());
        let prepared = self.ready(Arc::clone(&statement.0), None, variables, &self.internal)?;
        Ok(Prepared { page_most: Some(most), ..prepared })
    }

    fn ready(
        &self,
        document: Arc<Document>,
        operation_name: Option<&str>,
        variables: Variables,
        limits: &Limits,
    ) -> Result<Prepared, Box<Response>> {
        let refuse = |error: Error| refused(vec![server_error(&error)]);
        let operation = document.operation(operation_name).map_err(|message| refuse(Error::BadRequest(message)))?;
        let definition = operation.definition(&document.ast);
        let definitions = definition.map_or(&[][..], |definition| &definition.variable_definitions);
        let variables = coerce(self.types(), definitions, variables).map_err(refuse)?;
        let refuse = |refusal: Refusal| refused(vec![refusal.into()]);
        let cost = match operation.cost {
            Cost::Fixed(cost) => cost,
            Cost::ByVariables => cost_with(&document.ast, operation, &variables, limits).map_err(refuse)?,
        };
        afford(cost, limits, Some(operation.at)).map_err(refuse)?;
        let Operation { kind, ref name, .. } = *operation;
        let operation_name = name.clone();
        Ok(Prepared { document, operation_name, variables, kind, cost, page_most: None })
    }

    /// Runs a query or a mutation to its end.
    pub async fn execute(&self, caller: Caller, prepared: Prepared) -> Response {
        let (cost, request_id) = (prepared.cost, caller.request_id.clone());
        let standing = match self.spend(&caller, cost) {
            Ok(standing) => standing,
            Err(response) => return *response,
        };
        let document = Arc::clone(&prepared.document);
        let request = self.request(caller, prepared, standing);
        let mut response = self.executor.execute(request, &document).await;
        sign(&mut response, &request_id);
        tell_cost(&mut response, cost, standing);
        response
    }

    /// Runs any operation as a stream: a subscription yields until it ends, anything else yields its one answer.
    /// The first item tells the cost.
    pub fn execute_stream(&self, caller: Caller, prepared: Prepared) -> BoxStream<'static, Response> {
        let (mut cost, request_id) = (Some(prepared.cost), caller.request_id.clone());
        let standing = match self.spend(&caller, prepared.cost) {
            Ok(standing) => standing,
            Err(response) => return stream::once(std::future::ready(*response)).boxed(),
        };
        let document = Arc::clone(&prepared.document);
        let mut request = self.request(caller, prepared, standing);
        request.set_parsed_query(document.ast.clone());
        let items = self.executor.schema.execute_stream(request);
        items
            .map(move |mut response| {
                sign(&mut response, &request_id);
                if let Some(cost) = cost.take() {
                    tell_cost(&mut response, cost, standing);
                }
                response
            })
            .boxed()
    }

    fn document(&self, text: &str) -> Result<Arc<Document>, Vec<ServerError>> {
        if let Some(known) = self.documents.get(text) {
            return Ok(known);
        }
        let document = Document::load(text, &self.limits, |ast| self.validator.validate(ast))?;
        let document = Arc::new(document);
        self.documents.put(text, Arc::clone(&document));
        Ok(document)
    }

    fn spend(&self, caller: &Caller, cost: u32) -> Result<Option<Standing>, Box<Response>> {
        let Some(rates) = &self.rates else { return Ok(None) };
        rates.spend(caller, cost).map_err(|error| {
            let mut response = refused(vec![server_error(&error)]);
            sign(&mut response, &caller.request_id);
            response
        })
    }

    fn request(&self, caller: Caller, prepared: Prepared, standing: Option<Standing>) -> Request {
        let caller = match prepared.kind {
            // The audit says from where something was changed.
            OperationKind::Mutation => Caller { viewer: caller.viewer.at(&caller.client), ..caller },
            OperationKind::Subscription => Caller { viewer: caller.viewer.lasting(), ..caller },
            OperationKind::Query => caller,
        };
        let mut request = (self.attach)(&caller, Request::new(String::new()));
        let Caller { viewer, origin, request_id, client, resume } = caller;
        request = request.data(viewer).data(origin).data(RequestId(request_id)).data(client);
        if let Some(standing) = standing {
            request = request.data(RateSpent { cost: prepared.cost, standing });
        }
        if let Some(most) = prepared.page_most {
            request = request.data(most);
        }
        if let Some(resume) = resume {
            request = request.data(resume);
        }
        request.operation_name = prepared.operation_name;
        request.variables = prepared.variables;
        request
    }
}

fn tell_cost(response: &mut Response, cost: u32, standing: Option<Standing>) {
    let told = match standing {
        None => value!({ "requested": cost }),
        Some(Standing { limit, remaining, .. }) => {
            value!({ "requested": cost, "limit": limit, "remaining": remaining })
        }
    };
    response.extensions.insert("cost".to_owned(), told);
}

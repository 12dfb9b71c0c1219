//! Running an operation, without what the library does anew for each request.
//!
//! Before it runs an operation the library copies the document, walks it five times for limits that stood when it was let
//! in (`guard`, `strict`), takes away what `@skip` and `@include` leave out, and for each field of the root asks all types
//! of the schema whether they belong to a federation. Of a small query that is a fifth of all instructions. So an
//! operation without such directives, whose root has plain fields only, is run here: by the same resolvers, in contexts
//! of the same making. Any other goes the library's way.
//!
//! This is an edge into the library: it uses what is public and undocumented in it. Two of the parts of a context only a
//! resolver gets to see; [`Root`] keeps them for us from a first execution.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::Extensions;
use async_graphql::futures_util::FutureExt as _;
use async_graphql::futures_util::future::try_join_all;
use async_graphql::parser::types::{Field, OperationDefinition, OperationType, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_container;
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, IntrospectionMode, ObjectType, OutputType, Positioned, QueryEnv,
    QueryEnvInner, Request, Response, Schema, SchemaBuilder, SchemaEnv, ServerResult, SubscriptionType, ValidationMode,
    Value,
};

use super::document::Document;
use super::guard::LEVELS;
use super::nodes::{plain, quick::empty};

/// The reading root of a schema. In the SDL it is what it holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Root<Q>(pub Q);

/// What only a resolver gets to see.
struct Kept {
    schema: SchemaEnv,
    extensions: Extensions,
}

/// Where the root puts it, in the one request that asks for it.
#[derive(Clone, Default)]
struct Slot(Arc<Mutex<Option<Kept>>>);

#[async_trait]
impl<Q: ObjectType> ContainerType for Root<Q> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if let Some(Slot(kept)) = ctx.data_opt::<Slot>() {
            let found = Kept { schema: ctx.schema_env.clone(), extensions: ctx.query_env.extensions.clone() };
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            return Ok(None);
        }
        self.0.resolve_field(ctx).await
    }
}

#[async_trait]
impl<Q: ObjectType> OutputType for Root<Q> {
    fn type_name() -> Cow<'static, str> {
        Q::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Q::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl<Q: ObjectType> ObjectType for Root<Q> {}

/// See the module.
pub(super) struct Executor<Q, M, S> {
    pub(super) schema: Schema<Root<Q>, M, S>,
    query: Q,
    mutation: M,
    kept: Option<Kept>,
}

impl<Q, M, S> Executor<Q, M, S>
where
    Q: ObjectType + Default + 'static,
    M: ObjectType + Default + 'static,
    S: SubscriptionType + 'static,
{
    /// One that trusts every document to have been validated. The roots have no state of their own: the library runs
    /// those of `schema`, and here their defaults are asked.
    pub(super) fn new(schema: SchemaBuilder<Root<Q>, M, S>) -> Self {
        let schema = schema.validation_mode(ValidationMode::Fast).limit_recursive_depth(LEVELS).finish();
        let slot = Slot::default();
        // No such field is asked for: the root answers before it looks.
        let first = schema.execute(Request::new("{ kept }").data(slot.clone())).now_or_never();
        // Taken out: the extensions hold the data of that request, and so the slot.
        let kept = slot.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        debug_assert!(first.is_some() && kept.is_some(), "the root is asked at once");
        Self { schema, query: Q::default(), mutation: M::default(), kept }
    }

    /// Runs the operation that `request` names, which has passed all checks.
    pub(super) async fn execute(&self, mut request: Request, document: &Document) -> Response {
        if let Some(kept) = &self.kept
            && let Some((operation, fields)) = direct(document, request.operation_name.as_deref())
        {
            return self.directly(kept, request, document, operation, &fields).await;
        }
        request.set_parsed_query(document.ast.clone());
        self.schema.execute(request).await
    }

    async fn directly(
        &self,
        kept: &Kept,
        request: Request,
        document: &Document,
        operation: &Positioned<OperationDefinition>,
        fields: &[&Positioned<Field>],
    ) -> Response {
        let env = environment(kept, request, document, operation);
        let ctx = env.create_context(&kept.schema, None, &operation.node.selection_set, None);
        let data = match operation.node.ty {
            OperationType::Mutation => in_order(&ctx, &self.mutation, fields).await,
            OperationType::Query | OperationType::Subscription => together(&ctx, &self.query, fields).await,
        };
        let mut response = data.map_or_else(|error| Response::from_errors(vec![error]), Response::new);
        let mut noted = env.errors.lock().unwrap_or_else(PoisonError::into_inner);
        response.errors.append(&mut noted);
        drop(noted);
        response
    }
}

/// The operation to run and the fields of its root, if it can be run here. Fields that begin with two underscores, of the
/// schema itself, are the library's.
fn direct<'a>(
    document: &'a Document,
    name: Option<&str>,
) -> Option<(&'a Positioned<OperationDefinition>, Vec<&'a Positioned<Field>>)> {
    if document.conditional {
        return None;
    }
    let mut all = document.ast.operations.iter();
    let (_, operation) = all.find(|(found, _)| found.map(async_graphql::Name::as_str) == name)?;
    let fields = plain(&operation.node.selection_set.node)?;
    let ours = operation.node.ty != OperationType::Subscription
        && fields.iter().all(|field| !field.node.name.node.starts_with("__"));
    ours.then_some((operation, fields))
}

/// What resolvers find of the request. Of the operation they ask only for the variables that it defines.
fn environment(
    kept: &Kept,
    mut request: Request,
    document: &Document,
    operation: &Positioned<OperationDefinition>,
) -> QueryEnv {
    let head = OperationDefinition {
        ty: operation.node.ty,
        variable_definitions: operation.node.variable_definitions.clone(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet::default(), operation.pos),
    };
    let fragments = &document.ast.fragments;
    QueryEnv::new(QueryEnvInner {
        extensions: kept.extensions.clone(),
        variables: mem::take(&mut request.variables),
        operation_name: request.operation_name.take(),
        operation: Positioned::new(head, operation.pos),
        fragments: if fragments.is_empty() { HashMap::new() } else { fragments.clone() },
        uploads: Vec::new(),
        session_data: Arc::default(),
        query_data: Arc::new(mem::take(&mut request.data)),
        http_headers: Mutex::default(),
        introspection_mode: IntrospectionMode::Enabled,
        errors: Mutex::default(),
    })
}

/// The fields of a mutation, one after the other.
async fn in_order<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    root: &T,
    fields: &[&Positioned<Field>],
) -> ServerResult<Value> {
    let mut object = empty(fields);
    for (place, field) in fields.iter().enumerate() {
        object[place] = root.resolve_field(&ctx.with_field(field)).await?.unwrap_or_default();
    }
    Ok(Value::Object(object))
}

/// The fields of a query, which may wait beside each other.
async fn together<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    root: &T,
    fields: &[&Positioned<Field>],
) -> ServerResult<Value> {
    if fields.len() == 1 {
        return in_order(ctx, root, fields).await;
    }
    let values = fields.iter().map(|field| {
        let ctx = ctx.clone();
        async move { root.resolve_field(&ctx.with_field(field)).await.map(Option::unwrap_or_default) }
    });
    let values = try_join_all(values).await?;
    let mut object = empty(fields);
    for (place, value) in values.into_iter().enumerate() {
        object[place] = value;
    }
    Ok(Value::Object(object))
}

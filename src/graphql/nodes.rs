//! Lists of objects whose fields are mostly there already.
//!
//! The library boxes a future for each field of each object, of the size of the largest field's, and joins them all,
//! so that what waits is waited for together. Of a page of 100 jobs nearly nothing waits, and that bookkeeping is much of
//! what the page costs. So a list is resolved here in order. A field that is known to be there ([`quick`]) is read
//! without a future; only what does not answer at once, because it loads something, is joined with the others.
//!
//! Between the first look and the last nothing is awaited: a field that waits may hold a turn (of a loader, say) that
//! another one needs, and would never give it back while nobody looks at it.
//!
//! This is an edge into the library: it uses what is public and undocumented in it.

use std::borrow::Cow;
use std::ops::Deref;
use std::task::Poll;

use async_graphql::async_trait::async_trait;
use async_graphql::futures_util::future::{BoxFuture, try_join_all};
use async_graphql::futures_util::poll;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContainerType, Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use quick::{Quick, Reader};

pub(super) mod quick;
#[cfg(test)]
mod tests;

/// A list of objects, owned or borrowed. In the SDL it is the same as the list that it holds.
#[derive(Clone, Copy, Debug)]
pub struct Nodes<L>(pub L);

#[async_trait]
impl<L, T> OutputType for Nodes<L>
where
    L: Deref<Target = [T]> + Send + Sync,
    T: ContainerType + Quick,
{
    fn type_name() -> Cow<'static, str> {
        <&[T] as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <&[T] as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <&[T] as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match plain(&ctx.item.node) {
            // Boxed, because what an object holds may be such a list again.
            Some(fields) => {
                let items = self.0.iter().enumerate().map(|(index, item)| (Some(index), item));
                let all: BoxFuture<'_, ServerResult<Vec<Value>>> = Box::pin(objects(ctx, &fields, items));
                Ok(Value::List(all.await?))
            }
            None => (&self.0[..]).resolve(ctx, field).await,
        }
    }
}

/// One object, resolved in the same way.
#[derive(Clone, Copy, Debug)]
pub struct InPlace<T>(pub T);

#[async_trait]
impl<T: ContainerType + Quick> OutputType for InPlace<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(fields) = plain(&ctx.item.node) else { return self.0.resolve(ctx, field).await };
        let one: BoxFuture<'_, ServerResult<Vec<Value>>> = Box::pin(objects(ctx, &fields, [(None, &self.0)]));
        Ok(one.await?.pop().unwrap_or_default())
    }
}

/// The fields of a selection that has no fragments, no directives and no name twice; for others the library knows how
/// to merge.
pub(super) fn plain(selection: &SelectionSet) -> Option<Vec<&Positioned<Field>>> {
    let mut fields: Vec<&Positioned<Field>> = Vec::with_capacity(selection.items.len());
    for item in &selection.items {
        let Selection::Field(field) = &item.node else { return None };
        let name = &field.node.response_key().node;
        let again = fields.iter().any(|earlier| earlier.node.response_key().node == *name);
        if again || !field.node.directives.is_empty() || field.node.name.node == "__typename" {
            return None;
        }
        fields.push(field);
    }
    Some(fields)
}

/// How a field of all objects of a list is resolved.
struct Way<'a, T> {
    field: &'a Positioned<Field>,
    /// The field's context, but for the place in the list.
    ctx: Context<'a>,
    reader: Option<Reader<'a, T>>,
}

/// Objects with their places in a list, if they are in one.
async fn objects<'a, T: ContainerType + Quick + 'a>(
    ctx: &'a ContextSelectionSet<'_>,
    fields: &'a [&'a Positioned<Field>],
    items: impl IntoIterator<Item = (Option<usize>, &'a T)> + Send,
) -> ServerResult<Vec<Value>> {
    let empty = quick::empty(fields);
    let way = |field: &&'a Positioned<Field>| Way { field, ctx: ctx.with_field(field), reader: T::quick(&field.node) };
    let ways: Vec<Way<'_, T>> = fields.iter().map(way).collect();
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for (index, item) in items {
        let mut object = empty.clone();
        for (place, Way { field, ctx: here, reader }) in ways.iter().enumerate() {
            if let Some(value) = reader.as_ref().and_then(|read| read(item, here)) {
                object[place] = value;
                continue;
            }
            let mut boxed: BoxFuture<'_, ServerResult<Value>> = Box::pin(value(ctx, index, item, field));
            if let Poll::Ready(value) = poll!(&mut boxed) {
                object[place] = value?;
            } else {
                let at = (found.len(), place);
                waiting.push(async move { ServerResult::Ok((at, boxed.await?)) });
            }
        }
        found.push(object);
    }
    if !waiting.is_empty() {
        until_woken().await;
    }
    for ((object, place), value) in try_join_all(waiting).await? {
        found[object][place] = value;
    }
    Ok(found.into_iter().map(Value::Object).collect())
}

/// Waits until one of those who were looked at, and wait, can go on.
///
/// Looked at twice in a row, a loader takes its keys and begins to load them, before the fields beside this one have said
/// what they want of it.
async fn until_woken() {
    let mut looked = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut looked, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

async fn value<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    index: Option<usize>,
    item: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    let Some(index) = index else {
        return Ok(item.resolve_field(&ctx.with_field(field)).await?.unwrap_or_default());
    };
    let at = ctx.with_index(index);
    let found = item.resolve_field(&at.with_field(field)).await;
    found.map(Option::unwrap_or_default).map_err(|error| at.set_error_path(error))
}

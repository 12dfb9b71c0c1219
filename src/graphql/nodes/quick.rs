//! Fields that need not be waited for.
//!
//! Nearly every field of a page is a getter of a column, and still the library makes a future of each, with a copy of
//! the context. So a type names in a table (`quick!`) which of its fields are there at once. A field's reader is looked
//! up once for a list, and then reads it from one object after the other. It asks the resolver itself: what a field
//! shows is written down in one place. What a reader has no answer to, the library resolves as ever.

use std::task::Poll;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::resolver_utils::enum_value;
use async_graphql::{Context, ID, Name, Positioned, ScalarType, Value, to_value};

use super::plain;
use crate::graphql::account::AccountOverrun;
use crate::graphql::dialect::Dialect;
use crate::graphql::job::{JobOrigin, JobStatus};
use crate::graphql::scalar::{DateTime, Decimal, Long};
use crate::graphql::service::{ServiceDispatch, ServiceKind};
use crate::graphql::user::UserKind;

/// Reads a field of an object at once, or gives none where that cannot be done.
///
/// The context is not that of the object: neither its place in a list nor, in a related object, the field is right.
pub type Reader<'f, T> = Box<dyn Fn(&T, &Context<'_>) -> Option<Value> + Send + Sync + 'f>;

/// A type that has readers for some of its fields; for none, unless it says so.
pub trait Quick: Sized {
    /// The reader of a field, if it has one.
    fn quick(_: &Field) -> Option<Reader<'_, Self>> {
        None
    }
}

/// Writes down which fields of a type have readers, by their names in the schema.
///
/// `getters` are resolvers without arguments that do not look at the context: a value that depends on who asks has no
/// place here. `values` and `objects` are methods that give what is at hand, and are pending where something would have
/// to be loaded; the former a value, the latter a related object, if there is one.
macro_rules! quick {
    (
        $type:ty,
        getters { $($field:literal => $getter:ident,)* }
        $(values { $($value:literal => $value_here:ident,)* })?
        $(objects { $($object:literal => $object_here:ident,)* })?
    ) => {
        impl $crate::graphql::nodes::quick::Quick for $type {
            fn quick(
                field: &async_graphql::parser::types::Field,
            ) -> Option<$crate::graphql::nodes::quick::Reader<'_, Self>> {
                use async_graphql::{Context, futures_util::FutureExt};
                use $crate::graphql::nodes::quick;

                match field.name.node.as_str() {
                    $($field => Some(Box::new(|it: &Self, ctx: &Context<'_>| {
                        it.$getter(ctx).now_or_never()?.ok().map(quick::Shown::shown)
                    })),)*
                    $($($value => Some(Box::new(|it: &Self, _: &Context<'_>| quick::value(it.$value_here()))),)*)?
                    $($($object => quick::object(field, Self::$object_here),)*)?
                    _ => None,
                }
            }
        }
    };
}

pub(in crate::graphql) use quick;

/// What a resolver gives, as the value that the library makes of it.
pub trait Shown {
    /// The value.
    fn shown(self) -> Value;
}

impl<T: Shown> Shown for Option<T> {
    fn shown(self) -> Value {
        self.map_or(Value::Null, Shown::shown)
    }
}

impl Shown for &str {
    fn shown(self) -> Value {
        Value::String(self.to_owned())
    }
}

impl Shown for ID {
    fn shown(self) -> Value {
        Value::String(self.0)
    }
}

impl Shown for &serde_json::Value {
    fn shown(self) -> Value {
        to_value(self).unwrap_or_default()
    }
}

macro_rules! shown {
    ($($type:ty),* => $value:path) => {
        $(impl Shown for $type {
            fn shown(self) -> Value {
                $value(self)
            }
        })*
    };
}

shown!(bool, i32, f64, DateTime, Decimal, Long => scalar);
shown!(AccountOverrun, Dialect, JobOrigin, JobStatus, ServiceDispatch, ServiceKind, UserKind => enum_value);

#[expect(clippy::needless_pass_by_value, reason = "a value is shown in the same way as others")]
fn scalar<T: ScalarType>(value: T) -> Value {
    value.to_value()
}

/// A value, if it is at hand.
pub(in crate::graphql) fn value<T: Shown>(here: Poll<T>) -> Option<Value> {
    match here {
        Poll::Ready(value) => Some(value.shown()),
        Poll::Pending => None,
    }
}

/// The reader of a field that is an object, if all that is asked of that is quick.
pub(in crate::graphql) fn object<'f, T, R: Quick + 'f>(
    field: &'f Field,
    here: impl Fn(&T) -> Poll<Option<R>> + Send + Sync + 'f,
) -> Option<Reader<'f, T>> {
    let shape = Shape::of(&field.selection_set.node)?;
    Some(Box::new(move |it, ctx| match here(it) {
        Poll::Ready(Some(object)) => shape.read(&object, ctx),
        Poll::Ready(None) => Some(Value::Null),
        Poll::Pending => None,
    }))
}

/// A selection that is quick altogether.
pub(in crate::graphql) struct Shape<'f, T> {
    empty: IndexMap<Name, Value>,
    readers: Vec<Reader<'f, T>>,
}

impl<'f, T: Quick> Shape<'f, T> {
    /// The readers of all fields, if all of them have one.
    pub(in crate::graphql) fn of(selection: &'f SelectionSet) -> Option<Self> {
        let fields = plain(selection)?;
        let readers = fields.iter().map(|field| T::quick(&field.node)).collect::<Option<_>>()?;
        Some(Self { empty: empty(&fields), readers })
    }

    /// The object's value, if all of its fields are at hand.
    pub(in crate::graphql) fn read(&self, object: &T, ctx: &Context<'_>) -> Option<Value> {
        let mut values = self.empty.clone();
        for (value, read) in values.values_mut().zip(&self.readers) {
            *value = read(object, ctx)?;
        }
        Some(Value::Object(values))
    }
}

/// An object of these fields without their values. Objects of a list are copies of one, so that no name is looked up, and
/// no map grows, for each of them.
pub(in crate::graphql) fn empty(fields: &[&Positioned<Field>]) -> IndexMap<Name, Value> {
    fields.iter().map(|field| (field.node.response_key().node.clone(), Value::Null)).collect()
}

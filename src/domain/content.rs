//! The types of content that the configuration declares for backrest's API, and whether content is of its type.

use std::sync::Arc;

use serde_json::Value;

use super::schema::{self, Semantics, Validator};
use crate::{
    config::{Config, ContentType},
    error::{Error, FieldError, Result},
};

/// The types with their compiled schemas, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Types(Arc<Vec<(ContentType, Validator)>>);

impl Types {
    /// Compiles the schemas. Fails with INVALID for one that is none, or that could be used against the server.
    pub fn new(config: &Config) -> Result<Self> {
        let types = config.backrest.content.iter().map(|of| {
            let field = format!("compat.backrest.content: the schema of {}", of.name);
            schema::check(&of.schema, Semantics::Declared, &field)?;
            Ok((of.clone(), Validator::compile(&of.schema, Semantics::Declared)?))
        });
        Ok(Self(Arc::new(types.collect::<Result<_>>()?)))
    }

    /// The type of a collection.
    #[must_use]
    pub fn find(&self, collection: &str) -> Option<Type> {
        let index = self.0.iter().position(|(of, _)| of.collection() == collection)?;
        Some(Type { types: self.clone(), index })
    }
}

/// One type.
#[derive(Clone, Debug)]
pub struct Type {
    types: Types,
    index: usize,
}

impl std::ops::Deref for Type {
    type Target = ContentType;

    fn deref(&self) -> &ContentType {
        &self.types.0[self.index].0
    }
}

impl Type {
    /// What is wrong with the own fields of some content: each with a pointer (`/size`), in no order.
    #[must_use]
    pub fn faults(&self, value: &Value) -> Vec<FieldError> {
        self.types.0[self.index].1.validate(value, "").err().unwrap_or_default()
    }
}

/// What is wrong with the schemas of a configuration, for people.
#[must_use]
pub fn problems(config: &Config) -> Vec<String> {
    match Types::new(config) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(fields)) => {
            fields.into_iter().map(|field| format!("{}: {}", field.path, field.message)).collect()
        }
        Err(other) => vec![other.to_string()],
    }
}

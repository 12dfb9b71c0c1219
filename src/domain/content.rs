//! The types of content that the configuration declares for backrest's API, and whether content is of its type.

use std::sync::Arc;

use serde_json::{Value, json};

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
        let types = config.backrest.content.iter().map(|of| Ok((of.clone(), compiled(of)?)));
        Ok(Self(Arc::new(types.collect::<Result<_>>()?)))
    }

    /// The type of a collection.
    #[must_use]
    pub fn find(&self, collection: &str) -> Option<Type> {
        let index = self.0.iter().position(|(of, _)| of.collection() == collection)?;
        Some(Type { types: self.clone(), index })
    }

    /// What is wrong with a value of shared data of this type: nothing where the configuration does not declare it.
    /// Each with a pointer (`/size`, or nothing for all of it), in no order.
    #[must_use]
    pub fn faults_of_shared(&self, kind: &str, value: Option<&Value>) -> Vec<FieldError> {
        let Some((_, validator)) = self.0.iter().find(|(of, _)| of.name == kind) else { return Vec::new() };
        match value {
            Some(value @ Value::Object(_)) => validator.validate(value, "").err().unwrap_or_default(),
            _ => vec![FieldError {
                path: String::new(),
                message: format!("Shared data of the type {kind} has an object."),
            }],
        }
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
        self.validator().validate(value, "").err().unwrap_or_default()
    }

    /// Whether null is a value of this field, and not only what is shown where there is none.
    #[must_use]
    pub fn takes_null(&self, name: &str) -> bool {
        fault_of_field(self.validator(), name, &Value::Null).is_none()
    }

    fn validator(&self) -> &Validator {
        &self.types.0[self.index].1
    }
}

/// What is wrong with a field whatever the others are.
fn fault_of_field(validator: &Validator, name: &str, value: &Value) -> Option<FieldError> {
    let faults = validator.validate(&json!({ name: value }), "").err().unwrap_or_default();
    let own = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let is_inside = |rest: &str| rest.is_empty() || rest.starts_with('/');
    faults.into_iter().find(|fault| fault.path.strip_prefix(&own).is_some_and(is_inside))
}

fn compiled(of: &ContentType) -> Result<Validator> {
    let field = format!("compat.backrest.content: the schema of {}", of.name);
    schema::check(&of.schema, Semantics::Declared, &field)?;
    let validator = Validator::compile(&of.schema, Semantics::Declared)?;
    // What is left out is its default: one that is refused would refuse everybody.
    for (name, default) in of.properties().filter_map(|(name, own)| Some((name, own.get("default")?))) {
        if let Some(fault) = fault_of_field(&validator, name, default) {
            let message = format!("Its own schema refuses it: {}", fault.message);
            return Err(Error::invalid(format!("{field}/properties/{name}/default"), message));
        }
    }
    Ok(validator)
}

/// What is wrong with the schemas of a configuration, for people: each with its type's place among them.
#[must_use]
pub fn problems(config: &Config) -> Vec<(usize, String)> {
    let told = |error| match error {
        Error::Invalid(fields) => {
            fields.into_iter().map(|field| format!("{}: {}", field.path, field.message)).collect()
        }
        other => vec![other.to_string()],
    };
    let types = config.backrest.content.iter().enumerate();
    let wrong = types.filter_map(|(index, of)| Some((index, told(compiled(of).err()?))));
    wrong.flat_map(|(index, told)| told.into_iter().map(move |message| (index, message))).collect()
}

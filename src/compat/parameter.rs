//! What a route reads beside its path, told in the table: in the query of its address, and in a form.

use serde_json::{Value, json};

/// A parameter of the query, or a field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it is a file, which only a form in parts can bring.
    pub is_file: bool,
}

impl Parameter {
    /// One that must be there.
    #[must_use]
    pub const fn must(name: &'static str, about: &'static str) -> Self {
        Self { name, about, required: true, is_file: false }
    }

    /// One that may be there.
    #[must_use]
    pub const fn may(name: &'static str, about: &'static str) -> Self {
        Self { name, about, required: false, is_file: false }
    }

    /// A file that must be there.
    #[must_use]
    pub const fn file(name: &'static str, about: &'static str) -> Self {
        Self { name, about, required: true, is_file: true }
    }

    /// As `OpenAPI` tells a parameter of the query.
    pub(super) fn in_query(&self) -> Value {
        let Self { name, about, required, .. } = self;
        json!({ "name": name, "in": "query", "required": required, "description": about, "schema": { "type": "string" } })
    }

    fn schema(&self) -> Value {
        let mut schema = json!({ "type": "string", "description": self.about });
        if self.is_file {
            schema["contentMediaType"] = "application/octet-stream".into();
        }
        schema
    }
}

/// The JSON Schema of a form.
pub(super) fn schema_of_form(fields: &[Parameter]) -> Value {
    let properties: serde_json::Map<_, _> =
        fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

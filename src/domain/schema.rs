//! JSON Schema: what a service demands of parameters and promises of results.
//!
//! Schemas and values both come from strangers, so both are bounded before they meet. A schema is checked once, when a
//! service is made ([`check`]): against its meta-schema, offline, with linear regular expressions only, and with a
//! limit on how often one value can be visited. A value is measured against the compiled schema before it is validated
//! ([`Validator::validate`]): nesting is cheap to write down and can multiply the work beyond any size limit. The
//! measuring stops at its limit, so the worst that anybody can cause is a refusal after some tens of milliseconds.
//!
//! `format` is an annotation and not an assertion, in every draft: 2019-09 and later say so, the older ones leave it
//! open, and what its checkers cost is not part of what is measured. `$dynamicRef` and `$recursiveRef` are refused: what
//! they mean depends on the way that led to them, which no measure made beforehand can know.

mod build;
mod cache;
mod graph;
mod legacy;
mod limits;
mod measure;
mod pattern;
mod python;
mod report;
#[cfg(test)]
mod tests;
mod unique;
mod validator;

use std::borrow::Cow;

pub use cache::{Cache, Key, Part};
use jsonschema::Draft;
use serde_json::Value;
pub use validator::Validator;

use crate::error::{Error, FieldError};

/// How a stored schema is to be read. Stored with every service version, because what a schema means must not change
/// under the jobs that were accepted with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Semantics {
    /// As the draft that `$schema` names, else as 2020-12.
    #[default]
    Declared,
    /// As TopChef read schemas: see `schema/legacy.rs`.
    Draft4Legacy,
}

impl Semantics {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Draft4Legacy => "draft4_legacy",
        }
    }

    /// The reverse of [`Semantics::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Declared, Self::Draft4Legacy].into_iter().find(|semantics| semantics.as_str() == word)
    }
}

/// Refuses a schema that is not one, or that could be used against the server. `field` is the input's name
/// (`parametersSchema`); every violation is listed, with its JSON pointer, in [`Error::Invalid`].
///
/// Usually takes well under a millisecond. The largest schemas take ten, the worst patterns two hundred: call it where
/// that may block.
pub fn check(schema: &Value, semantics: Semantics, field: &str) -> Result<(), Error> {
    let refuse = |errors: Vec<FieldError>| if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) };
    refuse(limits::violations(schema, field))?;
    let meanings = meant(schema, semantics).map_err(|message| Error::invalid(format!("{field}/$schema"), message))?;
    for (schema, draft) in &meanings {
        refuse(validator::meta_violations(schema, *draft, field))?;
    }
    validator::first(&meanings, semantics, field).map(drop).map_err(Error::Invalid)
}

/// The schema as it is to be compiled, and the draft that it is of: the first of these that can be.
fn meant(schema: &Value, semantics: Semantics) -> Result<Vec<(Cow<'_, Value>, Draft)>, String> {
    match semantics {
        Semantics::Declared => Ok(vec![(Cow::Borrowed(schema), draft_of(schema)?)]),
        Semantics::Draft4Legacy => {
            let adapted = |unicode| (Cow::Owned(legacy::adapted(schema, unicode)), Draft::Draft4);
            let (whole, ascii) = (adapted(true), adapted(false));
            Ok(if whole == ascii { vec![ascii] } else { vec![whole, ascii] })
        }
    }
}

/// The draft that `$schema` names; 2020-12 when it names none.
fn draft_of(schema: &Value) -> Result<Draft, String> {
    let Some(declared) = schema.get("$schema") else { return Ok(Draft::Draft202012) };
    match declared.as_str().map(Draft::from_schema_uri) {
        Some(Draft::Unknown) | None => {
            Err("is not a known draft. Use one of http://json-schema.org/draft-04/schema#, \
             http://json-schema.org/draft-06/schema#, http://json-schema.org/draft-07/schema#, \
             https://json-schema.org/draft/2019-09/schema, https://json-schema.org/draft/2020-12/schema, or leave it \
             out for the last."
                .to_owned())
        }
        Some(draft) => Ok(draft),
    }
}

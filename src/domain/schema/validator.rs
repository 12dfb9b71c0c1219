//! A compiled schema.

use std::borrow::Cow;

use jsonschema::Draft;
use serde_json::Value;

use super::{
    Semantics,
    graph::Graph,
    limits::{self, MAX_DEPTH},
    meant,
    measure::{Measure, TooCostly},
    pattern,
    report::{self, MAX_ENTRIES},
    unique,
};
use crate::error::{Error, FieldError, Result};

/// A schema, compiled once and used by many requests. Never reads a file and never asks the network.
#[derive(Debug)]
pub struct Validator {
    compiled: jsonschema::Validator,
    graph: Graph,
    semantics: Semantics,
}

impl Validator {
    /// Compiles a stored schema. Fails with [`Error::Internal`]: a schema is [checked](super::check) before it is
    /// stored, so one that does not compile is a defect. Takes tens of microseconds for a usual schema and some
    /// milliseconds for the largest.
    pub fn compile(schema: &Value, semantics: Semantics) -> Result<Self> {
        let meanings = meant(schema, semantics).map_err(Error::internal)?;
        first(&meanings, semantics, "schema")
            .map_err(|errors| Error::internal(format_args!("a stored schema does not compile: {errors:?}")))
    }

    /// How the schema was read.
    #[must_use]
    pub const fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// Lists what is wrong with a value, each with its JSON pointer appended to `field` (`parameters/seconds`): at most
    /// a hundred violations, each in bounded length. A value that is nested too deeply, or that this schema multiplies
    /// into too much work, is refused without being validated.
    pub fn validate(&self, value: &Value, field: &str) -> Result<(), Vec<FieldError>> {
        let refuse = |message: String| Err(vec![FieldError { path: field.to_owned(), message }]);
        if limits::is_deeper(value, MAX_DEPTH) {
            return refuse(format!("is nested more than {MAX_DEPTH} levels deep."));
        }
        let measure = match Measure::of(&self.graph, value) {
            Ok(measure) => measure,
            Err(TooCostly) => return refuse("is too large to be checked against this schema.".to_owned()),
        };
        if self.compiled.is_valid(value) {
            return Ok(());
        }
        let violations: Vec<FieldError> = if measure.is_listable() {
            let errors = self.compiled.iter_errors(value);
            errors.take(MAX_ENTRIES).map(|error| report::field_error(field, &error)).collect()
        } else if measure.is_reportable() {
            self.compiled.validate(value).err().map(|error| report::field_error(field, &error)).into_iter().collect()
        } else {
            Vec::new()
        };
        if violations.is_empty() {
            return refuse("breaks the schema, and is too large for a list of what is wrong.".to_owned());
        }
        Err(violations)
    }
}

/// Compiles the first of these meanings of a schema that can be, or says what is wrong with the last. A schema that an old
/// API took must not become too large because its patterns take in more letters.
pub(super) fn first(
    meanings: &[(Cow<'_, Value>, Draft)],
    semantics: Semantics,
    field: &str,
) -> Result<Validator, Vec<FieldError>> {
    let mut faults = Vec::new();
    for (schema, draft) in meanings {
        match build(schema, *draft, semantics, field) {
            Ok(validator) => return Ok(validator),
            Err(found) => faults = found,
        }
    }
    Err(faults)
}

/// Compiles a schema after measuring it.
fn build(schema: &Value, draft: Draft, semantics: Semantics, field: &str) -> Result<Validator, Vec<FieldError>> {
    let graph = Graph::new(schema, draft, semantics, field)?;
    let options = jsonschema::options().with_draft(draft).offline();
    let options = match semantics {
        Semantics::Declared => options.with_pattern_options(pattern::engine()),
        Semantics::Draft4Legacy => options.with_pattern_options(pattern::backtracking_engine()),
    };
    let compiled = options
        .should_validate_formats(false)
        .with_keyword("uniqueItems", |_, value, _| Ok(unique::keyword(value)))
        .build(schema)
        .map_err(|error| vec![report::field_error(field, &error)])?;
    Ok(Validator { compiled, graph, semantics })
}

/// Where a schema breaks its own draft.
pub(super) fn meta_violations(schema: &Value, draft: Draft, field: &str) -> Vec<FieldError> {
    let meta = match draft {
        Draft::Draft4 => jsonschema::draft4::meta::validator(),
        Draft::Draft6 => jsonschema::draft6::meta::validator(),
        Draft::Draft7 => jsonschema::draft7::meta::validator(),
        Draft::Draft201909 => jsonschema::draft201909::meta::validator(),
        _ => jsonschema::draft202012::meta::validator(),
    };
    meta.iter_errors(schema).take(MAX_ENTRIES).map(|error| report::field_error(field, &error)).collect()
}

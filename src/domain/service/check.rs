//! What is wrong with the input that makes or changes a service.

use entity::service;
use serde_json::Value;

use super::versions;
use crate::{
    app::App,
    domain::{
        check::{Faults, LINE, MESSAGE, TEXT},
        schema::{self, Semantics},
        slug,
    },
    error::{Error, Result},
};

/// Its names and texts.
pub(super) fn texts(
    faults: &mut Faults,
    semantics: Semantics,
    name: Option<&str>,
    title: Option<&str>,
    description: Option<&str>,
) {
    if let Some(name) = name {
        faults.slug("name", name);
        if name == slug::RESERVED {
            faults.add("name", "`server` is reserved.");
        }
    }
    match (title, semantics) {
        (Some(title), Semantics::Declared) => faults.line("title", title, 1, LINE),
        // Its services are called by what their programs say, which may be nothing.
        (Some(title), Semantics::Draft4Legacy) => faults.text("title", title, MESSAGE),
        (None, _) => {}
    }
    if let Some(description) = description {
        faults.text("description", description, TEXT);
    }
}

/// A large schema takes longer to check than a thread that answers requests should be kept.
pub(super) async fn schema(
    faults: &mut Faults,
    path: &'static str,
    semantics: Semantics,
    schema: Option<&Value>,
) -> Result<()> {
    let Some(schema) = schema.cloned() else { return Ok(()) };
    let checked = tokio::task::spawn_blocking(move || schema::check(&schema, semantics, path)).await;
    let checked = checked.map_err(Error::internal)?;
    faults.extend(checked)
}

/// How the service's schemas are read: all its versions in the same way.
pub(super) async fn semantics_of(app: &App, service: &service::Model) -> Result<Semantics> {
    let versions = versions(app, service.version_id.as_slice()).await?;
    Ok(versions.first().map(|version| version.semantics.into()).unwrap_or_default())
}

//! Checking a value against a schema, as workers and submitters do before they send one.

use axum::extract::Request;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::job::json_body;
use super::{Answer, Input};
use crate::compat::topchef::envelope::{Entry, Refusal};
use crate::compat::topchef::fields::Fields;
use crate::compat::topchef::json::reply;
use crate::compat::topchef::meta;
use crate::compat::topchef::version::link;
use crate::compat::{Call, Operation};

/// See its document.
pub(in crate::compat::topchef) static VALIDATE: Operation<Input<Question>, Judged> =
    Operation::new("Topchef_Validate", include_str!("../operations/validate.graphql"));

/// A `SchemaValidateInput`.
#[derive(Debug, Serialize)]
pub(in crate::compat::topchef) struct Question {
    schema: Value,
    instance: Value,
    semantics: &'static str,
}

/// What is wrong.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Judged {
    schema_validate: Violations,
}

#[derive(Debug, Deserialize)]
struct Violations {
    violations: Vec<Violation>,
}

#[derive(Debug, Deserialize)]
struct Violation {
    path: String,
    message: String,
}

/// `GET /validator`.
pub(in crate::compat::topchef) async fn describe_validator(call: Call) -> Response {
    reply(json!({ "links": { "self": link(&call, "/validator") }, "meta": meta::of("validator") }))
}

/// `POST /validator`.
pub(in crate::compat::topchef) async fn validate(call: Call, request: Request) -> Answer {
    judged(&call, request).await?;
    let data = json!({ "status": "Validation was successful" });
    Ok(reply(json!({ "data": data, "links": { "self": link(&call, "/validator") } })))
}

/// Fails with what is wrong with the value of a request.
pub(in crate::compat::topchef) async fn judged(call: &Call, request: Request) -> Result<(), Refusal> {
    let body = json_body(call, request).await?;
    let mut fields = Fields::of(&body)?;
    let question =
        Question { instance: fields.object("object"), schema: fields.object("schema"), semantics: "DRAFT4_LEGACY" };
    let input = fields.finish(question)?;
    let found = VALIDATE.run(call, Input { input }).await?.schema_validate.violations;
    let entry = |violation: &Violation| match violation.path.split('/').next() {
        Some("schema") => Entry::key("schema", &[violation.message.as_str()]),
        _ => Entry::violation(&violation.message),
    };
    let entries: Vec<_> = found.iter().map(entry).collect();
    if entries.is_empty() { Ok(()) } else { Err(Refusal::from(entries)) }
}

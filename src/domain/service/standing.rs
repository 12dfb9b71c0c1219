//! Services that an older API takes to be there.

use entity::{
    legacy_number::Dialect,
    service::{self, Dispatch},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{
    Bound, Limits, NewService, Prices, RESULTS_MOST,
    write::{first_admin, insert},
};
use crate::{app::App, domain::schema::Semantics, error::Result};

/// The service whose jobs Project-W's are. It is made when it is first asked for, and belongs to the longest-serving
/// admin; the index `service_standing` sees to it that there is one however many ask at once.
///
/// Its jobs are assigned to runners, which have a minute to say that they are there, for ever and without a pause.
pub async fn of_project_w(app: &App) -> Result<service::Model> {
    if let Some(service) = find(app.db.read()).await? {
        return Ok(service);
    }
    let owner_id = first_admin(app).await?;
    let made = app.db.write((app.clone(), owner_id, transcription()), |tx, (app, owner_id, new)| {
        Box::pin(async move {
            match find(&tx.db).await? {
                Some(service) => Ok(service),
                None => insert(tx, app, *owner_id, None, new).await,
            }
        })
    });
    let service = made.await?;
    app.known.forget_user(owner_id);
    Ok(service)
}

async fn find<C: ConnectionTrait>(db: &C) -> Result<Option<service::Model>> {
    let of_dialect = service::Entity::find().filter(service::Column::Dialect.eq(Dialect::ProjectW));
    let of_server = of_dialect.filter(service::Column::ProjectId.is_null());
    Ok(of_server.filter(service::Column::DeletedAt.is_null()).one(db).await?)
}

fn transcription() -> NewService {
    let text = || json!({ "type": ["string", "null"] });
    NewService {
        project_id: None,
        is_exported: false,
        name: None,
        title: "Transcription".to_owned(),
        description: "Writes down what is said in a recording. Runners of Project-W's API work for it.".to_owned(),
        kind: service::Kind::Program,
        is_available: true,
        is_checked_in: false,
        semantics: Semantics::Declared,
        dispatch: Dispatch::Push,
        parameters_schema: object(&json!({ "fileName": text(), "model": text(), "language": text() }), &json!([])),
        results_schema: object(&json!({ "transcript": { "type": "string" } }), &json!(["transcript"])),
        limits: Limits {
            max_attempts: Bound::Lifted,
            lease_seconds: Some(60),
            max_run_seconds: Bound::Lifted,
            max_result_bytes: Bound::At(i32::try_from(RESULTS_MOST).unwrap_or(i32::MAX)),
            ..Limits::default()
        },
        prices: Prices::default(),
        dialect: Some(Dialect::ProjectW),
    }
}

fn object(properties: &Value, required: &Value) -> Value {
    let schema = "https://json-schema.org/draft/2020-12/schema";
    json!({ "$schema": schema, "type": "object", "properties": properties, "required": required })
}

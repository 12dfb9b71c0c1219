//! Making, changing and removing data of projects.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::project_data;
use serde_json::Value;

use super::ProjectData;
use crate::{
    domain::{
        self,
        project_data::{DataChange, NewData},
    },
    error::Error,
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
};

/// Data to make.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectDataCreateInput {
    /// Which project.
    project_id: ID,
    /// What sort of thing it is, in a word of the project's own; 1 to 64 letters, digits, `_`, `.` or `-`.
    #[graphql(name = "type", default = "data")]
    kind: String,
    /// What people call it; 1 to 200 characters.
    title: String,
    /// What it is; at most 10,000 characters.
    #[graphql(default)]
    description: String,
    /// Its value; at most 256 KiB as JSON (a setting). What is larger is a file.
    value: Option<Value>,
    /// Words to find it by: at most 32 of 1 to 64 characters.
    #[graphql(default)]
    categories: Vec<String>,
    /// Whether everybody who sees the project sees it, where the project is public.
    #[graphql(default = false)]
    is_public: bool,
    /// Whether everybody who logs in sees it, whatever the project. Shared data of a type that the configuration declares
    /// must fit that type's schema.
    #[graphql(default = false)]
    is_shared: bool,
    /// Its file: one that the viewer brought with `PUT /files/{name}` and attached to nothing yet.
    file_id: Option<ID>,
}

/// A change of data; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct ProjectDataUpdateInput {
    /// Which data.
    data_id: ID,
    /// A new type.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// A new title.
    title: Option<String>,
    /// A new description.
    description: Option<String>,
    /// A new value; null takes it away.
    value: MaybeUndefined<Value>,
    /// An object whose fields go over those of the value, which keeps its others; so two changes of different fields at
    /// once both hold. A value that is no object counts as an empty one. Not together with `value`.
    value_fields: Option<Value>,
    /// Other words to find it by.
    categories: Option<Vec<String>>,
    /// Whether everybody who sees the project sees it, where the project is public.
    is_public: Option<bool>,
    /// Whether everybody who logs in sees it, whatever the project. Only who made it, and managers of the project, change
    /// that; shared data of a type that the configuration declares must fit that type's schema.
    is_shared: Option<bool>,
    /// Another file, which the viewer brought with `PUT /files/{name}` and attached to nothing yet; null takes the file
    /// away. The one that was there is removed.
    file_id: MaybeUndefined<ID>,
}

id_inputs! { data_id, "Its global id.";
    ProjectDataDeleteInput "Which data to remove.",
}

payloads! { data: ProjectData, "The data.";
    ProjectDataCreatePayload "Data that was made.",
    ProjectDataUpdatePayload "Data that was changed.",
    ProjectDataDeletePayload "Data that was removed, as it was.",
}

/// Making, changing and removing data of projects.
#[derive(Debug, Default)]
pub struct ProjectDataMutation;

#[Object]
impl ProjectDataMutation {
    /// Makes data in a project. Its contributors, managers and owners may.
    async fn project_data_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The data to make.")] input: ProjectDataCreateInput,
    ) -> Result<ProjectDataCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewData {
            project_id: id::uid(Kind::Project, "projectId", &input.project_id)?,
            kind: input.kind,
            title: input.title,
            description: input.description,
            value: input.value,
            categories: input.categories,
            is_public: input.is_public,
            is_shared: input.is_shared,
            file_id: input.file_id.map(|id| id::uid(Kind::File, "fileId", &id)).transpose()?,
        };
        payload(domain::project_data::create(app, viewer, new).await)
    }

    /// Changes data. Contributors, managers and owners of its project may. A file is attached with `fileAttach`.
    async fn project_data_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: ProjectDataUpdateInput,
    ) -> Result<ProjectDataUpdatePayload> {
        let (app, viewer) = asked(ctx)?;
        let value_fields = match input.value_fields {
            None => None,
            Some(_) if !input.value.is_undefined() => {
                return Err(Error::invalid("valueFields", "Give value or valueFields, not both.").into());
            }
            Some(Value::Object(fields)) => Some(fields),
            Some(_) => return Err(Error::invalid("valueFields", "It must be an object.").into()),
        };
        let change = DataChange {
            kind: input.kind,
            title: input.title,
            description: input.description,
            value: match input.value {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(value) => Some(Some(value)),
            },
            value_fields,
            categories: input.categories,
            is_public: input.is_public,
            is_shared: input.is_shared,
            file_id: match input.file_id {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(id) => Some(Some(id::uid(Kind::File, "fileId", &id)?)),
            },
        };
        let uid = id::uid(Kind::ProjectData, "dataId", &input.data_id)?;
        payload(domain::project_data::update(app, viewer, uid, change).await)
    }

    /// Removes data with its file. Who made it may, as long as it contributes to the project, and the project's managers
    /// and owners.
    async fn project_data_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which data.")] input: ProjectDataDeleteInput,
    ) -> Result<ProjectDataDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::ProjectData, "dataId", &input.data_id)?;
        payload(domain::project_data::delete(app, viewer, uid).await)
    }
}

fn payload<P: From<ProjectData>>(row: crate::error::Result<project_data::Model>) -> Result<P> {
    Ok(ProjectData(Arc::new(row?)).into())
}

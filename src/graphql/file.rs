//! Files. Their bytes travel over plain HTTP: `PUT /files/{name}` brings them, `GET /files/{id}` gives them out.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::file;

use super::{
    connection::connection,
    context::{app, asked, counted, loaders, nullable, page},
    id::{self, Kind},
    job::Job,
    payload::{id_inputs, payloads},
    project_data::ProjectData,
    scalar::{DateTime, Long, number},
    user::User,
};
use crate::{
    domain::{self, file::FileFilter},
    error::Error,
    page::{PageRequest, cursor},
};

/// Bytes that somebody brought with `PUT /files/{name}`.
#[derive(Clone, Debug)]
pub struct File(pub Arc<file::Model>);

connection!(FileConnection, FileEdge, File, "files");

/// What a file is to its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "FileRole", remote = "entity::file::Role")]
pub enum FileRole {
    /// For the worker to read.
    Input,
    /// What the worker made.
    Output,
}

/// How files are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "FileOrder", remote = "crate::domain::file::FileOrder")]
pub enum FileOrder {
    /// Oldest upload first.
    CreatedAtAsc,
    /// Newest upload first.
    CreatedAtDesc,
}

/// Which files; conditions are ANDed.
#[derive(Clone, Copy, Debug, Default, InputObject)]
#[graphql(name = "FileFilter")]
pub struct FileFilterInput {
    /// Only those that are attached to something, or only the others, which are removed in time.
    is_attached: Option<bool>,
    /// Only what is this to its job.
    role: Option<FileRole>,
}

/// Bytes that somebody brought with `PUT /files/{name}`.
#[Object]
impl File {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::File.id(self.0.uid)
    }

    /// A short number, unique among files.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// What it was called; 1 to 255 bytes, never a path.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What its owner says it is, such as `text/csv`; at most 255 characters.
    async fn media_type(&self) -> &str {
        &self.0.media_type
    }

    /// Bytes.
    async fn size(&self) -> Long {
        Long(self.0.size)
    }

    /// SHA-256 of the bytes: 64 hexadecimal digits.
    async fn sha256(&self) -> String {
        domain::file::sha256(&self.0)
    }

    /// Where its bytes are: GET with the same credential, ranges included.
    async fn url(&self, ctx: &Context<'_>) -> Result<String> {
        let base = app(ctx)?.config.public_url.trim_end_matches('/');
        Ok(format!("{base}/files/{}", Kind::File.id(self.0.uid).as_str()))
    }

    /// Who brought it; of a worker's output the owner of the job.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move { Ok(loaders(ctx)?.user(self.0.owner_id).await?.map(User)) }).await
    }

    /// The job that it is attached to; null when there is none, or the viewer may not see it.
    async fn job(&self, ctx: &Context<'_>) -> Option<Result<Job>> {
        nullable(async move {
            match self.0.job_id {
                Some(id) => Ok(loaders(ctx)?.job(id).await?.map(Job::shared)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The data of a project that it is attached to; null when there is none, or the viewer may not see it.
    async fn data(&self, ctx: &Context<'_>) -> Option<Result<ProjectData>> {
        nullable(async move {
            match self.0.data_id {
                Some(id) => Ok(loaders(ctx)?.data(id).await?.map(ProjectData)),
                None => Ok(None),
            }
        })
        .await
    }

    /// What it is to that job; null while it is attached to none.
    async fn role(&self) -> Option<FileRole> {
        self.0.role.map(Into::into)
    }

    /// When its upload began.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was attached; null while it is not.
    async fn attached_at(&self) -> Option<DateTime> {
        self.0.attached_at.map(Into::into)
    }

    /// When it is removed unless it is attached before; null while it is.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }
}

/// Reading files.
#[derive(Debug, Default)]
pub struct FileQuery;

#[Object]
impl FileQuery {
    /// One file, by exactly one of the arguments: one's own, and those of jobs and of data of projects that one may see.
    async fn file(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
    ) -> Option<Result<File>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let row = match (id, number) {
                (Some(id), None) => domain::file::get(app, viewer, id::uid(Kind::File, "id", &id)?).await?,
                (None, Some(number)) => domain::file::get_by_number(app, viewer, i64::from(number)).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id and number.").into()),
            };
            Ok(Some(File(Arc::new(row))))
        })
        .await
    }

    /// The files that the viewer brought, or all for an admin; those of a job are `Job.files`, that of data is
    /// `ProjectData.file`.
    #[expect(clippy::too_many_arguments, reason = "they are the field's own")]
    async fn files(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<FileFilterInput>,
        #[graphql(desc = "The order.", default_with = "FileOrder::CreatedAtDesc")] order: FileOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<FileConnection> {
        let FileFilterInput { is_attached, role } = filter.unwrap_or_default();
        let filter = FileFilter { attached: is_attached, job_id: None, role: role.map(Into::into) };
        page_of_files(ctx, filter, order, &page(ctx, first, last, after, before)?).await
    }
}

/// A page of files.
pub async fn page_of_files(
    ctx: &Context<'_>,
    filter: FileFilter,
    order: FileOrder,
    request: &PageRequest,
) -> Result<FileConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::file::list(app, viewer, filter, order, request).await?;
    let total = counted(ctx, domain::file::count(app, viewer, filter)).await?;
    Ok(FileConnection::of(found, |row| cursor(order, row), |row| File(Arc::new(row)), total))
}

/// Which file belongs to which job, or to which data of a project: exactly one of the two.
#[derive(Clone, Debug, InputObject)]
pub struct FileAttachInput {
    /// The file; one that the viewer brought.
    file_id: ID,
    /// The job; one that the viewer may change.
    job_id: Option<ID>,
    /// The data; of a project that the viewer contributes to. It has one file at most.
    data_id: Option<ID>,
    /// What it is to a job. Inputs are taken until the job has finished. Outputs come from workers with their upload;
    /// besides them only those who manage the service attach one.
    #[graphql(default_with = "FileRole::Input")]
    role: FileRole,
}

id_inputs! { file_id, "Its global id.";
    FileDetachInput "Which file to take off its job or data.",
    FileDeleteInput "Which file to remove.",
}

payloads! { file: File, "The file.";
    FileAttachPayload "A file that was attached.",
    FileDetachPayload "A file that was taken off its job or data.",
    FileDeletePayload "A file that was removed, as it was.",
}

/// Attaching and removing files.
#[derive(Debug, Default)]
pub struct FileMutation;

#[Object]
impl FileMutation {
    /// Attaches a file to a job or to data of a project, with which it is kept from then on.
    async fn file_attach(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file, to what.")] input: FileAttachInput,
    ) -> Result<FileAttachPayload> {
        let (app, viewer) = asked(ctx)?;
        let file = id::uid(Kind::File, "fileId", &input.file_id)?;
        match (input.job_id, input.data_id) {
            (Some(id), None) => {
                let job = id::uid(Kind::Job, "jobId", &id)?;
                payload(domain::file::attach(app, viewer, file, job, input.role.into()).await)
            }
            (None, Some(id)) => {
                let data = id::uid(Kind::ProjectData, "dataId", &id)?;
                payload(domain::file::attach_data(app, viewer, file, data).await)
            }
            _ => Err(Error::invalid("jobId", "Give exactly one of jobId and dataId.").into()),
        }
    }

    /// Takes a file off its job or data, unless a worker has it. It is removed after a day (a setting) unless it is attached
    /// again.
    async fn file_detach(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file.")] input: FileDetachInput,
    ) -> Result<FileDetachPayload> {
        let (app, viewer) = asked(ctx)?;
        payload(domain::file::detach(app, viewer, id::uid(Kind::File, "fileId", &input.file_id)?).await)
    }

    /// Removes a file for good, unless it is of a job that a worker has.
    async fn file_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file.")] input: FileDeleteInput,
    ) -> Result<FileDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        payload(domain::file::delete(app, viewer, id::uid(Kind::File, "fileId", &input.file_id)?).await)
    }
}

fn payload<P: From<File>>(row: crate::error::Result<file::Model>) -> Result<P> {
    Ok(File(Arc::new(row?)).into())
}

//! What comes back: transcripts to people, recordings to runners.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::jobs::no_job;
use super::runners::fetch;
use super::users::operation;
use super::{Answer, Told};
use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::compat::project_w::auth::{Person, Worker};
use crate::compat::project_w::envelope::{ErrorType, Refusal, WorkerRefusal};
use crate::compat::project_w::form::Query;
use crate::compat::project_w::json::{reply, write_text};
use crate::compat::project_w::wire::{Job, Owner, Parameters};
use crate::domain::file;
use crate::domain::job::is_of_project_w;
use crate::error::Code;

operation!(SHOW_TRANSCRIPT, "ProjectW_ShowTranscript", "show_transcript", Found);
operation!(MARK_DOWNLOADED, "ProjectW_MarkDownloaded", "mark_downloaded");

/// See [`SHOW_TRANSCRIPT`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Found {
    job: Option<Job>,
}

pub(in crate::compat::project_w) async fn download(person: Person, query: Query) -> Answer {
    let raw = query.fields.required("jobId")?;
    let Ok(number) = raw.trim().parse::<i32>() else { return Err(no_job(raw)) };
    let found = match SHOW_TRANSCRIPT.run(&person.0, json!({ "number": number })).await {
        Ok(found) => found.job.filter(|job| Owner::is(job.owner.as_ref())),
        Err(failure) if failure.code == Code::NotFound => None,
        Err(failure) => return Err(failure.into()),
    };
    let Some(job) = found else { return Err(absent(&person, raw, number).await?) };
    if let Some(error) = job.error() {
        return Err(Refusal::new(ErrorType::Operation, error));
    }
    if !job.is_over() {
        return Err(Refusal::new(ErrorType::Operation, "Job isn't done yet"));
    }
    if job.downloaded_at.is_none() && !query.only_head {
        MARK_DOWNLOADED.run(&person.0, json!({ "input": { "jobId": job.id } })).await?;
    }
    let transcript = job.results.and_then(|results| results.transcript).unwrap_or_default();
    Ok(reply(&json!({ "msg": "Returning transcript of job {job_id}", "transcript": transcript })))
}

/// As the old server, this tells everybody which jobs there are.
async fn absent(person: &Person, raw: &str, number: i32) -> Result<Refusal, Refusal> {
    let is_there = is_of_project_w(person.0.app(), number.into()).await.map_err(Failure::from)?;
    if person.is_admin() || !is_there {
        return Ok(no_job(raw));
    }
    Ok(Refusal::forbidden("You don't have permission to access this job"))
}

/// What a job was submitted with, and how many bytes its recording has, and those.
type Recording = (Parameters, u64, BoxStream<'static, std::io::Result<Bytes>>);

/// The recording that is assigned to a runner. A job that came in by GraphQL may have none.
async fn recording(worker: &Worker) -> Result<Recording, WorkerRefusal> {
    let (call, job) = (&worker.0, fetch(worker).await?);
    let Some(file) = job.files.nodes.into_iter().next() else {
        return Ok((job.parameters, 0, stream::empty().boxed()));
    };
    let (_, uid) = crate::graphql::id::parse(&file.id).ok_or_else(|| WorkerRefusal::new("No job available!"))?;
    let served = file::open(call.app(), call.viewer(), uid).await.map_err(Failure::from)?;
    let bytes = file::content(call.app(), &served, 0..served.size).await.map_err(Failure::from)?;
    Ok((job.parameters, served.size, bytes))
}

pub(in crate::compat::project_w) async fn retrieve_audio(worker: Worker, query: Query) -> Told {
    if query.only_head {
        return Ok(answer(StatusCode::OK, "audio/basic", Body::empty()));
    }
    let (_, size, bytes) = recording(&worker).await?;
    let mut response = answer(StatusCode::OK, "audio/basic", Body::from_stream(bytes));
    response.headers_mut().insert(CONTENT_LENGTH, size.into());
    Ok(response)
}

/// Version 0.1.0 gave everything at once, the recording as base64 inside the JSON. It is written as it is read.
pub(in crate::compat::project_w) async fn retrieve_job(worker: Worker) -> Told {
    let (parameters, _, bytes) = recording(&worker).await?;
    let mut end = "\"".to_owned();
    for (name, value) in [("language", &parameters.language), ("model", &parameters.model)] {
        end.push(',');
        write_text(&mut end, name);
        end.push(':');
        match value {
            Some(value) => write_text(&mut end, value),
            None => end.push_str("null"),
        }
    }
    end.push_str("}\n");
    let piece = |text: &'static str| stream::once(std::future::ready(Ok(Bytes::from_static(text.as_bytes()))));
    let end = stream::once(std::future::ready(Ok(Bytes::from(end))));
    let body = piece("{\"audio\":\"").chain(base64(bytes)).chain(end);
    Ok(answer(StatusCode::OK, "application/json", Body::from_stream(body)))
}

/// Base64 of a stream, three bytes at a time: what is left of a piece goes before the next one.
fn base64(
    bytes: BoxStream<'static, std::io::Result<Bytes>>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    let state = (bytes, Vec::<u8>::new(), false);
    stream::try_unfold(state, |(mut bytes, mut left, over)| async move {
        if over {
            return Ok(None);
        }
        let next = bytes.try_next().await?;
        let over = next.is_none();
        left.extend_from_slice(&next.unwrap_or_default());
        let whole = if over { left.len() } else { left.len() / 3 * 3 };
        let text = STANDARD.encode(&left[..whole]);
        left.drain(..whole);
        Ok(Some((Bytes::from(text), (bytes, left, over))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn base64_of_pieces_is_that_of_the_whole() {
        let pieces = ["a", "bcde", "", "f", "ghijk"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        let text: Vec<Bytes> = base64(stream::iter(pieces).boxed()).try_collect().await.expect("bytes");
        assert_eq!(text.concat(), STANDARD.encode("abcdefghijk").into_bytes());
    }
}

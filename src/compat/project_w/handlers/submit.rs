//! Bringing a recording: its bytes go to the store as they come, and become a job's input in the transaction that makes
//! the job.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::multipart::{Field, Multipart};
use axum::response::Response;
use futures_util::{Stream, TryStreamExt, stream::try_unfold};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::Answer;
use crate::compat::disposition::Disposition;
use crate::compat::project_w::auth::Person;
use crate::compat::project_w::envelope::{ErrorType, Refusal};
use crate::compat::project_w::form::{Fields, parts};
use crate::compat::project_w::incoming::{Between, Bounds, bounded};
use crate::compat::project_w::json::reply;
use crate::compat::{Call, Failure};
use crate::domain::file::{self, Arrived, NewFile};
use crate::domain::job::{NewJob, submit_with};
use crate::domain::service::of_project_w;
use crate::error::Error;

/// Bytes of a text beside the recording, which is shown as often.
const TEXT_BYTES: usize = 4_096;
/// Bytes of the name of a recording. It is shown with its job, however often one asks for that at once.
const NAME_BYTES: usize = 4_096;
/// Texts of one form; there are two that mean something.
const TEXTS: usize = 20;
/// Bytes of a form beside the recording.
const BESIDE: u64 = 2_097_152;

pub(in crate::compat::project_w) async fn submit(person: Person, request: Request) -> Answer {
    if person.user().is_none_or(|user| user.user.is_unverified()) {
        return Err(Refusal::forbidden(
            "Your account is not activated. Please activate your user account to use this feature.",
        ));
    }
    let (parts_of, body) = request.into_parts();
    let between = Between::default();
    let body = bounded(body, bounds(&person.0), &between);
    let Some(form) = parts(&parts_of.headers, body).await else { return Err(Refusal::missing("file")) };
    // A task of its own: when the client goes, this future is dropped where it stands, and nobody would clear up.
    let finishing = person.0.app().finishing.clone();
    let submitted = finishing.spawn(async move { receive(&person.0, form, &between).await }).await;
    submitted.map_err(|error| Refusal::from(Failure::from(Error::internal(error))))?
}

/// The bounds in time and bytes that other uploads have.
fn bounds(call: &Call) -> Bounds {
    let files = &call.app().config.files;
    Bounds {
        pause: call.http().config.body,
        end: Instant::now() + Duration::from_secs(files.upload_seconds.into()),
        bytes: files.upload_bytes.saturating_add(BESIDE),
    }
}

/// Reads the form to its end.
async fn receive(call: &Call, mut form: Multipart, between: &Between) -> Answer {
    let mut fields = Fields::default();
    let mut arrived: Option<(String, Arrived)> = None;
    let read = read(call, &mut form, between, &mut fields, &mut arrived).await;
    let (name, file) = match (read, arrived) {
        (Ok(()), Some(arrived)) => arrived,
        (Ok(()), None) => return Err(Refusal::missing("file")),
        (Err(refusal), arrived) => {
            if let Some((_, file)) = arrived {
                file::forsake(call.app(), file).await;
            }
            return Err(refusal);
        }
    };
    let service = match of_project_w(call.app()).await {
        Ok(service) => service.uid,
        Err(error) => {
            file::forsake(call.app(), file).await;
            return Err(Failure::from(error).into());
        }
    };
    let new = new_job(service, &name, fields);
    let submitted = submit_with(call.app(), call.viewer(), new, file).await.map_err(Failure::from)?;
    Ok(told(submitted.dialect_number))
}

fn told(number: Option<i64>) -> Response {
    reply(&json!({ "jobId": number, "msg": "Job successfully submitted" }))
}

fn new_job(service_id: Uuid, name: &str, mut fields: Fields) -> NewJob {
    let text = |value: Option<String>| value.map_or(Value::Null, Value::String);
    let (model, language) = (text(fields.take("model")), text(fields.take("language")));
    let parameters = json!({ "fileName": name, "model": model, "language": language });
    NewJob { service_id, parameters, ..NewJob::default() }
}

async fn read(
    call: &Call,
    form: &mut Multipart,
    between: &Between,
    fields: &mut Fields,
    arrived: &mut Option<(String, Arrived)>,
) -> Result<(), Refusal> {
    let mut texts = 0;
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        between.ends();
        let Disposition { name, file_name } = Disposition::of(field.headers());
        let name = name.unwrap_or_default();
        match file_name {
            Some(file_name) if name == "file" && arrived.is_none() => {
                if file_name.len() > NAME_BYTES {
                    let msg = format!("The name of the file is longer than {NAME_BYTES} bytes");
                    return Err(Refusal::new(ErrorType::InvalidRequest, msg));
                }
                let file = store(call, &file_name, field).await?;
                *arrived = Some((file_name, file));
            }
            // Nobody asked for it.
            Some(_) => field.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(|error| broken(&error))?,
            None if texts == TEXTS => {
                return Err(Refusal::new(ErrorType::InvalidRequest, "The form has too many fields"));
            }
            None => {
                texts += 1;
                let text = text(field).await?;
                if call.route().reads_form(&name) {
                    fields.put(name, text);
                }
            }
        }
        between.begins();
    }
    Ok(())
}

/// The recording, in the store and not yet anything's.
async fn store(call: &Call, name: &str, field: Field<'_>) -> Result<Arrived, Refusal> {
    let media_type = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let most = call.app().config.files.upload_bytes;
    let new = NewFile { name: safe(name), media_type, announced: None, lease_token: None };
    let new =
        if file::is_proper(&new) { new } else { NewFile { media_type: "application/octet-stream".into(), ..new } };
    let mut too_large = false;
    let mut broken_off = None;
    let bytes = content(field, most, &mut too_large, &mut broken_off);
    let received = file::receive(call.app(), call.viewer(), new, Box::pin(bytes)).await;
    match received {
        Ok(arrived) => Ok(arrived),
        Err(_) if too_large => Err(Refusal::new(
            ErrorType::InvalidRequest,
            format!("The file is larger than {most} bytes, which is the most that this server takes."),
        )
        .with_status(axum::http::StatusCode::PAYLOAD_TOO_LARGE)),
        Err(error) => Err(broken_off.unwrap_or_else(|| Failure::from(error).into())),
    }
}

/// The bytes of a part, as long as there are not too many.
fn content<'a>(
    field: Field<'a>,
    most: u64,
    too_large: &'a mut bool,
    broken_off: &'a mut Option<Refusal>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
    let state = (field, 0_u64, too_large, broken_off);
    try_unfold(state, move |(mut field, before, too_large, broken_off)| async move {
        let refuse = || Error::BadRequest("The body did not arrive.".to_owned());
        match field.chunk().await {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => {
                let so_far = before + bytes.len() as u64;
                if so_far > most {
                    *too_large = true;
                    return Err(refuse());
                }
                Ok(Some((bytes, (field, so_far, too_large, broken_off))))
            }
            Err(error) => {
                *broken_off = Some(broken(&error));
                Err(refuse())
            }
        }
    })
}

/// A name that a file can have: the old server kept any. The job's parameters keep it as it came.
fn safe(name: &str) -> String {
    let harmless = |c: char| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c };
    let name: String = name.chars().map(harmless).collect();
    let end = name.floor_char_boundary(255);
    match &name[..end] {
        "" | "." | ".." => "recording".to_owned(),
        name => name.to_owned(),
    }
}

async fn text(mut field: Field<'_>) -> Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > TEXT_BYTES {
            let msg = format!("A text of the form is longer than {TEXT_BYTES} bytes");
            return Err(Refusal::new(ErrorType::InvalidRequest, msg));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn broken(error: &axum::extract::multipart::MultipartError) -> Refusal {
    tracing::debug!(%error, "a form broke off");
    Refusal::new(ErrorType::InvalidRequest, "The form is not complete, or is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_that_a_file_can_have() {
        for (given, stored) in
            [("a.mp3", "a.mp3"), ("../b c.mp3", ".._b c.mp3"), ("", "recording"), ("..", "recording")]
        {
            assert_eq!(safe(given), stored);
        }
        assert_eq!(safe(&"ü".repeat(200)).len(), 254);
    }
}

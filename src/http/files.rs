//! Bytes in and out: `PUT /files/{name}`, `GET /files/{id}`, and jobs' logs and results as files.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::client::RequestInfo;
use super::credential::credential;
use super::negotiate::Media;
use super::ranged::{Wanted, wanted};
use super::reply::{self, Refusal};
use super::state::Shared;
use super::{body, operation, site};
use crate::app::App;
use crate::domain::file::{self, NewFile, Served};
use crate::error::{Code, Error, Result as Outcome};
use crate::graphql::id::{self, Kind};
use crate::viewer::Viewer;

/// Where a worker shows the lease of the job whose output it brings. Not in the address, which is logged.
const LEASE: HeaderName = HeaderName::from_static("docket-lease");

type Name = Result<Path<String>, PathRejection>;

/// Brings a file.
pub(super) async fn upload(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    name: Name,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match receive(&state, name, &parts, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.closing().respond(&info.id, Media::Json),
    }
}

async fn receive(state: &Shared, name: Name, parts: &Parts, body: Body) -> Result<Response, Refusal> {
    let expects = parts.headers.contains_key("expect");
    let (app, viewer, new) = match prepare(state, name, parts).await {
        Ok(prepared) => prepared,
        Err(refusal) => {
            if !expects {
                body::discard(body).await;
            }
            return Err(refusal);
        }
    };
    let bytes = Incoming::new(body, &app, state.config.body, new.announced);
    let trouble = Arc::clone(&bytes.trouble);
    // A task of its own: when the client goes, this future is dropped where it stands, and nobody would clear up.
    let upload = state.tasks.spawn(async move { file::upload(&app, &viewer, new, Box::pin(bytes.stream())).await });
    let uploaded = match upload.await.map_err(|error| Refusal::from(Error::internal(error)))? {
        Ok(uploaded) => uploaded,
        Err(error) => {
            let told = trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Err(told.unwrap_or_else(|| error.into()));
        }
    };
    let id = Kind::File.id(uploaded.uid);
    let answer = json!({ "id": id, "size": uploaded.size, "sha256": uploaded.sha256 });
    let mut response = reply::json(StatusCode::CREATED, Media::Json, answer.to_string());
    if let Ok(location) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn prepare(state: &Shared, name: Name, parts: &Parts) -> Result<(App, Viewer, NewFile), Refusal> {
    let app = serving(state)?;
    site::require_own(parts, &state.config)?;
    let Ok(Path(name)) = name else {
        return Err(Refusal::bad_request("The name in the address is not UTF-8."));
    };
    let viewer = operation::authenticate(state, credential(state, &parts.headers).await?).await?;
    let text = |name: &HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
    let announced = text(&CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let most = app.config.files.upload_bytes;
    if announced.is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let media_type = text(&CONTENT_TYPE).unwrap_or_else(|| "application/octet-stream".to_owned());
    let new = NewFile { name, media_type, announced, lease_token: text(&LEASE) };
    Ok((app.clone(), viewer, new))
}

fn serving(state: &Shared) -> Result<&App, Refusal> {
    state.files.as_ref().ok_or_else(|| Error::NotFound("file").into())
}

fn too_large(most: u64) -> Refusal {
    let message = format!("The file is larger than {most} bytes.");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, message)
}

/// A body on its way, with its bounds.
struct Incoming {
    body: Body,
    /// Bytes that it may have.
    most: u64,
    announced: Option<u64>,
    /// Within which something must arrive.
    pause: Duration,
    end: Instant,
    arrived: u64,
    /// What was wrong with it, in words of HTTP.
    trouble: Arc<Mutex<Option<Refusal>>>,
}

impl Incoming {
    fn new(body: Body, app: &App, pause: Duration, announced: Option<u64>) -> Self {
        let files = &app.config.files;
        let end = Instant::now() + Duration::from_secs(files.upload_seconds.into());
        Self { body, most: files.upload_bytes, announced, pause, end, arrived: 0, trouble: Arc::default() }
    }

    fn stream(self) -> impl Stream<Item = Outcome<Bytes>> + Send {
        stream::try_unfold(self, |mut incoming| async move {
            match incoming.next().await {
                Ok(bytes) => Ok(bytes.map(|bytes| (bytes, incoming))),
                Err(refusal) => {
                    *incoming.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                    Err(Error::BadRequest("The body did not arrive.".to_owned()))
                }
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let pause = self.pause.min(self.end.saturating_duration_since(Instant::now()));
            let late = |_| {
                let message = "The body did not arrive in time.";
                Refusal::new(StatusCode::REQUEST_TIMEOUT, Code::BadRequest, message)
            };
            let Some(frame) = timeout(pause, self.body.frame()).await.map_err(late)? else {
                return self.whole();
            };
            let frame = frame.map_err(|_| Refusal::bad_request("The body broke off."))?;
            let Ok(bytes) = frame.into_data() else { continue };
            self.arrived += bytes.len() as u64;
            if self.arrived > self.most {
                return Err(too_large(self.most));
            }
            return Ok(Some(bytes));
        }
    }

    fn whole(&self) -> Result<Option<Bytes>, Refusal> {
        match self.announced {
            Some(announced) if announced != self.arrived => {
                Err(Refusal::bad_request(format!("{announced} bytes were announced and {} came.", self.arrived)))
            }
            _ => Ok(None),
        }
    }
}

/// Gives a file out.
pub(super) async fn download(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    id: Name,
    request: Request,
) -> Response {
    let uid = uid(Kind::File, id).ok_or(Error::NotFound("file"));
    give(&state, &info, request, uid, |app, viewer, uid| Box::pin(file::open(app, viewer, uid))).await
}

/// Gives a job's log out.
pub(super) async fn log(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    id: Name,
    request: Request,
) -> Response {
    let uid = uid(Kind::Job, id).ok_or(Error::NotFound("job"));
    give(&state, &info, request, uid, |app, viewer, uid| Box::pin(file::log(app, viewer, uid))).await
}

/// Gives a job's results out.
pub(super) async fn results(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    id: Name,
    request: Request,
) -> Response {
    let uid = uid(Kind::Job, id).ok_or(Error::NotFound("job"));
    give(&state, &info, request, uid, |app, viewer, uid| Box::pin(file::results(app, viewer, uid))).await
}

/// Finds what is asked for, for whoever asks, and gives it out.
async fn give<F>(state: &Shared, info: &RequestInfo, request: Request, uid: Outcome<Uuid>, find: F) -> Response
where
    F: for<'a> FnOnce(&'a App, &'a Viewer, Uuid) -> BoxFuture<'a, Outcome<Served>> + Send,
{
    let (parts, _) = request.into_parts();
    let found = async {
        let (app, viewer) = asking(state, &parts).await?;
        send(app, find(app, &viewer, uid?).await?, &parts, "attachment").await
    };
    found.await.unwrap_or_else(|refusal: Refusal| refusal.respond(&info.id, Media::Json))
}

/// Neither GET nor HEAD nor PUT.
pub(super) async fn method_not_allowed(Extension(info): Extension<RequestInfo>, method: Method) -> Response {
    let message = format!("{method} is not possible here: PUT brings a file, GET gives it out.");
    Refusal::method("GET, HEAD, PUT", message).closing().respond(&info.id, Media::Json)
}

async fn asking<'a>(state: &'a Shared, parts: &Parts) -> Result<(&'a App, Viewer), Refusal> {
    let app = serving(state)?;
    Ok((app, operation::authenticate(state, credential(state, &parts.headers).await?).await?))
}

fn uid(kind: Kind, id: Name) -> Option<Uuid> {
    let Path(id) = id.ok()?;
    id::parse(&id).filter(|(found, _)| *found == kind).map(|(_, uid)| uid)
}

/// Answers GET and HEAD with the bytes that are asked for. `disposition` says whether a browser is to store them
/// (`attachment`) or may show them (`inline`).
pub async fn send(app: &App, served: Served, parts: &Parts, disposition: &'static str) -> Result<Response, Refusal> {
    let tag = format!("\"{}\"", served.tag);
    let wanted = wanted(&parts.method, &parts.headers, served.size, &tag);
    let range = match &wanted {
        Wanted::Whole => Some(0..served.size),
        Wanted::Part(range) => Some(range.clone()),
        Wanted::Nothing | Wanted::Known => None,
    };
    let body = match &range {
        Some(range) if parts.method == Method::GET => {
            Body::from_stream(file::content(app, &served, range.clone()).await?)
        }
        _ => Body::empty(),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    describe(headers, &served, &tag);
    insert(headers, CONTENT_DISPOSITION, &named(disposition, &served.name));
    if let Some(range) = range {
        headers.insert(CONTENT_LENGTH, (range.end - range.start).into());
    }
    *response.status_mut() = match wanted {
        Wanted::Whole => StatusCode::OK,
        Wanted::Known => StatusCode::NOT_MODIFIED,
        Wanted::Part(range) => {
            insert(headers, CONTENT_RANGE, &format!("bytes {}-{}/{}", range.start, range.end - 1, served.size));
            StatusCode::PARTIAL_CONTENT
        }
        Wanted::Nothing => {
            insert(headers, CONTENT_RANGE, &format!("bytes */{}", served.size));
            StatusCode::RANGE_NOT_SATISFIABLE
        }
    };
    Ok(response)
}

/// What a browser makes of the bytes is bounded, whatever they are: it stores them, and where it shows them they can do
/// nothing.
fn describe(headers: &mut HeaderMap, served: &Served, tag: &str) {
    insert(headers, CONTENT_TYPE, &served.media_type);
    insert(headers, ETAG, tag);
    if let Some(at) = served.modified {
        insert(headers, LAST_MODIFIED, &at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    for (name, value) in [
        (ACCEPT_RANGES, "bytes"),
        (CACHE_CONTROL, "private, no-cache"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The name in two spellings (RFC 6266): letters that every client takes, and the real one, with everything escaped that
/// is not a letter, a digit or harmless.
fn named(disposition: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let mut escaped = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    format!("{disposition}; filename=\"{plain}\"; filename*=UTF-8''{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(named("attachment", "a b.csv"), "attachment; filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv");
        assert_eq!(
            named("inline", "ü\";x=\r\n.exe"),
            "inline; filename=\"___x___.exe\"; filename*=UTF-8''%C3%BC%22%3Bx%3D%0D%0A.exe"
        );
    }
}

//! Where the old server looked for parameters: in the query of a GET, and in the form of a POST, urlencoded or multipart.
//! A parameter elsewhere is missing, and so is one that the route does not list.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::envelope::Refusal;
use crate::compat::disposition::Disposition;
use crate::compat::{Call, Failure};

/// Bytes of a form that carries no transcript.
const FORM_BYTES: usize = 1_048_576;

/// Bytes of the type of a form, which says what stands between its parts.
const CONTENT_TYPE_BYTES: usize = 1_024;

/// Named texts. Of several with one name the first counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    fn urlencoded(bytes: &[u8], is_read: impl Fn(&str) -> bool) -> Self {
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(bytes).filter(|(name, _)| is_read(name)) {
            fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(fields)
    }

    /// A parameter that is there, even if it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that is there and not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    pub(super) fn put(&mut self, name: String, value: String) {
        self.0.entry(name).or_insert(value);
    }
}

/// The query, and whether the request only asks what would come (HEAD), which changes nothing.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub fields: Fields,
    pub only_head: bool,
}

impl FromRequestParts<()> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, (): &()) -> Result<Self, Self::Rejection> {
        let call = parts.extensions.get::<Call>();
        let is_read = |name: &str| call.is_some_and(|call| call.route().reads_query(name));
        let fields = Fields::urlencoded(parts.uri.query().unwrap_or_default().as_bytes(), is_read);
        Ok(Self { fields, only_head: parts.method == Method::HEAD })
    }
}

/// The form of a request.
pub(super) async fn form(call: &Call, request: Request) -> Result<Fields, Failure> {
    form_within(call, request, FORM_BYTES).await
}

/// The same with another bound, in bytes.
pub(super) async fn form_within(call: &Call, request: Request, limit: usize) -> Result<Fields, Failure> {
    let content_type = content_type(request.headers()).to_owned();
    let headers = request.headers().clone();
    let body = call.body(request, limit).await?;
    match content_type.as_str() {
        "application/x-www-form-urlencoded" => Ok(Fields::urlencoded(&body, |name| call.route().reads_form(name))),
        "multipart/form-data" => Ok(multipart(call, &headers, body).await),
        // JSON, for example, was never read.
        _ => Ok(Fields::default()),
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// The texts of a multipart form; its files are none. What cannot be read ends it, and what is missing then is missing.
async fn multipart(call: &Call, headers: &HeaderMap, body: Bytes) -> Fields {
    let mut fields = Fields::default();
    let Some(mut parts) = parts(headers, body.into()).await else { return fields };
    while let Ok(Some(field)) = parts.next_field().await {
        let Disposition { name, file_name } = Disposition::of(field.headers());
        let name = name.unwrap_or_default();
        if file_name.is_some() || !call.route().reads_form(&name) {
            continue;
        }
        let Ok(value) = field.bytes().await else { break };
        fields.put(name, String::from_utf8_lossy(&value).into_owned());
    }
    fields
}

/// The parts of a multipart body of any size.
pub(super) async fn parts(headers: &HeaderMap, body: axum::body::Body) -> Option<Multipart> {
    // The boundary is sought in every piece of the body: a long one would make that expensive.
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.len() > CONTENT_TYPE_BYTES) {
        return None;
    }
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.headers_mut() = headers.clone();
    DefaultBodyLimit::disable().apply(&mut request);
    Multipart::from_request(request, &()).await.ok()
}

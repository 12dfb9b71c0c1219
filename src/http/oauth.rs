//! OAuth 2 for programs: `/oauth/token`, `/oauth/introspect`, `/oauth/revoke`, and the page that says where they are
//! (RFC 6749, 7662, 7009, 8414). They take forms and nothing else, and answer errors in the words of RFC 6749, 5.2.

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::client::RequestInfo;
use super::credential::credential;
use super::negotiate::Media;
use super::reply::{self, Refusal as HttpRefusal};
use super::state::Shared;
use super::{Origin, body, operation};
use crate::app::App;
use crate::domain::oauth::{self, Asker, CLIENT_PREFIX, ClientLogin, Failure, Grant, Refusal};
use crate::error::Error;
use crate::origin::Via;
use crate::viewer::{Permission, Viewer};

/// Fields of a form at most; none of these requests has more than six.
const FIELDS: usize = 20;

/// Gives a client a token.
pub(super) async fn token(state: State<Shared>, info: Extension<RequestInfo>, request: Request) -> Response {
    answer(&state, &info, request, Route::Token).await
}

/// Says what a token opens.
pub(super) async fn introspect(state: State<Shared>, info: Extension<RequestInfo>, request: Request) -> Response {
    answer(&state, &info, request, Route::Introspect).await
}

/// Ends a token.
pub(super) async fn revoke(state: State<Shared>, info: Extension<RequestInfo>, request: Request) -> Response {
    answer(&state, &info, request, Route::Revoke).await
}

#[derive(Clone, Copy)]
enum Route {
    Token,
    Introspect,
    Revoke,
}

/// What did not come to an answer of its own.
enum Trouble {
    /// In the words of OAuth.
    OAuth(Failure),
    /// In those of HTTP: a body that is too large, a method that is not there.
    Http(HttpRefusal),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::OAuth(failure)
    }
}

impl From<HttpRefusal> for Trouble {
    fn from(refusal: HttpRefusal) -> Self {
        Self::Http(refusal)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::OAuth(error.into())
    }
}

async fn answer(state: &Shared, info: &RequestInfo, request: Request, route: Route) -> Response {
    let (parts, body) = request.into_parts();
    let by_header = parts.headers.contains_key(AUTHORIZATION);
    let done = match route {
        Route::Token => get_token(state, info, &parts, body).await,
        Route::Introspect => look_at(state, info, &parts, body).await,
        Route::Revoke => end(state, info, &parts, body).await,
    };
    match done {
        Ok(answer) => told(StatusCode::OK, &answer),
        Err(Trouble::OAuth(failure)) => refused(failure, by_header),
        Err(Trouble::Http(refusal)) => refusal.respond(&info.id, Media::Json),
    }
}

/// RFC 6749, 5.1: no cache keeps a token.
fn told(status: StatusCode, answer: &Value) -> Response {
    let mut response = reply::json(status, Media::Json, answer.to_string());
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// RFC 6749, 5.2. What is not the client's fault has the word that 4.1.2.1 has for it.
fn refused(failure: Failure, by_header: bool) -> Response {
    let (status, word, text, wait) = match failure {
        Failure::Refused(refusal, text) => {
            let status =
                if refusal == Refusal::InvalidClient { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            (status, refusal.word(), text, None)
        }
        Failure::Failed(error) => {
            if let Error::Internal(cause) = &error {
                tracing::error!(cause, "an OAuth request failed");
            }
            let status = StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let word = if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                "temporarily_unavailable"
            } else {
                Refusal::InvalidRequest.word()
            };
            (status, word, error.to_string(), error.retry_after())
        }
    };
    let mut response = told(status, &json!({ "error": word, "error_description": text }));
    if status == StatusCode::UNAUTHORIZED {
        let scheme = if by_header { "Basic realm=\"docket\", charset=\"UTF-8\"" } else { "Basic realm=\"docket\"" };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    if let Some(wait) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

async fn get_token(state: &Shared, info: &RequestInfo, parts: &Parts, body: Body) -> Result<Value, Trouble> {
    let form = Form::read(state, parts, body).await?;
    let grant = match form.required("grant_type")? {
        "client_credentials" => Grant::ClientCredentials,
        "password" => Grant::Password {
            username: form.required("username")?.to_owned(),
            password: form.required("password")?.into(),
        },
        _ => {
            let text = "The grants are client_credentials and, where it is on, password.";
            return Err(Refusal::UnsupportedGrantType.because(text).into());
        }
    };
    let login = form.client(&parts.headers)?.ok_or_else(no_client)?;
    let scope = form.get("scope").map(str::to_owned);
    let issued = oauth::issue(serving(state)?, &via(info), login, grant, scope).await?;
    Ok(json!({
        "access_token": issued.token.expose(),
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "scope": issued.scopes.join(" "),
    }))
}

async fn look_at(state: &Shared, info: &RequestInfo, parts: &Parts, body: Body) -> Result<Value, Trouble> {
    let form = Form::read(state, parts, body).await?;
    let asker = match form.client(&parts.headers) {
        Ok(Some(login)) => Asker::Client(login),
        // RFC 7662, 2.1: or with a token of one's own.
        Ok(None) => match operation::authenticate(state, credential(state, &parts.headers).await?).await? {
            Viewer::Anonymous => return Err(no_client().into()),
            viewer => Asker::Viewer(viewer),
        },
        Err(failure) => return Err(failure.into()),
    };
    let found = oauth::introspect(serving(state)?, &via(info), asker, form.required("token")?).await?;
    let Some(found) = found else { return Ok(json!({ "active": false })) };
    let mut answer = json!({
        "active": true,
        "scope": found.scopes.join(" "),
        "username": found.username,
        "token_type": "Bearer",
        "sub": found.user,
        "iat": found.created_at,
        "iss": state.config.public_url,
    });
    if let Some(client) = found.client {
        answer["client_id"] = json!(format!("{CLIENT_PREFIX}{}", client.simple()));
    }
    if let Some(end) = found.expires_at {
        answer["exp"] = json!(end);
    }
    Ok(answer)
}

async fn end(state: &Shared, info: &RequestInfo, parts: &Parts, body: Body) -> Result<Value, Trouble> {
    let form = Form::read(state, parts, body).await?;
    let login = form.client(&parts.headers)?.ok_or_else(no_client)?;
    oauth::revoke(serving(state)?, &via(info), &login, form.required("token")?).await?;
    Ok(json!({}))
}

fn no_client() -> Failure {
    Refusal::InvalidClient.because("Send the client's id and secret, by HTTP Basic or in the form.")
}

fn via(info: &RequestInfo) -> Via {
    Via { origin: Origin::GraphQl, client: info.client.clone() }
}

fn serving(state: &Shared) -> Result<&App, Error> {
    state.files.as_ref().ok_or(Error::NotFound("page"))
}

/// The fields of a form, each once.
struct Form(Vec<(String, String)>);

impl Form {
    async fn read(state: &Shared, parts: &Parts, body: Body) -> Result<Self, Trouble> {
        if parts.method != Method::POST {
            return Err(HttpRefusal::method("POST", "Send a form with POST.").closing().into());
        }
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            let text = "The body must be a form: application/x-www-form-urlencoded.";
            return Err(Refusal::InvalidRequest.because(text).into());
        }
        let body = body::read(&parts.headers, body, &state.config).await?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(&body) {
            if fields.len() == FIELDS || fields.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::InvalidRequest.because("A field is given twice, or there are too many.").into());
            }
            // RFC 6749, 3.2: a field without a value counts as left out.
            if !value.is_empty() {
                fields.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Refusal::InvalidRequest.because(format!("The field {name} is missing.")))
    }

    /// RFC 6749, 2.3.1: HTTP Basic, or the form; one of them. None when neither says anything.
    fn client(&self, headers: &HeaderMap) -> Result<Option<ClientLogin>, Failure> {
        let in_form = (self.get("client_id"), self.get("client_secret"));
        match (basic(headers)?, in_form) {
            (Some(_), (_, Some(_))) => {
                Err(Refusal::InvalidRequest
                    .because("The client's secret is given twice, by HTTP Basic and in the form."))
            }
            (Some(login), (Some(id), None)) if id != login.id => {
                Err(Refusal::InvalidRequest.because("HTTP Basic and client_id name different clients."))
            }
            (Some(login), _) => Ok(Some(login)),
            (None, (Some(id), Some(secret))) => Ok(Some(ClientLogin { id: id.to_owned(), secret: secret.into() })),
            (None, (Some(_), None) | (None, Some(_))) => Err(no_client()),
            (None, (None, None)) => Ok(None),
        }
    }
}

/// The two parts of HTTP Basic, each form-encoded in it; none for another scheme.
fn basic(headers: &HeaderMap) -> Result<Option<ClientLogin>, Failure> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let Some((scheme, told)) = value.to_str().unwrap_or_default().split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let broken = || Refusal::InvalidClient.because("HTTP Basic needs id:secret in base64.");
    let text = STANDARD.decode(told.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(broken)?;
    let (id, secret) = text.split_once(':').ok_or_else(broken)?;
    Ok(Some(ClientLogin { id: decoded(id), secret: decoded(secret).into() }))
}

fn decoded(text: &str) -> String {
    // A text without `=` and `&` is a name without a value.
    form_urlencoded::parse(text.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned())
}

/// RFC 8414: what there is, and where.
pub(super) async fn metadata(State(state): State<Shared>) -> Response {
    let url = &state.config.public_url;
    let on = serving(&state).is_ok_and(|app| app.config.oauth.password_grant);
    let grants: &[&str] = if on { &["client_credentials", "password"] } else { &["client_credentials"] };
    let methods = ["client_secret_basic", "client_secret_post"];
    let answer = json!({
        "issuer": url,
        "token_endpoint": format!("{url}/oauth/token"),
        "token_endpoint_auth_methods_supported": methods,
        "grant_types_supported": grants,
        "response_types_supported": [],
        "scopes_supported": Permission::ALL.map(Permission::scope),
        "introspection_endpoint": format!("{url}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": format!("{url}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
    });
    reply::json(StatusCode::OK, Media::Json, answer.to_string())
}

//! The two pages that mailed links lead to: `/activate?token=` and `/resetPassword?token=`. Plain forms that work without
//! a script. Looking changes nothing, so that whatever follows links by itself (a mail scanner, a preview) uses none up;
//! the form posts the token, and the page runs the same operation as any client.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::client::RequestInfo;
use super::credential::credential;
use super::negotiate::Media;
use super::own::{self, Answer, Errors};
use super::reply::Refusal;
use super::state::Shared;
use super::{body, operation, site};
use crate::error::Code;

/// Nothing but the page itself: no script, this one style, no other host, no frame around it, and forms go to this server
/// only.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;\
     color:#1b1f24;background:#fff}label,input,button{display:block;font:inherit}input{width:100%;box-sizing:border-box;\
     padding:.4rem;margin:.2rem 0 1rem}button{padding:.5rem 1.2rem}[role=alert]{border-left:.3rem solid #b3261e;\
     padding-left:.8rem}@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181b}}";

/// One of the pages.
#[derive(Clone, Copy)]
enum Page {
    Activate,
    ResetPassword,
}

const ACTIVATE: &str = "mutation Http_Activate($input: UserActivateInput!) { \
     userActivate(input: $input) { user { username } } }";
const RESET: &str = "mutation Http_ResetPassword($input: PasswordResetInput!) { \
     passwordReset(input: $input) { user { username } } }";

impl Page {
    const fn title(self) -> &'static str {
        match self {
            Self::Activate => "Confirm your e-mail address",
            Self::ResetPassword => "Set a new password",
        }
    }

    /// Relative, so that the page works under any address that leads to it.
    const fn action(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::ResetPassword => "resetPassword",
        }
    }
}

/// The page to confirm an address.
pub(super) async fn activate(state: State<Shared>, info: Extension<RequestInfo>, request: Request) -> Response {
    serve(&state, &info, Page::Activate, request).await
}

/// The page to set a new password.
pub(super) async fn reset_password(state: State<Shared>, info: Extension<RequestInfo>, request: Request) -> Response {
    serve(&state, &info, Page::ResetPassword, request).await
}

async fn serve(state: &Shared, info: &RequestInfo, page: Page, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match parts.method {
        Method::GET | Method::HEAD => {
            let token = field(parts.uri.query().unwrap_or_default().as_bytes(), "token").unwrap_or_default();
            if token.is_empty() {
                return html(StatusCode::BAD_REQUEST, page, &alert(&["This link is not whole. Was all of it copied?"]));
            }
            html(StatusCode::OK, page, &form(page, &token, &[]))
        }
        Method::POST => {
            let done = async {
                site::require_own(&parts, &state.config)?;
                submit(state, info, page, &parts.headers, body).await
            };
            done.await.unwrap_or_else(|refusal: Refusal| refusal.respond(&info.id, Media::Json))
        }
        _ => Refusal::method("GET, HEAD, POST", "This is a page with a form.").closing().respond(&info.id, Media::Json),
    }
}

async fn submit(
    state: &Shared,
    info: &RequestInfo,
    page: Page,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        let message = "This page takes what its own form sends.";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, message).closing());
    }
    let body = body::read(headers, body, &state.config).await?;
    let token = field(&body, "token").unwrap_or_default();
    let password = field(&body, "newPassword").unwrap_or_default();
    let (document, input) = match page {
        Page::Activate => (ACTIVATE, json!({ "token": token })),
        Page::ResetPassword if field(&body, "again").is_some_and(|again| again != password) => {
            let differ = ["The two passwords differ.".to_owned()];
            return Ok(html(StatusCode::BAD_REQUEST, page, &form(page, &token, &differ)));
        }
        Page::ResetPassword => (RESET, json!({ "token": token, "newPassword": password })),
    };
    // A browser that is logged in stays so: its session is the one that confirms.
    let viewer = operation::authenticate(state, credential(state, headers).await?).await?;
    Ok(match own::run(state, info, viewer, document, json!({ "input": input })).await? {
        Answer::Data(data) => {
            let name = |field: &str| data[field]["user"]["username"].as_str().unwrap_or_default().to_owned();
            let said = match page {
                Page::Activate => {
                    format!("<p>The address of <b>{}</b> is confirmed.</p>", escape(&name("userActivate")))
                }
                Page::ResetPassword => format!(
                    "<p>The password of <b>{}</b> is changed. Log in with the new one; everything that was logged in \
                     before is logged out.</p>",
                    escape(&name("passwordReset"))
                ),
            };
            html(StatusCode::OK, page, &said)
        }
        Answer::Refused(errors) => refused(page, &token, &errors),
    })
}

/// A password that does not fit is asked for again; a link that does not open anything is not.
fn refused(page: Page, token: &str, errors: &Errors) -> Response {
    let messages = errors.messages();
    let about_link = errors.concerns("token") || errors.code() != Some(Code::Invalid);
    let content = match page {
        Page::ResetPassword if !about_link => form(page, token, &messages),
        Page::Activate | Page::ResetPassword => alert(&messages.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    let mut response = html(errors.status(), page, &content);
    if let Some(seconds) = errors.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn form(page: Page, token: &str, wrong: &[String]) -> String {
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    let mut html = alert(&wrong);
    // Writing to a string does not fail.
    let _ = write!(
        html,
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"token\" value=\"{}\">",
        page.action(),
        escape(token)
    );
    html.push_str(match page {
        Page::Activate => "<button>Confirm</button></form>",
        Page::ResetPassword => {
            "<label>New password<input type=\"password\" name=\"newPassword\" autocomplete=\"new-password\" required>\
             </label><label>The same again<input type=\"password\" name=\"again\" autocomplete=\"new-password\" \
             required></label><button>Set it</button></form>"
        }
    });
    html
}

fn alert(messages: &[&str]) -> String {
    if messages.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = messages.iter().map(|message| escape(message)).collect();
    format!("<p role=\"alert\">{}</p>", lines.join("<br>"))
}

fn html(status: StatusCode, page: Page, content: &str) -> Response {
    let title = page.title();
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         {content}</body></html>"
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The first value of a field.
fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Text as text, whatever it holds.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

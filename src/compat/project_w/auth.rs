//! Who asks: a person's program with the token of a log-in, or a runner with its own.
//!
//! Only the header counts. Its faults are told apart as the old server did it, since its web page logs out on some of
//! them: the old tokens were JSON Web Tokens, and what is left of those in browsers gets the answer on which the page
//! logs out.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::envelope::{ErrorType, Refusal, WorkerRefusal};
use crate::compat::surface::Surface;
use crate::compat::{Call, Failure};
use crate::domain::session;
use crate::error::{Code, Error};
use crate::infra::secret::SecretKind;
use crate::viewer::{UserViewer, Viewer};

/// Paths that ask nobody who it is.
const OPEN: [&str; 6] = [
    "/about",
    "/users/signup",
    "/users/activate",
    "/users/login",
    "/users/requestPasswordReset",
    "/users/resetPassword",
];

/// The user or the runner whose token the header carries; anybody else is nobody, and is refused by the handler, in its
/// own words.
pub(super) fn authenticate<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        let token = match parts.uri.path() {
            path if OPEN.contains(&path) => None,
            path if is_runners(path) => runner_token(&parts.headers).ok(),
            _ => user_token(&parts.headers).ok().map(str::to_owned),
        };
        let Some(token) = token else { return Ok(Viewer::Anonymous) };
        match (surface.http.authenticate)(Some(token)).await {
            Ok(viewer) => Ok(viewer),
            Err(error) if error.code() == Code::Unauthenticated => Ok(Viewer::Anonymous),
            Err(error) => Err(error.into()),
        }
    }
    .boxed()
}

fn is_runners(path: &str) -> bool {
    path.starts_with("/runners/") && path != "/runners/create"
}

/// Somebody's program: what its handlers take first. The check comes before all others.
#[derive(Debug)]
pub(super) struct Person(pub Call);

impl Person {
    pub(super) fn user(&self) -> Option<&UserViewer> {
        match self.0.viewer() {
            Viewer::User(user) => Some(user),
            Viewer::Anonymous | Viewer::Runner(_) | Viewer::Operator => None,
        }
    }

    pub(super) fn is_admin(&self) -> bool {
        self.0.viewer().is_admin()
    }

    /// The caller's own address.
    pub(super) fn email(&self) -> String {
        self.user().and_then(|user| user.user.email.clone()).unwrap_or_default()
    }
}

impl FromRequestParts<()> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &()) -> Result<Self, Refusal> {
        let call = call(parts, state).await?;
        if matches!(call.viewer(), Viewer::User(_)) {
            return Ok(Self(call));
        }
        let token = user_token(&parts.headers)?;
        let refuse = |status, msg: &str| Refusal::new(ErrorType::Auth, msg).with_status(status);
        if session::is_over(call.app(), token).await.map_err(Failure::from)? {
            return Err(refuse(StatusCode::UNAUTHORIZED, "Token has expired"));
        }
        let known_shape = crate::infra::secret::looks_like_token(token) || token.split('.').count() == 3;
        let msg = if known_shape { "Signature verification failed" } else { "Not enough segments" };
        Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, msg))
    }
}

async fn call(parts: &mut Parts, state: &()) -> Result<Call, Failure> {
    let call = <Call as FromRequestParts<()>>::from_request_parts(parts, state).await;
    call.map_err(|_| Error::internal("a handler was reached without a call").into())
}

/// The token in the header, or what is wrong with that.
fn user_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let refuse = |status, msg: &str| Refusal::new(ErrorType::Auth, msg).with_status(status);
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
    let header = header.trim().trim_matches(',');
    if header.is_empty() {
        return Err(refuse(StatusCode::UNAUTHORIZED, "Missing Authorization Header"));
    }
    let bearer = header.split(',').map(str::trim).find(|field| field.split_whitespace().next() == Some("Bearer"));
    let Some(bearer) = bearer else {
        let msg = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'";
        return Err(refuse(StatusCode::UNAUTHORIZED, msg));
    };
    let mut words = bearer.split_whitespace().skip(1);
    let (Some(token), None) = (words.next(), words.next()) else {
        let msg = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'";
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, msg));
    };
    Ok(token)
}

/// A runner: what its handlers take first.
#[derive(Debug)]
pub(super) struct Worker(pub Call);

impl FromRequestParts<()> for Worker {
    type Rejection = WorkerRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &()) -> Result<Self, WorkerRefusal> {
        let call = call(parts, state).await?;
        if matches!(call.viewer(), Viewer::Runner(_)) {
            return Ok(Self(call));
        }
        runner_token(&parts.headers)?;
        Err(WorkerRefusal::new("No runner with that token exists!"))
    }
}

/// The token in the header, as docket spells it. The old ones had no prefix; what comes after one is not looked at.
fn runner_token(headers: &HeaderMap) -> Result<String, WorkerRefusal> {
    let header = headers.get(AUTHORIZATION);
    let header = header.ok_or_else(|| WorkerRefusal::new("No Authorization header provided!"))?;
    let token = header.to_str().ok().and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let end = token.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(token.len());
    match &token[..end] {
        "" => Err(WorkerRefusal::new("Invalid Authorization header!")),
        token if token.starts_with(SecretKind::Runner.prefix()) => Ok(token.to_owned()),
        token => Ok(format!("{}{token}", SecretKind::Runner.prefix())),
    }
}

/// A runner's token as the old server gave them out: 43 letters of base64.
pub(super) fn shown(token: &str) -> &str {
    token.strip_prefix(SecretKind::Runner.prefix()).unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().expect("a header value"));
        headers
    }

    #[test]
    fn runners_tokens_are_read_with_and_without_a_prefix_and_with_junk_after_them() {
        for (given, read) in
            [("Bearer abc", "dkr_abc"), ("Bearer dkr_abc", "dkr_abc"), ("Bearer a-_b!junk", "dkr_a-_b")]
        {
            assert_eq!(runner_token(&headers(given)).expect("a token"), read);
        }
        for given in ["Bearer ", "Bearer !", "Basic abc", "bearer abc", ""] {
            assert!(runner_token(&headers(given)).is_err(), "{given}");
        }
        assert_eq!(shown("dkr_abc"), "abc");
    }

    #[test]
    fn a_users_token_stands_alone_after_the_word() {
        assert_eq!(user_token(&headers("Bearer abc")).expect("a token"), "abc");
        assert_eq!(user_token(&headers("Basic x, Bearer abc")).expect("a token"), "abc");
        for given in ["Bearer", "Bearer a b", "bearer abc", "Basic abc", "abc", ","] {
            assert!(user_token(&headers(given)).is_err(), "{given}");
        }
    }
}

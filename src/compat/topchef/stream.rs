//! A list that is written while it is read: the answer around it first up to its place, then page after page, then the
//! rest. One page is in memory at a time, and the next one is asked for when the client has taken this one.

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::json::{Style, close, separate, write};
use crate::compat::Failure;
use crate::infra::secret::uid;

/// What stands in place of a list until it is written. It is another text each time, so that nobody can have put one into
/// a description.
pub(super) fn place() -> String {
    uid().to_string()
}

/// A page that is read when somebody waits for it.
pub(super) type Reading = BoxFuture<'static, Result<Pages, Failure>>;

/// A page that was read, and how to read the next one.
pub(super) struct Items {
    pub(super) items: Vec<Value>,
    pub(super) next: Option<Reading>,
}

/// A page, as a future can return it that reads itself again for the next one.
pub(super) struct Pages(Box<Items>);

impl From<Items> for Pages {
    fn from(items: Items) -> Self {
        Self(Box::new(items))
    }
}

/// What is still to be written.
enum Rest {
    Page { pages: Pages, wrote: bool },
    End,
    Nothing,
}

/// An answer that is `around` with the list in its [`place`], `level` levels deep.
pub(super) fn reply(around: &Value, place: &str, level: usize, style: Style, first: Pages) -> Response {
    let mut text = String::new();
    write(&mut text, around, style, 0);
    text.push('\n');
    let (before, after) = text.split_once(&format!("\"{place}\"")).unwrap_or((&text, ""));
    let (before, after) = (before.to_owned() + "[", after.to_owned());
    let start = Rest::Page { pages: first, wrote: false };
    let list = stream::try_unfold(start, move |rest| {
        let after = after.clone();
        async move {
            match rest {
                Rest::Page { pages, wrote } => page(*pages.0, level, style, wrote).await.map(Some),
                Rest::End => Ok(Some((Bytes::from(after), Rest::Nothing))),
                Rest::Nothing => Ok(None),
            }
        }
    });
    let body = stream::once(std::future::ready(Ok(Bytes::from(before)))).chain(list);
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Writes a page, and reads the next one. Nothing can be said any more when that fails, but that it did: the body breaks
/// off, and a client sees that it is not whole.
async fn page(page: Items, level: usize, style: Style, mut wrote: bool) -> Result<(Bytes, Rest), std::io::Error> {
    let mut text = String::new();
    for item in &page.items {
        separate(&mut text, style, level + 1, wrote);
        write(&mut text, item, style, level + 1);
        wrote = true;
    }
    let Some(next) = page.next else {
        if wrote {
            close(&mut text, style, level, ']');
        } else {
            text.push(']');
        }
        return Ok((text.into(), Rest::End));
    };
    let pages = next.await.map_err(|failure| {
        tracing::warn!(code = failure.code.as_str(), "a list broke off: {}", failure.message);
        std::io::Error::other("the list could not be read to its end")
    })?;
    Ok((text.into(), Rest::Page { pages, wrote }))
}

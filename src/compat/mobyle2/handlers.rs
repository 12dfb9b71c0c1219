//! Requests to operations, and back, one file a noun.

pub(super) mod projects;
pub(super) mod servers;
pub(super) mod services;
pub(super) mod session;
pub(super) mod users;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::envelope::Refusal;

/// What a handler comes to.
type Answer = Result<Response, Refusal>;

/// The name or id in a path, unless it is no text.
type Segment = Result<Path<String>, PathRejection>;

fn segment(path: Segment) -> Result<String, Refusal> {
    path.map(|Path(segment)| segment).map_err(|_| Refusal::not_found("There is nothing at this address."))
}

/// Something that has a number.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Numbered {
    number: i32,
}

impl Numbered {
    pub(super) const fn number(self) -> i32 {
        self.number
    }
}

/// A number as these ids are written: eleven digits, zeros in front.
pub(super) fn id(number: i32) -> String {
    format!("{number:011}")
}

/// The number in an id; none for what is no id of this server's.
pub(super) fn number(id: &str) -> Option<i32> {
    let digits = id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| digits)
}

/// One JSON object of many entries, each found when its turn comes, so that a long list takes no memory. What has gone
/// meanwhile is left out; a failure breaks the answer off, but for one of the first entry, which is an answer by itself.
pub(super) async fn object<S>(entries: S) -> Result<Body, Refusal>
where
    S: Stream<Item = Result<(String, Value), Refusal>> + Send + 'static,
{
    let mut comma = "";
    let entries = entries.filter(|entry| std::future::ready(!matches!(entry, Err(refusal) if refusal.is_not_found())));
    let mut entries = Box::pin(entries);
    let first = entries.next().await.transpose()?;
    let entries = stream::iter(first.map(Ok)).chain(entries).map(move |entry| match entry {
        Ok((key, value)) => {
            Ok(Bytes::from(format!("{}{}:{value}", std::mem::replace(&mut comma, ","), Value::from(key))))
        }
        Err(_) => Err(std::io::Error::other("the list breaks off")),
    });
    let edge = |text: &'static str| stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
    Ok(Body::from_stream(edge("{").chain(entries).chain(edge("}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_eleven_digits_and_one_spelling() {
        assert_eq!((id(1), id(i32::MAX)), ("00000000001".to_owned(), "02147483647".to_owned()));
        assert_eq!((number("00000000001"), number("02147483647")), (Some(1), Some(i32::MAX)));
        for wrong in ["", "1", "0000000001", "000000000001", "02147483648", "-0000000001", "+0000000001", "0000000000x"]
        {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}

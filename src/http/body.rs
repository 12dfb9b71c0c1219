//! Reading bodies: so many bytes, in so much time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::HttpConfig;
use super::reply::Refusal;
use crate::error::Code;

/// A client that is still sending reads no answer, and closing on it can destroy the answer on its way. So of a body
/// that is too large this much more is read and dropped, for at most this long.
const DISCARD_BYTES: usize = 8 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// Room made before anything arrived: a client must not reserve memory by announcing what it never sends.
const FIRST_ROOM_BYTES: usize = 16 * 1024;

/// The whole body.
///
/// # Errors
/// 413 when it is larger than the bound, 408 when it takes too long, 400 when it breaks off.
pub(super) async fn read(headers: &HeaderMap, body: Body, config: &HttpConfig) -> Result<Bytes, Refusal> {
    read_within(config.body_bytes, headers, body, config).await
}

/// The same with another bound, in bytes.
///
/// # Errors
/// 413 for more bytes, 408 for too slow ones, 400 for a body that breaks off.
pub async fn read_within(limit: usize, headers: &HeaderMap, body: Body, config: &HttpConfig) -> Result<Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        // Who asked first (Expect: 100-continue) has sent nothing, and reading would invite it to.
        if !headers.contains_key("expect") {
            discard(body).await;
        }
        return Err(too_large(limit));
    }
    match timeout(config.body, collect(body, limit, announced.unwrap_or(0))).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            Code::BadRequest,
            format!("The body did not arrive within {:?}.", config.body),
        )
        .closing()),
    }
}

async fn collect(mut body: Body, limit: usize, expected: usize) -> Result<Bytes, Refusal> {
    let mut read = BytesMut::with_capacity(expected.min(FIRST_ROOM_BYTES));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("The body broke off.").closing())?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            drop(read);
            discard(body).await;
            return Err(too_large(limit));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// Reads on for a moment, and forgets.
pub(super) async fn discard(mut body: Body) {
    let drain = async {
        let mut dropped = 0;
        while let Some(Ok(frame)) = body.frame().await {
            dropped += frame.data_ref().map_or(0, Bytes::len);
            if dropped > DISCARD_BYTES {
                break;
            }
        }
    };
    // Either end of the waiting is as good as the other.
    let _elapsed = timeout(DISCARD_TIME, drain).await;
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("The body is larger than {limit} bytes.");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BadRequest, message).closing()
}

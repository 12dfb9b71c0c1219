//! Files inside JSON: `{"filename": .., "data": .., "mimetype": ..}`, where the data is plain text or a `data:` URL.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::form::{Form, is_nothing};
use crate::compat::{Call, Failure};
use crate::domain::file::{NewFile, is_proper, upload_at};
use crate::error::Error;
use crate::graphql::id::Kind;
use crate::infra::escape::unescaped;
use crate::infra::storage::Slot;

const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Clients leave the padding out now and then.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a body says of the file.
#[derive(Debug)]
pub(super) enum Given<T> {
    /// Nothing, or the description of the one that is there.
    Nothing,
    /// There is to be none.
    None,
    /// Another one: as it came, or its global id once it is stored.
    New(T),
}

/// A file that came.
#[derive(Debug)]
pub(super) struct New {
    file: NewFile,
    bytes: Bytes,
}

/// Reads a field, and notes what is wrong with it.
pub(super) fn read(form: &mut Form, field: &str) -> Given<New> {
    let Some(mut given) = form.take(field) else { return Given::Nothing };
    if is_nothing(&given) {
        return Given::None;
    }
    if !given.is_object() {
        form.blame(field, "It is not a file: an object with filename and data is");
        return Given::Nothing;
    }
    let Value::String(data) = given["data"].take() else {
        // The description of the file that is there names it, and brings no data.
        if given.get("id").is_none() {
            form.blame(field, "data is missing");
        }
        return Given::Nothing;
    };
    match new(&given, &data) {
        Ok(new) => Given::New(new),
        Err(description) => {
            form.blame(field, description);
            Given::Nothing
        }
    }
}

fn new(given: &Value, data: &str) -> Result<New, &'static str> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // Some browsers tell the path on their own disk.
    let name = text("filename").and_then(|name| name.rsplit(['/', '\\']).next()).ok_or("filename is missing")?;
    let (media_type, bytes) = decoded(data)?;
    let media_type = text("mimetype").map(str::to_owned).or(media_type).unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
    let announced = Some(bytes.len() as u64);
    let file = NewFile { name: name.to_owned(), media_type, announced, lease_token: None };
    if !is_proper(&file) {
        return Err("The filename is no name of a file, or the mimetype is none");
    }
    Ok(New { file, bytes })
}

/// The type and the bytes of a `data:` URL (RFC 2397). Any other text is its own bytes.
fn decoded(data: &str) -> Result<(Option<String>, Bytes), &'static str> {
    let Some((head, body)) = data.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        return Ok((None, data.to_owned().into()));
    };
    let (media_type, is_base64) = match head.strip_suffix(";base64") {
        Some(media_type) => (media_type, true),
        None => (head, false),
    };
    let body = unescaped(body);
    let bytes = if is_base64 { BASE64.decode(body).map_err(|_| "The data is not base64")? } else { body };
    Ok(((!media_type.is_empty()).then(|| media_type.to_owned()), bytes.into()))
}

/// Stores a file; its global id. It belongs to nothing until content is made or changed with it. Its body may have a
/// place among the uploads already, and keeps that until the file is stored.
pub(super) async fn store(call: &Call, new: New, place: Option<Slot>) -> Result<String, Failure> {
    let most = call.app().config.files.upload_bytes;
    if new.bytes.len() as u64 > most {
        return Err(Error::invalid("file", format!("It is larger than {most} bytes.")).into());
    }
    let body = stream::iter([Ok(new.bytes)]);
    let uploaded = upload_at(call.app(), call.viewer(), new.file, body, place).await?;
    Ok(Kind::File.id(uploaded.uid).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text_or_a_url_with_any_media_type() {
        let read = |data: &str| {
            let (kind, bytes) = decoded(data).expect("bytes");
            (kind, String::from_utf8_lossy(&bytes).into_owned())
        };
        let typed = |kind: &str, text: &str| (Some(kind.to_owned()), text.to_owned());
        assert_eq!(read("foo"), (None, "foo".to_owned()));
        assert_eq!(read("data:no comma"), (None, "data:no comma".to_owned()));
        assert_eq!(read("data:image/svg+xml;base64,PHN2Zy8+"), typed("image/svg+xml", "<svg/>"));
        assert_eq!(read("data:text/plain;charset=utf-8;base64,Zm9v"), typed("text/plain;charset=utf-8", "foo"));
        assert_eq!(read("data:text/plain;base64,Zm8"), typed("text/plain", "fo"));
        assert_eq!(read("data:text/plain,a%20b,c"), typed("text/plain", "a b,c"));
        assert_eq!(read("data:text/plain,100%,%2,%zz"), typed("text/plain", "100%,%2,%zz"));
        assert_eq!(read("data:,"), (None, String::new()));
        assert!(decoded("data:text/plain;base64,?").is_err());
    }
}

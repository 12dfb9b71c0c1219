//! The bytes of files.

use axum::extract::{Path, Request};
use uuid::Uuid;

use super::Answer;
use super::password::Token as Segment;
use crate::compat::backrest::auth::user;
use crate::compat::backrest::envelope::Refusal;
use crate::compat::{Call, Failure};
use crate::domain::file::open;
use crate::http::kit::send_file;

/// A browser opens it. The old server let everybody who was logged in have every file; here the rights of the content
/// that a file belongs to decide.
pub(in crate::compat::backrest) async fn download(call: Call, path: Segment, request: Request) -> Answer {
    user(&call)?;
    let uid = path.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok()).ok_or_else(Refusal::not_found)?;
    let served = open(call.app(), call.viewer(), uid).await.map_err(Failure::from)?;
    let (parts, _) = request.into_parts();
    Ok(send_file(call.app(), served, &parts, "inline").await.map_err(Failure::from)?)
}

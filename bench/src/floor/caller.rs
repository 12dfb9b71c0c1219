//! Who asks: the rows behind a bearer token, believed for a second as docket does, so that the row work of a request
//! is the same on both sides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::db::Readers;
use super::{Answer, Floor, Refusal};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

/// How long a token is believed without asking the database again.
const BELIEVED: Duration = Duration::from_secs(1);

/// A session has a user and no runner, a runner's token the reverse.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// `user.id`, or 0.
    pub user: i64,
    /// `runner.id`, or 0.
    pub runner: i64,
}

/// Tokens checked a moment ago, by their hash.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Believed>>);

type Believed = HashMap<[u8; 32], (Instant, Caller)>;

const SESSION: &str = "SELECT user_id FROM session WHERE token_hash = $1";

const TOKEN: &str =
    "SELECT runner_id FROM token WHERE token_hash = $1 AND runner_id IS NOT NULL AND revoked_at IS NULL";

impl FromRequestParts<Floor> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, floor: &Floor) -> Answer<Self> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unknown)?;
        let hash: [u8; 32] = Sha256::digest(token).into();
        let known = floor.known.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).copied();
        if let Some((_, caller)) = known.filter(|(since, _)| since.elapsed() < BELIEVED) {
            return Ok(caller);
        }
        let caller = look_up(floor, &hash).await?;
        floor.known.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, (Instant::now(), caller));
        Ok(caller)
    }
}

async fn look_up(floor: &Floor, hash: &[u8]) -> Answer<Caller> {
    if let Some(user) = holder(floor, SESSION, hash).await? {
        return Ok(Caller { user, runner: 0 });
    }
    holder(floor, TOKEN, hash).await?.map(|runner| Caller { user: 0, runner }).ok_or_else(unknown)
}

async fn holder(floor: &Floor, query: &'static str, hash: &[u8]) -> Answer<Option<i64>> {
    let readers = &floor.readers;
    Ok(either!(Readers, readers, db => sqlx::query_scalar(query).bind(hash).fetch_optional(db).await?))
}

fn unknown() -> Refusal {
    Refusal(StatusCode::UNAUTHORIZED, "no such token".to_owned())
}

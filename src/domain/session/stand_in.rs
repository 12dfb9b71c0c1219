//! The user that callers without a credential act as, on old APIs that know no log-in.

use entity::user;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use super::user_viewer;
use crate::{
    app::App,
    error::{Error, Result},
    viewer::{Credential, Viewer},
};

/// The viewer of this user name, believed for a second like a credential.
///
/// Fails with UNAUTHENTICATED when there is no such user, or its account is not active: the operator has closed the
/// door that the setting opened.
pub async fn stand_in(app: &App, username: &str) -> Result<Viewer> {
    // No credential hashes to this: none has a space.
    let key = Sha256::digest(format!("stand-in {username}")).into();
    let now = app.clock.now_micros();
    let round = match app.known.get(&key, now) {
        Ok(viewer) => return Ok(viewer),
        Err(round) => round,
    };
    let user = user::Entity::find().filter(user::Column::Username.eq(username)).one(app.db.read()).await?;
    let user = user.filter(|user| user.status == user::Status::Active).ok_or_else(|| {
        Error::Unauthenticated("A credential is needed here: send an API token as `Authorization: Bearer ..`.".into())
    })?;
    let viewer = user_viewer(app, user, Credential::StandIn, None).await?;
    app.known.put(key, now, round, &viewer);
    Ok(viewer)
}

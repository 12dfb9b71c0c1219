//! Changing what a user may do.

use entity::user::Status;

use super::named;
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::domain::user::{self, RecordedChange, UserFilter};
use crate::origin::Via;
use crate::viewer::Viewer;

pub(super) async fn set_status(
    name: &str,
    status: Status,
    message: Option<String>,
    app: &App,
    mut output: Output,
) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let changed = user::set_status(app, &Viewer::local_operator(), found.uid, status, message).await?;
    let word = super::said(changed.status).to_lowercase();
    output.line(&format!("The user {} is {word}.", changed.username))?;
    Ok(())
}

pub(super) async fn activate(name: &str, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let changed = user::activate_by_hand(app, &Viewer::local_operator(), &Via::console(), found.uid).await?;
    output.line(&format!("The user {} is active, and its address counts as confirmed.", changed.username))?;
    Ok(())
}

pub(super) async fn set_admin(name: &str, is_admin: bool, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named(app, name).await?;
    let changed = user::set_admin(app, &Viewer::local_operator(), found.uid, is_admin, None).await?;
    let what = if is_admin { "an admin" } else { "no admin" };
    output.line(&format!("The user {} is {what}.", changed.username))?;
    Ok(())
}

pub(super) async fn set_ldap_uid(
    name: &str,
    by_number: bool,
    uid: String,
    app: &App,
    mut output: Output,
) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    let found = if by_number {
        let number = name.parse().map_err(|_| Failure::Input(format!("{name} is no number")))?;
        user::get_by(app, &operator, Some(number), None, None).await.map_err(Failure::looking_for("user", name))?
    } else {
        alone(app, named(app, name).await?).await?
    };
    let change = RecordedChange { ldap_uid: Some(uid), ..RecordedChange::default() };
    let changed = user::record_update(app, &operator, found.uid, change).await?;
    let uid = changed.ldap_uid.unwrap_or_default();
    output.line(&format!("The user {} is {uid} in the directory.", changed.username))?;
    Ok(())
}

/// A user whose name nobody else has: those who are only recorded may share one.
async fn alone(app: &App, found: entity::user::Model) -> Result<entity::user::Model, Failure> {
    let filter = UserFilter { usernames: Some(vec![found.username.clone()]), ..UserFilter::default() };
    if user::count(app, &Viewer::local_operator(), &filter).await? > 1 {
        let message = format!("several users are called {}; name one by its number, with --by-number", found.username);
        return Err(Failure::Input(message));
    }
    Ok(found)
}

pub(super) async fn delete(name: &str, yes: bool, app: &App, mut output: Output) -> Result<(), Failure> {
    let found = named(app, name).await?;
    if !yes {
        let message = format!("this deletes {} for good; add --yes if that is meant", found.username);
        return Err(Failure::Input(message));
    }
    user::delete(app, &Viewer::local_operator(), Some(found.uid), None).await?;
    output.line(&format!("The user {} is deleted.", found.username))?;
    Ok(())
}

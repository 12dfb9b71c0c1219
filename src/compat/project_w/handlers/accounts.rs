//! What takes the caller's own password. The route looks at it before anything else, as the old server did; the operation
//! checks it again.

use axum::extract::Request;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde_json::json;

use super::users::{User, operation, refused, undelivered, unreachable, with_email};
use super::{Answer, msg};
use crate::compat::Failure;
use crate::compat::project_w::auth::Person;
use crate::compat::project_w::envelope::{ErrorType, Refusal};
use crate::compat::project_w::form::{Fields, form};
use crate::domain::user::is_password;

operation!(DELETE_USER, "ProjectW_DeleteUser", "delete_user");
operation!(CHANGE_PASSWORD, "ProjectW_ChangePassword", "change_password");
operation!(SET_PASSWORD, "ProjectW_SetPassword", "set_password");
operation!(CHANGE_EMAIL, "ProjectW_ChangeEmail", "change_email");

/// What these routes begin with: the form, the caller's own password, and whom it is about (none is the caller).
struct Asked {
    form: Fields,
    password: String,
    other: Option<User>,
}

async fn asked(person: &Person, request: Request) -> Result<Asked, Refusal> {
    let mut form = form(&person.0, request).await?;
    form.required("password")?;
    let password = form.take("password").unwrap_or_default();
    let given = SecretString::from(password.clone());
    if !is_password(person.0.app(), person.0.viewer(), given).await.map_err(Failure::from)? {
        let wrong = Refusal::new(ErrorType::Auth, "Incorrect password provided");
        return Err(wrong.with_status(StatusCode::FORBIDDEN));
    }
    let other = match form.get("emailModify") {
        None => None,
        Some(_) if !person.is_admin() => {
            return Err(Refusal::forbidden("You don't have permission to modify other users"));
        }
        Some(email) => Some(with_email(person, email).await?),
    };
    Ok(Asked { form, password, other })
}

pub(in crate::compat::project_w) async fn delete(person: Person, request: Request) -> Answer {
    let Asked { password, other, .. } = asked(&person, request).await?;
    let email = other.as_ref().map_or_else(|| person.email(), |user| user.email.clone().unwrap_or_default());
    let user_id = other.map(|user| user.id);
    DELETE_USER.run(&person.0, json!({ "input": { "userId": user_id, "confirmPassword": password } })).await?;
    Ok(msg(format!("Successfully deleted user with email {email}")))
}

pub(in crate::compat::project_w) async fn change_password(person: Person, request: Request) -> Answer {
    let Asked { form, password, other } = asked(&person, request).await?;
    let new = form.required("newPassword")?;
    let changed = match other {
        None => {
            let input = json!({ "confirmPassword": password, "newPassword": new });
            CHANGE_PASSWORD.run(&person.0, json!({ "input": input })).await
        }
        Some(user) => {
            let input = json!({ "userId": user.id, "confirmPassword": password, "newPassword": new });
            SET_PASSWORD.run(&person.0, json!({ "input": input })).await
        }
    };
    changed.map_err(|failure| refused(&person.0, failure, ""))?;
    Ok(msg("Successfully updated user password"))
}

pub(in crate::compat::project_w) async fn change_email(person: Person, request: Request) -> Answer {
    let Asked { form, password, other } = asked(&person, request).await?;
    let new = form.required("newEmail")?;
    let user_id = other.map(|user| user.id);
    let input = json!({ "userId": user_id, "email": new, "confirmPassword": password });
    match CHANGE_EMAIL.run(&person.0, json!({ "input": input })).await {
        Ok(_) => Ok(msg(
            "Successfully requested email address change. Please confirm your new address by clicking on the link \
             provided in the email we just sent you",
        )),
        Err(failure) if undelivered(&failure) => Err(unreachable(new)),
        Err(failure) => Err(refused(&person.0, failure, new)),
    }
}

//! Requests to operations, and back, one file a noun.

pub(super) mod content;
pub(super) mod download;
pub(super) mod email;
pub(super) mod link;
pub(super) mod password;
pub(super) mod profile;
pub(super) mod session;
pub(super) mod sign_up;

use axum::response::Response;
use secrecy::SecretString;

use super::envelope::Refusal;
use super::form::Form;
use crate::compat::{Call, Failure};
use crate::domain::user::{is_email_taken, is_password};
use crate::error::Code;

/// What a handler comes to.
type Answer = Result<Response, Refusal>;

/// Data that is not looked at.
pub(super) type Done = serde_json::Value;

const OTHER_PASSWORD: &str = "Password does not match";
const TAKEN: &str = "Email already exists";

macro_rules! operation {
    ($name:ident, $word:literal, $file:literal) => {
        operation!($name, $word, $file, $crate::compat::backrest::handlers::Done);
    };
    ($name:ident, $word:literal, $file:literal, $Data:ty) => {
        /// See its document.
        pub(in crate::compat::backrest) static $name: $crate::compat::Operation<serde_json::Value, $Data> =
            $crate::compat::Operation::new($word, include_str!(concat!("../operations/", $file, ".graphql")));
    };
}
use operation;

/// Whether an operation found this field of its input wrong.
fn blames(failure: &Failure, path: &str) -> bool {
    matches!(failure.code, Code::Invalid | Code::AlreadyExists) && failure.fields.iter().any(|field| field.path == path)
}

/// Whether the address of a body is taken, where something else is wrong and the operation is not run, or did not come
/// to look: the old server told everything at once.
async fn is_taken(call: &Call, email: &str) -> Result<bool, Refusal> {
    Ok(is_email_taken(call.app(), call.viewer(), &call.via(), email).await?)
}

/// Notes first that the address of a body with other faults is taken.
async fn blame_taken(call: &Call, form: &mut Form, email: &str) -> Result<(), Refusal> {
    if form.is_wrong() && !form.is_wrong_in("email") && is_taken(call, email).await? {
        form.blame_first("email", TAKEN);
    }
    Ok(())
}

/// Whether this is the caller's own password.
async fn is_own_password(call: &Call, password: &str) -> Result<bool, Refusal> {
    Ok(is_password(call.app(), call.viewer(), SecretString::from(password)).await?)
}

/// What is said of a new address that is taken, or is none; everything else as it is.
fn about_address(failure: Failure) -> Refusal {
    if !blames(&failure, "email") {
        return failure.into();
    }
    let taken = failure.code == Code::AlreadyExists;
    Refusal::fault("email", if taken { TAKEN } else { super::form::NO_ADDRESS })
}

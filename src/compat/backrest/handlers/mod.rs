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

use super::envelope::Refusal;
use crate::compat::Failure;
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

/// What is said of a new address that is taken, or is none; everything else as it is.
fn about_address(failure: Failure) -> Refusal {
    if !blames(&failure, "email") {
        return failure.into();
    }
    let taken = failure.code == Code::AlreadyExists;
    Refusal::fault("email", if taken { TAKEN } else { super::form::NO_ADDRESS })
}

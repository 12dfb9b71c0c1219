//! The fields of a user that are there at once. Those that not everybody sees are not among them.

use super::User;
use crate::graphql::nodes::quick::quick;

quick! {
    User,
    getters {
        "id" => id,
        "number" => number,
        "username" => username,
        "firstName" => first_name,
        "lastName" => last_name,
        "kind" => kind,
        "createdAt" => created_at,
        "updatedAt" => updated_at,
    }
}

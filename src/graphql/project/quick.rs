//! The fields of a project that are there at once.

use super::Project;
use crate::graphql::nodes::quick::quick;

quick! {
    Project,
    getters {
        "id" => id,
        "number" => number,
        "name" => name,
        "title" => title,
        "description" => description,
        "isPublic" => is_public,
        "isPersonal" => is_personal,
        "createdAt" => created_at,
        "updatedAt" => updated_at,
        "deletedAt" => deleted_at,
    }
}

//! The fields of an account that are there at once.

use super::Account;
use crate::graphql::nodes::quick::quick;

quick! {
    Account,
    getters {
        "id" => id,
        "number" => number,
        "name" => name,
        "title" => title,
        "type" => kind,
        "description" => description,
        "overrun" => overrun,
        "chargesRecordedJobs" => charges_recorded_jobs,
        "granted" => granted,
        "held" => held,
        "spent" => spent,
        "available" => available,
        "createdAt" => created_at,
        "updatedAt" => updated_at,
        "deletedAt" => deleted_at,
    }
}

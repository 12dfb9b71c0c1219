//! The fields of a service that are there at once.

use super::Service;
use crate::graphql::nodes::quick::quick;

quick! {
    Service,
    getters {
        "id" => id,
        "number" => number,
        "name" => name,
        "title" => title,
        "description" => description,
        "kind" => kind,
        "dispatch" => dispatch,
        "isExported" => is_exported,
        "dialect" => dialect,
        "isDisabled" => is_disabled,
        "isAvailable" => is_available,
        "timeoutSeconds" => timeout_seconds,
        "lastSeenAt" => last_seen_at,
        "maxAttempts" => max_attempts,
        "leaseSeconds" => lease_seconds,
        "maxRunSeconds" => max_run_seconds,
        "retryTimeouts" => retry_timeouts,
        "maxResultBytes" => max_result_bytes,
        "maxRunning" => max_running,
        "maxRunningPerUser" => max_running_per_user,
        "createdAt" => created_at,
        "updatedAt" => updated_at,
        "deletedAt" => deleted_at,
    }
}

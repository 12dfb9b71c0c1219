//! The fields of a job that are there at once.

use super::Job;
use crate::graphql::nodes::quick::quick;

quick! {
    Job,
    getters {
        "id" => id,
        "number" => number,
        "dialect" => dialect,
        "dialectNumber" => dialect_number,
        "status" => status,
        "origin" => origin,
        "priority" => priority,
        "scheduledAt" => scheduled_at,
        "runAfter" => run_after,
        "attempt" => attempt,
        "maxAttempts" => max_attempts,
        "progress" => progress,
        "message" => message,
        "cancelRequested" => cancel_requested,
        "revision" => revision,
        "leaseExpiresAt" => lease_expires_at,
        "createdAt" => created_at,
        "submittedAt" => submitted_at,
        "startedAt" => started_at,
        "finishedAt" => finished_at,
        "downloadedAt" => downloaded_at,
        "updatedAt" => updated_at,
        "held" => held,
        "amount" => amount,
        "cpus" => cpus,
        "maxRunSeconds" => max_run_seconds,
        "runSeconds" => run_seconds,
    }
    values {
        "parameters" => parameters_here,
        "results" => results_here,
    }
    objects {
        "owner" => owner_here,
        "service" => service_here,
        "account" => account_here,
        "project" => project_here,
    }
}

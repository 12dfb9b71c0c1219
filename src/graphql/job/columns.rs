//! Which columns of a job a selection needs.

use async_graphql::SelectionField;
// Clippy passes over it where tests are built.
#[cfg_attr(not(test), expect(clippy::enum_glob_use, reason = "the table below names nearly all of them"))]
use entity::job::Column::*;
use entity::job::{Column, Columns};

/// The columns that these fields of `Job` show. A field that is not known here reads the whole row.
pub(super) fn needed<'a>(fields: impl Iterator<Item = SelectionField<'a>>) -> Columns {
    fields.fold(Columns::NONE, |columns, field| columns.with(of(field.name())))
}

/// The columns behind the nodes of a connection of jobs.
pub(super) fn needed_by_nodes(connection: SelectionField<'_>) -> Columns {
    let edges = connection.selection_set().filter(|field| field.name() == "edges");
    let nodes = edges.flat_map(|edge| edge.selection_set().filter(|field| field.name() == "node").collect::<Vec<_>>());
    let nodes = nodes.chain(connection.selection_set().filter(|field| field.name() == "nodes"));
    nodes.fold(Columns::NONE, |columns, node| columns.with(needed(node.selection_set())))
}

fn of(field: &str) -> Columns {
    let columns: &[Column] = match field {
        "__typename" => &[],
        "id" | "events" | "charges" => &[Uid],
        "number" => &[Id],
        "dialect" => &[Dialect],
        "dialectNumber" => &[DialectNumber],
        "status" => &[Status],
        "origin" => &[Origin],
        "service" => &[ServiceId],
        "owner" => &[OwnerId],
        "project" => &[ProjectId],
        "runner" => &[RunnerId],
        "parameters" => &[Parameters],
        "results" => &[Results],
        "priority" => &[Priority],
        "labels" => &[Labels],
        "requires" => &[Requires],
        "scheduledAt" => &[ScheduledAt],
        "runAfter" => &[RunAfter],
        "waitingReason" => &[Id, Status, ServiceId, OwnerId, Requires, RequirementId, Priority, RunAfter],
        "attempt" => &[Attempt],
        "maxAttempts" => &[MaxAttempts],
        "progress" => &[Progress],
        "message" => &[Message],
        "failure" => &[FailureKind, FailureCode, FailureMessage],
        "cancelRequested" => &[CancelRequested],
        "revision" => &[Revision],
        "leaseExpiresAt" => &[LeaseExpiresAt],
        "slurm" => &[Id, Origin],
        "createdAt" => &[CreatedAt],
        "submittedAt" => &[SubmittedAt],
        "startedAt" => &[StartedAt],
        "finishedAt" => &[FinishedAt],
        "updatedAt" => &[UpdatedAt],
        "account" => &[AccountId],
        "held" => &[Held],
        "amount" => &[Amount],
        "cpus" => &[Cpus],
        "maxRunSeconds" => &[MaxRunSeconds],
        "runSeconds" => &[RanMicros],
        "log" => &[Id, LogBytes, LogTruncated],
        "viewerCan" => &[Origin, Status, CancelRequested, OwnerId, ServiceId, ProjectId, AccountId],
        _ => return Columns::ALL,
    };
    Columns::of(columns)
}

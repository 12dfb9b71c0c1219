//! The schema: three roots merged from the nouns, and the API that serves them.

use std::num::NonZeroU32;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder};

use super::{
    Door, account, assignment, audit, dialect_use, enrolled, event, executor::Root, file, group, guard::Limits, job,
    ledger, loaders::Loaders, node, oauth_client, project, project_data, runner, server, service, session, token,
    usage, user, viewer, work,
};
use crate::app::App;

// The library asks one noun after the other for a field, from the last one on: so those that are asked for most stand at
// the end, here and in the next root.

/// The reading root.
///
/// A request has bounds, which `docket config show` names; the defaults are a document of 64 KiB and 10,000 tokens, 12
/// levels of fields, 30 aliases, 5 directives at one place, values of JSON 64 levels deep, and 1,000 points of cost.
/// `extensions.cost` says what a request came to: 1 point for an object, 1/20 for a scalar, 3 for a body of JSON or a log,
/// 5 for what is counted or added up (`totalCount`), 10 for a change; what is below a connection costs that for each item
/// of the page that is asked for.
#[derive(MergedObject, Default)]
pub struct Query(
    server::ServerInfoQuery,
    server::ServerQuery,
    dialect_use::DialectUseQuery,
    audit::AuditQuery,
    oauth_client::OauthClientQuery,
    user::MailedLinkQuery,
    usage::UsageQuery,
    ledger::LedgerQuery,
    group::GroupQuery,
    account::AffordQuery,
    file::FileQuery,
    project_data::ProjectDataQuery,
    project::ProjectQuery,
    account::AccountQuery,
    enrolled::EnrolledQuery,
    user::UserQuery,
    runner::RunnerQuery,
    node::NodeQuery,
    viewer::ViewerQuery,
    event::EventQuery,
    service::ServiceQuery,
    job::RecordedJobQuery,
    job::JobQuery,
);

/// The changing root. Every field takes one `input` and returns a payload with the changed object.
#[derive(MergedObject, Default)]
pub struct Mutation(
    server::ServerMutation,
    oauth_client::OauthClientMutation,
    group::GroupMutation,
    user::SignUpMutation,
    user::CredentialMutation,
    user::UserMutation,
    token::TokenMutation,
    session::SessionMutation,
    runner::RunnerMutation,
    service::ServiceMutation,
    project::ProjectMutation,
    project::ProjectMemberMutation,
    project_data::ProjectDataMutation,
    account::AccountMutation,
    account::MoneyMutation,
    account::ReserveMutation,
    file::FileMutation,
    enrolled::EnrolledMutation,
    job::JobOverruleMutation,
    job::JobManyMutation,
    job::JobBatchMutation,
    job::JobRecordMutation,
    job::JobReportMutation,
    job::RecordedJobMutation,
    assignment::AssignmentMutation,
    job::JobMutation,
    work::WorkMutation,
);

/// The live root.
#[derive(MergedSubscription, Default)]
pub struct Subscription(
    job::JobSubscription,
    event::EventSubscription,
    service::ServiceSubscription,
    account::AccountSubscription,
);

/// docket's API: what HTTP, websockets and tests all call.
pub type Api = Door<Query, Mutation, Subscription>;

/// The API of a running server.
#[must_use]
pub fn api(app: &App) -> Api {
    let (data, attached) = (app.clone(), app.clone());
    let door = Door::new(move || builder().data(data.clone()), Limits::from(&app.config.graphql))
        .attaching(move |caller, request| request.data(Loaders::new(attached.clone(), caller.viewer.clone())));
    match NonZeroU32::new(app.config.graphql.cost_per_minute) {
        Some(limit) => door.limiting(limit, app.clock.clone()),
        None => door,
    }
}

/// The schema in its definition language, as `schema.graphql` keeps it.
#[must_use]
pub fn sdl() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

fn builder() -> SchemaBuilder<Root<Query>, Mutation, Subscription> {
    Schema::build(Root(Query::default()), Mutation::default(), Subscription::default())
}

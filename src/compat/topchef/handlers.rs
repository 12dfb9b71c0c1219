//! Requests to operations, and back.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::envelope::Refusal;
use super::json::reply;
use super::{meta, wire};
use crate::compat::{Call, Operation, Page};

/// What a handler comes to.
type Answer = Result<Response, Refusal>;

/// Where the next page of a list begins.
#[derive(Debug, Default, Serialize)]
pub(super) struct After {
    after: Option<String>,
}

/// See its document.
pub(super) static LIST_SERVICES: Operation<After, Services> =
    Operation::new("Topchef_ListServices", include_str!("operations/list_services.graphql"));

/// A page of services.
#[derive(Debug, Deserialize)]
pub(super) struct Services {
    services: Page<wire::ServiceOverview>,
}

pub(super) async fn about(call: Call) -> Response {
    let settings = &call.app().config.topchef;
    let data = json!({
        "documentation_url": settings.documentation_url,
        "maintainer_email": settings.maintainer_email,
        "maintainer_name": settings.maintainer_name,
        "source_code_repository_url": settings.source_repository,
        "version": settings.version,
    });
    reply(json!({ "data": data, "links": { "self": call.link("/") }, "meta": meta::of("about") }))
}

pub(super) async fn services(call: Call) -> Answer {
    let mut data = Vec::new();
    let mut after = After::default();
    loop {
        let page = LIST_SERVICES.run(&call, after).await?.services;
        after = After { after: page.next() };
        data.extend(page.nodes.into_iter().map(wire::ServiceOverview::into_json));
        if after.after.is_none() {
            break;
        }
    }
    Ok(reply(json!({ "data": data, "links": { "self": call.link("/services") }, "meta": meta::of("services") })))
}

//! Services.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{
    envelope::{Refusal, shown},
    wire,
};
use super::{Answer, Segment, segment};
use crate::compat::{Call, Failure, Operation, Page};
use crate::error::Code;

/// Where a page begins.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct After {
    after: Option<String>,
}

/// Which service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Named {
    full_name: String,
}

/// See its document.
pub(in super::super) static LIST: Operation<After, Services> =
    Operation::new("Mobyle2_ListServices", include_str!("../operations/list_services.graphql"));

/// See its document.
pub(in super::super) static SHOW: Operation<Named, Service> =
    Operation::new("Mobyle2_ShowService", include_str!("../operations/show_service.graphql"));

/// A page of services.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Services {
    services: Page<wire::Service>,
}

/// A service.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Service {
    service: wire::Service,
}

pub(in super::super) async fn list(call: Call, headers: HeaderMap) -> Answer {
    let (mut list, mut after) = (Map::new(), After::default());
    loop {
        let page = LIST.run(&call, after).await?.services;
        after = After { after: page.next() };
        list.extend(page.nodes.into_iter().map(wire::Service::into_entry));
        if after.after.is_none() {
            return Ok(shown(&headers, &Value::Object(list)));
        }
    }
}

pub(in super::super) async fn show(call: Call, path: Segment, headers: HeaderMap) -> Answer {
    let name = segment(path)?;
    let found = SHOW.run(&call, Named { full_name: name.clone() }).await.map_err(|failure| absent(failure, &name))?;
    Ok(shown(&headers, &found.service.into_entry().1))
}

/// What is no full name is nobody's.
fn absent(failure: Failure, name: &str) -> Refusal {
    match failure.code {
        Code::Invalid => Refusal::not_found(&format!("There is no service {name:?}, or you may not see it.")),
        Code::Unauthenticated
        | Code::Forbidden
        | Code::NotFound
        | Code::AlreadyExists
        | Code::InvalidState
        | Code::InsufficientFunds
        | Code::IdempotencyMismatch
        | Code::LeaseLost
        | Code::BadRequest
        | Code::CostExceeded
        | Code::RateLimited
        | Code::Unavailable
        | Code::Internal => failure.into(),
    }
}

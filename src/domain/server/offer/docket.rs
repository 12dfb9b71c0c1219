//! Asking another docket, by its public API and without a credential: what it exports, and does not itself have from
//! others.

use entity::service::Kind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Offered, kind};
use crate::infra::remote::Conversation;

const SERVICES: &str = "query Federation_Services($after: String) {
  services(first: 100, after: $after, filter: { isExported: true, isRemote: false }) {
    nodes { name title description kind isDisabled project { name } }
    pageInfo { hasNextPage endCursor }
  }
}";

#[derive(Deserialize)]
struct Services {
    nodes: Vec<Node>,
    #[serde(rename = "pageInfo")]
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    title: String,
    description: String,
    kind: String,
    is_disabled: bool,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// What it exports: page by page until there are `most`, or it says that there are no more.
pub(super) async fn read(conversation: &Conversation<'_>, most: usize) -> Result<Vec<Offered>, String> {
    let (mut offered, mut after) = (Vec::new(), Value::Null);
    // Pages may be empty, and say that more follow, for ever.
    for _ in 0..most.div_ceil(100) {
        let body = json!({ "query": SERVICES, "variables": { "after": after } });
        let mut answer = conversation.post("/graphql", &body).await?;
        let services = answer.pointer_mut("/data/services").map(Value::take).unwrap_or_default();
        let services: Services =
            serde_json::from_value(services).map_err(|_| "it does not answer as a docket does".to_owned())?;
        offered.extend(services.nodes.into_iter().map(Offered::from));
        after = match services.page_info.end_cursor {
            Some(cursor) if services.page_info.has_next_page => cursor.into(),
            _ => break,
        };
    }
    Ok(offered)
}

impl From<Node> for Offered {
    fn from(node: Node) -> Self {
        Self {
            name: node.name,
            project: node.project.map(|project| project.name),
            title: node.title,
            description: node.description,
            // A newer docket may have further kinds.
            kind: kind(&node.kind).unwrap_or(Kind::Program),
            disabled: node.is_disabled,
        }
    }
}

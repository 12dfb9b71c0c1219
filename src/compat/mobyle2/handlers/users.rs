//! Users.

use axum::http::HeaderMap;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{
    envelope::{Refusal, confided, streamed},
    wire,
};
use super::{Answer, Numbered, Segment, id, number, object, segment};
use crate::compat::{Call, Operation, Page};
use crate::viewer::{Viewer, log_in_first};

/// Where a page begins.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct After {
    after: Option<String>,
}

/// Which user, and which parts of its lists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Which {
    number: i32,
    more_groups: bool,
    after_group: Option<String>,
    more_projects: bool,
    after_project: Option<String>,
}

/// Which part of who asks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Own {
    pub(super) with_project: bool,
}

/// See its document.
pub(in super::super) static LIST: Operation<After, Users> =
    Operation::new("Mobyle2_ListUsers", include_str!("../operations/list_users.graphql"));

/// See its document.
pub(in super::super) static SHOW: Operation<Which, User> =
    Operation::new("Mobyle2_ShowUser", include_str!("../operations/show_user.graphql"));

/// See its document.
pub(in super::super) static SHOW_SELF: Operation<Own, Caller> =
    Operation::new("Mobyle2_ShowSelf", include_str!("../operations/show_self.graphql"));

/// A page of users.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Users {
    users: Page<Numbered>,
}

/// A user.
#[derive(Debug, Deserialize)]
pub(in super::super) struct User {
    user: Found,
}

#[derive(Debug, Deserialize)]
struct Found {
    #[serde(flatten)]
    user: wire::User,
    groups: Option<Page<wire::Name>>,
    projects: Option<Page<Numbered>>,
}

/// Who asks.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Caller {
    pub(super) viewer: CallerUser,
}

/// A user who asks.
#[derive(Debug, Deserialize)]
pub(in super::super) struct CallerUser {
    pub(super) user: Option<OwnUser>,
}

/// The user who asks, with what only a log-in is told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OwnUser {
    pub(super) number: i32,
    pub(super) personal_project: Option<Numbered>,
    #[serde(flatten)]
    pub(super) user: wire::User,
}

pub(in super::super) async fn list(call: Call) -> Answer {
    call.viewer().require_admin().map_err(Refusal::from)?;
    let (mut numbers, mut after) = (Vec::new(), After::default());
    loop {
        let page = LIST.run(&call, after).await?.users;
        after = After { after: page.next() };
        numbers.extend(page.nodes);
        if after.after.is_none() {
            break;
        }
    }
    let entries = stream::iter(numbers).then(move |Numbered { number }| {
        let call = call.clone();
        async move { Ok((id(number), user(&call, number).await?)) }
    });
    object(entries).await.map(streamed)
}

/// Others learn nothing, also not whether there is such a user.
pub(in super::super) async fn show(call: Call, path: Segment, headers: HeaderMap) -> Answer {
    let asked = segment(path)?;
    if matches!(call.viewer(), Viewer::Anonymous) {
        return Err(log_in_first().into());
    }
    let own = SHOW_SELF.run(&call, Own { with_project: false }).await?.viewer.user;
    let asked = number(&asked);
    let own = own.filter(|own| asked == Some(own.number));
    if own.is_none() && !call.viewer().is_admin() {
        return Err(Refusal::forbidden("Only the user itself and admins see this."));
    }
    let body = match (own, asked) {
        // Who is not active may read this, and has no other rights.
        (Some(own), _) if !own.user.is_active() => own.user.into_json(Vec::new(), Vec::new()),
        (_, Some(number)) => user(&call, number).await?,
        (_, None) => return Err(no_such_user()),
    };
    Ok(confided(&headers, &body))
}

fn no_such_user() -> Refusal {
    Refusal::not_found("There is no such user.")
}

async fn user(call: &Call, number: i32) -> Result<Value, Refusal> {
    let (mut groups, mut projects) = (Vec::new(), Vec::new());
    let mut which = Which { number, more_groups: true, after_group: None, more_projects: true, after_project: None };
    loop {
        let found = SHOW.run(call, which).await?.user;
        if found.user.is_deleted() {
            return Err(no_such_user());
        }
        let after_group = found.groups.as_ref().and_then(Page::next);
        let after_project = found.projects.as_ref().and_then(Page::next);
        groups.extend(found.groups.into_iter().flat_map(|page| page.nodes).map(|group| group.name));
        projects.extend(found.projects.into_iter().flat_map(|page| page.nodes).map(|project| id(project.number)));
        if after_group.is_none() && after_project.is_none() {
            return Ok(found.user.into_json(groups, projects));
        }
        let (more_groups, more_projects) = (after_group.is_some(), after_project.is_some());
        which = Which { number, more_groups, after_group, more_projects, after_project };
    }
}

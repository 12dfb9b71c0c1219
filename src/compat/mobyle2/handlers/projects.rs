//! Projects.

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

/// Which project, and which parts of its lists.
#[expect(clippy::struct_excessive_bools, reason = "a list each, asked for by its name")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Which {
    number: i32,
    more_participants: bool,
    after_participant: Option<String>,
    more_services: bool,
    after_service: Option<String>,
    more_jobs: bool,
    after_job: Option<String>,
    more_data: bool,
    after_data: Option<String>,
}

/// See its document.
pub(in super::super) static LIST: Operation<After, Projects> =
    Operation::new("Mobyle2_ListProjects", include_str!("../operations/list_projects.graphql"));

/// See its document.
pub(in super::super) static SHOW: Operation<Which, Project> =
    Operation::new("Mobyle2_ShowProject", include_str!("../operations/show_project.graphql"));

/// A page of projects.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Projects {
    projects: Page<Numbered>,
}

/// A project.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Project {
    project: Found,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    viewer_role: Option<String>,
    favorite_services: Option<Vec<String>>,
    owner: Option<Numbered>,
    participants: Option<Page<wire::Participant>>,
    services: Option<Page<wire::Name>>,
    jobs: Option<Page<Numbered>>,
    data: Option<Page<Numbered>>,
}

pub(in super::super) async fn list(call: Call) -> Answer {
    call.viewer().require_admin().map_err(Refusal::from)?;
    let (mut numbers, mut after) = (Vec::new(), After::default());
    loop {
        let page = LIST.run(&call, after).await?.projects;
        after = After { after: page.next() };
        numbers.extend(page.nodes);
        if after.after.is_none() {
            break;
        }
    }
    let entries = stream::iter(numbers).then(move |Numbered { number }| {
        let call = call.clone();
        async move { Ok((id(number), project(&call, number).await?)) }
    });
    object(entries).await.map(streamed)
}

/// Others learn nothing, also not whether there is such a project; a public one is no exception, since who takes part in
/// it is not public.
pub(in super::super) async fn show(call: Call, path: Segment, headers: HeaderMap) -> Answer {
    let asked = segment(path)?;
    if matches!(call.viewer(), Viewer::Anonymous) {
        return Err(log_in_first().into());
    }
    let body = match number(&asked) {
        Some(number) => project(&call, number).await,
        None => Err(Refusal::not_found("There is no such project.")),
    };
    match body {
        Ok(body) => Ok(confided(&headers, &body)),
        Err(refusal) if refusal.is_not_found() && !call.viewer().is_admin() => Err(outsider()),
        Err(refusal) => Err(refusal),
    }
}

fn outsider() -> Refusal {
    Refusal::forbidden("Only the members of a project and admins see it.")
}

async fn project(call: &Call, number: i32) -> Result<Value, Refusal> {
    let mut lists = wire::Lists::default();
    let mut which = Which {
        number,
        more_participants: true,
        after_participant: None,
        more_services: true,
        after_service: None,
        more_jobs: true,
        after_job: None,
        more_data: true,
        after_data: None,
    };
    loop {
        let found = SHOW.run(call, which).await?.project;
        if found.viewer_role.is_none() && !call.viewer().is_admin() {
            return Err(outsider());
        }
        let after_participant = found.participants.as_ref().and_then(Page::next);
        let after_service = found.services.as_ref().and_then(Page::next);
        let after_job = found.jobs.as_ref().and_then(Page::next);
        let after_data = found.data.as_ref().and_then(Page::next);
        let owner = found.owner.map(|owner| owner.number);
        found.participants.into_iter().flat_map(|page| page.nodes).for_each(|one| lists.take_part(owner, &one));
        lists.services.extend(found.services.into_iter().flat_map(|page| page.nodes).map(|service| service.name));
        lists.jobs.extend(found.jobs.into_iter().flat_map(|page| page.nodes).map(|job| id(job.number)));
        lists.data.extend(found.data.into_iter().flat_map(|page| page.nodes).map(|data| id(data.number)));
        let more = [&after_participant, &after_service, &after_job, &after_data].map(Option::is_some);
        let [more_participants, more_services, more_jobs, more_data] = more;
        if more == [false; 4] {
            return Ok(lists.into_json(owner, found.favorite_services));
        }
        which = Which {
            number,
            more_participants,
            after_participant,
            more_services,
            after_service,
            more_jobs,
            after_job,
            more_data,
            after_data,
        };
    }
}

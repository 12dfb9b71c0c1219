//! What another server says that it offers. Nothing of it is believed: names are checked, texts cut, lists bounded.

use std::collections::HashSet;

use entity::{server::Protocol, service::Kind};

use crate::{
    domain::{
        check::{Faults, LINE, TEXT},
        slug,
    },
    infra::remote::Conversation,
};

mod docket;
mod mobyle2;

/// What a server offers to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// How it told.
    pub protocol: Protocol,
    /// Each service once.
    pub services: Vec<Offered>,
}

/// A service that another server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    /// A slug.
    pub name: String,
    /// The name of its project there; none for one of that server's own.
    pub project: Option<String>,
    /// Free text.
    pub title: String,
    /// Free text.
    pub description: String,
    /// Program, workflow or widget.
    pub kind: Kind,
    /// Takes no new jobs there.
    pub disabled: bool,
}

/// Asks the server at `url` in its protocol, or in both when that is not known, for at most `most` services.
pub(super) async fn read(
    conversation: &Conversation<'_>,
    url: &str,
    protocol: Option<Protocol>,
    most: usize,
) -> Result<Offer, String> {
    if protocol != Some(Protocol::Mobyle2) {
        match docket::read(conversation, most).await {
            Ok(services) => return Ok(offer(Protocol::Docket, services, most)),
            Err(why) if protocol.is_some() => return Err(why),
            Err(docket) => {
                let services = mobyle2::read(conversation, url).await;
                let services = services.map_err(|mobyle2| neither(&docket, &mobyle2))?;
                return Ok(offer(Protocol::Mobyle2, services, most));
            }
        }
    }
    Ok(offer(Protocol::Mobyle2, mobyle2::read(conversation, url).await?, most))
}

fn neither(docket: &str, mobyle2: &str) -> String {
    if docket == mobyle2 { docket.to_owned() } else { format!("asked as a docket: {docket}; as Mobyle2: {mobyle2}") }
}

fn offer(protocol: Protocol, services: Vec<Offered>, most: usize) -> Offer {
    let mut seen = HashSet::new();
    let mut services: Vec<_> = services.into_iter().filter_map(Offered::proper).collect();
    services.retain(|service| seen.insert((service.project.clone(), service.name.clone())));
    services.truncate(most);
    Offer { protocol, services }
}

impl Offered {
    /// The service with texts as they may be stored; none when it has a name that no service can have.
    fn proper(self) -> Option<Self> {
        let mut faults = Faults::default();
        for name in [Some(&self.name), self.project.as_ref()].into_iter().flatten() {
            faults.slug("name", name);
            if name == slug::RESERVED {
                faults.add("name", "reserved");
            }
        }
        faults.into_result().ok()?;
        let title = text(&self.title, LINE, |c| !c.is_control());
        let title = if title.trim().is_empty() { self.name.clone() } else { title };
        let description = text(&self.description, TEXT, |c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
        Some(Self { title, description, ..self })
    }
}

fn text(text: &str, most: usize, fits: impl Fn(char) -> bool) -> String {
    text.chars().filter(|c| fits(*c)).take(most).collect()
}

/// A kind by its word in either protocol; Mobyle2 has called widgets viewers, too.
fn kind(word: &str) -> Option<Kind> {
    match word {
        "PROGRAM" | "program" => Some(Kind::Program),
        "WORKFLOW" | "workflow" => Some(Kind::Workflow),
        "WIDGET" | "widget" | "viewer" => Some(Kind::Widget),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(name: &str, project: Option<&str>) -> Offered {
        Offered {
            name: name.to_owned(),
            project: project.map(ToOwned::to_owned),
            title: String::new(),
            description: String::new(),
            kind: Kind::Program,
            disabled: false,
        }
    }

    #[test]
    fn names_that_no_service_has_are_left_out() {
        let long = "x".repeat(65);
        let wrong = ["", "a b", "a::b", "a/b", "server", "<img>", "é", "a\n", long.as_str()];
        let names = wrong.iter().flat_map(|wrong| [offered(wrong, None), offered("a", Some(wrong))]);
        assert_eq!(offer(Protocol::Docket, names.collect(), 100).services, []);
    }

    #[test]
    fn texts_are_cut_and_each_service_is_taken_once() {
        let loud =
            Offered { title: "\u{7}t\0".repeat(500), description: "d\u{1b}\n".repeat(9_000), ..offered("a", None) };
        let many = [loud.clone(), loud, offered("a", Some("p")), offered("b", None)];
        let services = offer(Protocol::Mobyle2, many.to_vec(), 2).services;
        assert_eq!(services.len(), 2);
        assert_eq!(services[0].title, "t".repeat(200));
        assert_eq!(services[0].description, "d\n".repeat(5_000));
        assert_eq!((services[1].title.as_str(), services[1].project.as_deref()), ("a", Some("p")));
    }
}

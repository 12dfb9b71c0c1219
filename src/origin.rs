//! The surface a request came in by, and from where.

use std::net::IpAddr;

/// The surface a request came in by. It selects policies and is never an argument of the schema, so no caller can
/// choose a weaker one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The public GraphQL API, over any transport.
    GraphQl,
    /// Project-W's routes.
    ProjectW,
    /// TopChef's.
    TopChef,
    /// backrest's.
    Backrest,
    /// Mobyle2's.
    Mobyle2,
    /// MyBRC's, and those that the Slurm plugins call.
    Mybrc,
}

impl Origin {
    /// Every surface.
    pub const ALL: [Self; 6] =
        [Self::GraphQl, Self::ProjectW, Self::TopChef, Self::Backrest, Self::Mobyle2, Self::Mybrc];

    /// The surface of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.word() == word)
    }

    /// The word by which files and rows know it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GraphQl => "graphql",
            Self::ProjectW => "project-w",
            Self::TopChef => "topchef",
            Self::Backrest => "backrest",
            Self::Mobyle2 => "mobyle2",
            Self::Mybrc => "mybrc",
        }
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The peer's address, or the one a trusted proxy vouches for.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, as sent.
    pub user_agent: Option<String>,
}

impl Client {
    /// What the client's program calls itself, without control characters and cut to 200 characters.
    #[must_use]
    pub fn agent(&self) -> Option<String> {
        let agent = self.user_agent.as_ref()?;
        Some(agent.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

/// How a request came in: what the domain needs to know of it beside who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The surface.
    pub origin: Origin,
    /// The other end.
    pub client: Client,
}

impl Via {
    /// The server's own command line, which has no other end.
    #[must_use]
    pub const fn console() -> Self {
        Self { origin: Origin::GraphQl, client: Client { address: None, user_agent: None } }
    }
}

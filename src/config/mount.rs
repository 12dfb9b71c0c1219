//! What the sections of the old APIs have in common.

use std::net::SocketAddr;

use super::load::reachable;
use super::{Backrest, Config, Mobyle2, Mybrc, MybrcRest, ProjectW, Topchef};

/// Where an old API stands, and who may call it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Whether it is there.
    pub enabled: bool,
    /// Its path beside the rest of the server, without a slash at the end.
    pub path: String,
    /// Its own address, where it stands at the root.
    pub listen: Option<SocketAddr>,
    /// How clients reach that address.
    pub public_url: Option<String>,
    /// The user that callers without a credential act as.
    pub anonymous_as: Option<String>,
    /// The day from which it counts as deprecated, `YYYY-MM-DD`.
    pub deprecated: Option<String>,
    /// The day on which it goes away, `YYYY-MM-DD`.
    pub sunset: Option<String>,
}

macro_rules! mount {
    ($Section:ident, $anonymous:expr) => {
        impl From<&$Section> for Mount {
            fn from(section: &$Section) -> Self {
                let anonymous: fn(&$Section) -> Option<String> = $anonymous;
                Self {
                    enabled: section.enabled,
                    path: section.mount.clone(),
                    listen: section.listen,
                    public_url: section.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
                    anonymous_as: anonymous(section),
                    deprecated: section.deprecated.clone(),
                    sunset: section.sunset.clone(),
                }
            }
        }
    };
}

mount!(ProjectW, |_| None);
mount!(Topchef, |section| section.anonymous_as.clone());
mount!(Backrest, |_| None);
mount!(Mobyle2, |_| None);
mount!(Mybrc, |section| section.anonymous_as.clone());
mount!(MybrcRest, |section| section.anonymous_as.clone());

impl Config {
    /// Whether the operator has said how clients reach the server; else the address is only a guess from `listen`.
    #[must_use]
    pub fn has_public_url(&self) -> bool {
        self.public_url != format!("http://{}", reachable(self.listen))
    }

    /// Where each old API stands, by the key that says so.
    #[must_use]
    pub fn mounts(&self) -> [(&'static str, Mount); 6] {
        [
            ("compat.project_w.mount", (&self.project_w).into()),
            ("compat.topchef.mount", (&self.topchef).into()),
            ("compat.backrest.mount", (&self.backrest).into()),
            ("compat.mobyle2.mount", (&self.mobyle2).into()),
            ("compat.mybrc.mount", (&self.mybrc).into()),
            ("compat.mybrc_rest.mount", (&self.mybrc_rest).into()),
        ]
    }
}

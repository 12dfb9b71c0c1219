//! What the sections of the old APIs have in common.

use std::net::SocketAddr;

use super::Config;
use super::load::reachable;

/// Where an old API stands, and who may call it there. In the file these are keys of its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Whether it is there.
    pub enabled: bool,
    /// The path under which it stands, beside the rest of the server: without a slash at the end.
    pub path: String,
    /// An address and port of its own where it stands at the root, for clients that know no path; none by default.
    pub listen: Option<SocketAddr>,
    /// The address under which clients reach `listen`; the host that a request names, when it is not set.
    pub public_url: Option<String>,
    /// The name of the user that callers without a credential act as; without one they must bring a credential. Only
    /// an API that knows no log-in has this key.
    pub anonymous_as: Option<String>,
    /// The day from which answers say that it is deprecated (`2026-12-31`); they never do by default.
    pub deprecated: Option<String>,
    /// The day on which it goes away, as answers are to say.
    pub sunset: Option<String>,
}

impl Mount {
    /// An old API that stands at this path, and whose other settings are the defaults.
    pub(super) fn at(path: &str) -> Self {
        Self {
            enabled: true,
            path: path.to_owned(),
            listen: None,
            public_url: None,
            anonymous_as: None,
            deprecated: None,
            sunset: None,
        }
    }
}

/// The keys of a section that stand in its [`Mount`].
macro_rules! mount_keys {
    ($part:ident, $path:literal $(, $anonymous_as:ident)?) => {{
        use $crate::config::{check, setting::key};
        vec![
            key!(concat!($path, ".enabled"), bool, check::any, $part.at.enabled),
            key!(concat!($path, ".mount"), String, check::mount, $part.at.path),
            key!(concat!($path, ".listen"), Option<SocketAddr>, check::any, $part.at.listen),
            key!(concat!($path, ".public_url"), Option<String>, check::maybe_base_url, $part.at.public_url),
            $( key!(concat!($path, ".anonymous_as"), Option<String>, check::any, $part.at.$anonymous_as), )?
            key!(concat!($path, ".deprecated"), Option<String>, check::day, $part.at.deprecated),
            key!(concat!($path, ".sunset"), Option<String>, check::day, $part.at.sunset),
        ]
    }};
}

pub(super) use mount_keys;

impl Config {
    /// Whether the operator has said how clients reach the server; else the address is only a guess from `listen`.
    #[must_use]
    pub fn has_public_url(&self) -> bool {
        self.public_url != format!("http://{}", reachable(self.listen))
    }

    /// Where each old API stands, by the key that says so.
    #[must_use]
    pub fn mounts(&self) -> [(&'static str, &Mount); 6] {
        [
            ("compat.project_w.mount", &self.project_w.at),
            ("compat.topchef.mount", &self.topchef.at),
            ("compat.backrest.mount", &self.backrest.at),
            ("compat.mobyle2.mount", &self.mobyle2.at),
            ("compat.mybrc.mount", &self.mybrc.at),
            ("compat.mybrc_rest.mount", &self.mybrc_rest.at),
        ]
    }
}

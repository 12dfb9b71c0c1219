//! The old APIs in the demo: open to callers without a credential, at the ports where their clients look for them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::people::DEMO;
use crate::config::{Config, Mount};

/// Where `TopChef`'s clients look.
const TOPCHEF: u16 = 5000;
/// Where `MyBRC`'s do.
const MYBRC: u16 = 8111;

/// Lets callers without a credential act as the demo user on the old APIs that know no log-in, and takes the ports of
/// their own for them as far as these are free. What the operator has set stays.
///
/// Returns what it has taken, to be given to the server.
#[must_use]
pub fn open_old_apis(config: &mut Config) -> Vec<TcpListener> {
    let demo = || Some(DEMO.to_owned());
    let anonymous = [
        &mut config.topchef.at.anonymous_as,
        &mut config.mybrc.at.anonymous_as,
        &mut config.mybrc_rest.at.anonymous_as,
    ];
    for anonymous in anonymous {
        *anonymous = anonymous.take().or_else(demo);
    }
    let mut taken = Vec::new();
    for (listen, enabled, port) in [
        (&mut config.topchef.at.listen, config.topchef.at.enabled, TOPCHEF),
        (&mut config.mybrc.at.listen, config.mybrc.at.enabled, MYBRC),
    ] {
        if listen.is_none()
            && enabled
            && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        {
            *listen = Some((Ipv4Addr::LOCALHOST, port).into());
            taken.push(listener);
        }
    }
    taken
}

/// The old APIs that know no log-in: what each is called, and the address of a list to begin with.
pub(super) fn open(config: &Config, server: SocketAddr) -> Vec<(&'static str, String)> {
    let place = |at: &Mount, list: &str| match at.listen {
        Some(address) => format!("http://{address}{list}"),
        None => format!("http://{server}{}{list}", at.path),
    };
    [("TopChef", &config.topchef.at, "/services"), ("MyBRC", &config.mybrc.at, "/jobs/")]
        .into_iter()
        .filter(|(_, at, _)| at.enabled)
        .map(|(name, at, list)| (name, place(at, list)))
        .collect()
}

//! Rules for single values, and for values that must fit each other.
#![expect(clippy::ptr_arg, clippy::ref_option, reason = "a rule takes its key's own type, which is String, not str")]

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::Config;
use super::setting::Rule;

/// A range, both ends included.
pub(super) struct Within<T> {
    pub least: T,
    pub most: T,
}

pub(super) const fn within<T>(least: T, most: T) -> Within<T> {
    Within { least, most }
}

impl<T: Display + PartialOrd> Rule<T> for Within<T> {
    fn expected(&self) -> String {
        format!(" from {} to {}", self.least, self.most)
    }

    fn check(&self, value: &T) -> Result<(), String> {
        if *value < self.least || *value > self.most {
            return Err(format!("found {value}; expected a whole number{}", self.expected()));
        }
        Ok(())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in the table beside rules that do refuse")]
pub(super) fn any<T>(_: &T) -> Result<(), String> {
    Ok(())
}

/// A PostgreSQL database, or a SQLite file: the readers open it a second time, so a database in memory would show them
/// nothing. What else is wrong with a PostgreSQL URL is said when it is opened.
pub(super) fn database_url(url: &String) -> Result<(), String> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "postgres" | "postgresql" => {
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            return if rest.is_empty() {
                Err("the host is missing; expected \"postgres://user@host/database\"".to_owned())
            } else {
                Ok(())
            };
        }
        "sqlite" => {}
        _ => {
            return Err("expected a database URL such as \"sqlite://docket.db\" or \"postgres://user@host/database\""
                .to_owned());
        }
    }
    let rest = url.strip_prefix("sqlite:").unwrap_or_default();
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() {
        return Err("the path of the database is missing; expected \"sqlite://path\"".to_owned());
    }
    if path.contains(":memory:") {
        return Err("a database in memory is not supported; expected a file, \"sqlite://path\"".to_owned());
    }
    if path.contains('?') {
        return Err("options after `?` are not supported; expected \"sqlite://path\"".to_owned());
    }
    Ok(())
}

/// A folder, or a bucket where this build knows how to ask one.
pub(super) fn files_store(place: &String) -> Result<(), String> {
    const EXPECTED: &str = "expected a folder, or \"s3://bucket/prefix\" in a build with the feature s3";
    let (scheme, rest) = place.split_once("://").unwrap_or(("file", place));
    match scheme {
        "file" if rest.trim().is_empty() => Err(format!("it is empty; {EXPECTED}")),
        "s3" if !cfg!(feature = "s3") => Err("this build has not the feature s3; expected a folder".to_owned()),
        "s3" if rest.split('/').next().is_none_or(str::is_empty) => Err(format!("the bucket is missing; {EXPECTED}")),
        "file" | "s3" => Ok(()),
        _ => Err(format!("{scheme}: is not known; {EXPECTED}")),
    }
}

/// An absolute http or https URL that paths can be appended to.
pub(super) fn base_url(url: &String) -> Result<(), String> {
    const EXPECTED: &str = "expected an absolute URL such as \"https://docket.example.org\"";
    let uri: Uri = url.parse().map_err(|error| format!("{error}; {EXPECTED}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(format!("the scheme is neither http nor https; {EXPECTED}"));
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(format!("a user or password has no place in it; {EXPECTED}"));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(format!("a query or fragment has no place in it; {EXPECTED}"));
    }
    if uri.path().split('/').any(|segment| matches!(decode_dots(segment).as_str(), "." | "..")) {
        return Err(format!("`.` and `..` have no place in its path; {EXPECTED}"));
    }
    Ok(())
}

/// Nothing, or the address of a page, which may be one that finds its way by what stands after `#`.
pub(super) fn client_url(url: &String) -> Result<(), String> {
    if url.is_empty() { Ok(()) } else { base_url(&url.trim_end_matches('/').trim_end_matches("/#").to_owned()) }
}

/// Where a browser is sent: a path of the page that clients have, or an address of its own.
pub(super) fn redirect(target: &String) -> Result<(), String> {
    const EXPECTED: &str = "expected a path such as \"/#/welcome\", or an address that begins with http:// or https://";
    let path = target.starts_with('/') && !target.starts_with("//");
    let address = base_url(&target.split(['?', '#']).next().unwrap_or_default().to_owned()).is_ok();
    if !(path || address) || !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(format!("found {target:?}; {EXPECTED}"));
    }
    Ok(())
}

/// The same with one place for a token.
pub(super) fn redirect_with_token(target: &String) -> Result<(), String> {
    if target.matches("%s").count() != 1 {
        return Err(format!("found {target:?}; expected one %s in it, where the token is to stand"));
    }
    redirect(&target.replace("%s", "token"))
}

/// Every item a domain as it stands in an address, in lower case.
pub(super) fn domains(items: &Vec<String>) -> Result<(), String> {
    let allowed = |letter: char| !letter.is_uppercase() && !letter.is_whitespace() && !letter.is_control();
    for item in items {
        if item.split('.').any(str::is_empty) || item.contains(['@', '/']) || !item.chars().all(allowed) {
            return Err(format!("{item:?} is not a domain in lower case; expected one such as \"example.org\""));
        }
    }
    Ok(())
}

/// The same, when there is one.
pub(super) fn maybe_base_url(url: &Option<String>) -> Result<(), String> {
    url.as_ref().map_or(Ok(()), base_url)
}

/// Where an old API stands: `/one` or `/one/two`.
pub(super) fn mount(path: &String) -> Result<(), String> {
    const OWN: [&str; 11] = [
        "graphql",
        "graphiql",
        "files",
        "jobs",
        "healthz",
        "readyz",
        "metrics",
        "compat",
        "session",
        "activate",
        "resetPassword",
    ];
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let named = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(allowed);
    let inside = path.strip_prefix('/').unwrap_or_default();
    if !inside.split('/').all(named) {
        return Err(
            "expected a path such as \"/old\": letters, digits, `.`, `_`, `-`, without a slash at the end".to_owned()
        );
    }
    if inside.split('/').next().is_some_and(|first| OWN.contains(&first)) {
        return Err(format!("{path} is a path of the server itself; take another"));
    }
    Ok(())
}

/// A day of the calendar.
pub(super) fn day(day: &Option<String>) -> Result<(), String> {
    let Some(day) = day else { return Ok(()) };
    let read = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d");
    read.map(drop).map_err(|_| format!("{day:?} is not a day; expected one such as \"2026-12-31\""))
}

/// Browsers treat `%2e` in a path as a dot.
fn decode_dots(segment: &str) -> String {
    segment.to_ascii_lowercase().replace("%2e", ".")
}

/// Every item as a browser sends it in `Origin`: scheme, host and port, nothing more.
pub(super) fn origins(items: &Vec<String>) -> Result<(), String> {
    for item in items {
        let bare = item.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
        if !bare || base_url(item).is_err() {
            return Err(format!(
                "{item:?} is not an origin; expected scheme, host and port only, such as \"https://lab.example.org\""
            ));
        }
    }
    Ok(())
}

/// Every item a name or an address, as it stands in a URL between the slashes and the port.
pub(super) fn hosts(items: &Vec<String>) -> Result<(), String> {
    for item in items {
        let url: Option<Uri> = format!("http://{item}").parse().ok();
        let bare = url.is_some_and(|url| url.host() == Some(item) && url.port().is_none());
        if !bare || item.contains(['@', '*']) {
            return Err(format!("{item:?} is not a host; expected a name or an address, such as \"lab.example.org\""));
        }
    }
    Ok(())
}

/// `server` stands in full names for what is no project's; a server of that name could not be told from it.
/// A sender as mails name it.
pub(super) fn mailbox(text: &String) -> Result<(), String> {
    text.parse::<lettre::message::Mailbox>().map(|_| ()).map_err(|error| {
        format!("{error}; expected an address such as \"docket@example.org\" or \"docket <docket@example.org>\"")
    })
}

pub(super) fn server_name(name: &String) -> Result<(), String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    if name == "server" {
        return Err("`server` is reserved; expected another name".to_owned());
    }
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(format!("found {name:?}; expected 1 to 64 letters, digits, `.`, `_` or `-`"));
    }
    Ok(())
}

pub(super) fn log_filter(filter: &String) -> Result<(), String> {
    log_targets(filter).map(|_| ())
}

/// The filter of log lines that a text stands for: only errors when it is empty.
pub fn log_targets(filter: &str) -> Result<Targets, String> {
    const EXPECTED: &str = "expected a level such as \"info\", or directives such as \"info,docket=debug\"";
    if let Some(part) = filter.split(',').find(|part| part.contains(['[', ']', '{', '}'])) {
        return Err(format!("{part:?}: lines are not told apart by spans and their fields; {EXPECTED}"));
    }
    // An empty directive would stand for every line of every target.
    let directives: Vec<_> = filter.split(',').map(str::trim).filter(|directive| !directive.is_empty()).collect();
    if directives.is_empty() {
        return Ok(Targets::new().with_default(LevelFilter::ERROR));
    }
    directives.join(",").parse().map_err(|error| format!("{error}; {EXPECTED}"))
}

/// What is wrong although every single value is right: the keys that do not fit, and why.
pub(super) fn whole(config: &Config) -> Vec<([&'static str; 2], String)> {
    let Config { http, graphql, jobs, sessions, .. } = config;
    let less = [
        (
            ["jobs.heartbeat_seconds", "jobs.lease_seconds"],
            jobs.heartbeat_seconds as usize,
            jobs.lease_seconds as usize,
        ),
        (["jobs.parameters_bytes", "http.body_bytes"], jobs.parameters_bytes, http.body_bytes),
        (["jobs.results_bytes", "http.body_bytes"], jobs.results_bytes, http.body_bytes),
        (["graphql.document_bytes", "http.body_bytes"], graphql.document_bytes, http.body_bytes),
    ];
    let per_minute = if graphql.cost_per_minute == 0 { u32::MAX } else { graphql.cost_per_minute };
    let at_most = [
        (
            ["sessions.idle_hours", "sessions.absolute_hours"],
            sessions.idle_hours as usize,
            sessions.absolute_hours as usize,
        ),
        (["graphql.cost", "graphql.cost_per_minute"], graphql.cost as usize, per_minute as usize),
    ];
    let not_less = less
        .into_iter()
        .filter(|(_, small, large)| small >= large)
        .map(|([a, b], small, large)| ([a, b], format!("{a} ({small}) must be less than {b} ({large})")));
    let too_much = at_most
        .into_iter()
        .filter(|(_, small, large)| small > large)
        .map(|([a, b], small, large)| ([a, b], format!("{a} ({small}) must be at most {b} ({large})")));
    not_less
        .chain(too_much)
        .chain(config.mail.faults())
        .chain(two_at_one_place(config))
        .chain(listening_twice(config))
        .collect()
}

/// Old APIs that let callers without a credential in, where others than this machine reach them.
pub(super) fn open_doors(config: &Config) -> Vec<String> {
    let reached = |address: SocketAddr| !address.ip().to_canonical().is_loopback();
    let open = config.mounts().into_iter().filter_map(|(key, mount)| {
        let name = mount.anonymous_as.as_ref().filter(|_| mount.enabled)?;
        let listen = std::iter::once(config.listen).chain(mount.listen).find(|address| reached(*address))?;
        let section = key.trim_end_matches(".mount");
        Some(format!("{section}.anonymous_as lets everybody who reaches {listen} act as {name}, without a credential"))
    });
    open.collect()
}

/// Old APIs that are to stand at one path.
fn two_at_one_place(config: &Config) -> Vec<([&'static str; 2], String)> {
    let mounts: Vec<_> = config.mounts().into_iter().filter(|(_, mount)| mount.enabled).collect();
    let mut clashes = Vec::new();
    for (index, (key, mount)) in mounts.iter().enumerate() {
        for (other, its) in &mounts[..index] {
            if its.path == mount.path {
                clashes.push(([*key, *other], format!("{key} and {other} are both {}", mount.path)));
            }
        }
    }
    clashes
}

/// Listeners of which the second could not be bound: the server's own, and those of old APIs. A port 0 is any free one.
fn listening_twice(config: &Config) -> Vec<([&'static str; 2], String)> {
    let keys = config.mounts().map(|(key, mount)| (listen_key(key), mount.listen.filter(|_| mount.enabled)));
    let all = std::iter::once(("listen", Some(config.listen))).chain(keys);
    let all: Vec<_> = all.filter_map(|(key, address)| Some((key, address?))).collect();
    let mut clashes = Vec::new();
    for (index, (key, address)) in all.iter().enumerate() {
        for (other, its) in &all[..index] {
            if address.port() != 0 && address.port() == its.port() && overlap(address.ip(), its.ip()) {
                clashes.push(([*key, *other], format!("{key} ({address}) and {other} ({its}) take the same port")));
            }
        }
    }
    clashes
}

/// Whether a port cannot be taken at both addresses: `0.0.0.0` is every address of IPv4, and `[::]` is every address,
/// since systems let it take IPv4's, too.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    let takes = |all: IpAddr, one: IpAddr| all.is_unspecified() && (all.is_ipv6() || one.is_ipv4());
    one == other || takes(one, other) || takes(other, one)
}

/// The key of a section's own address, by the key of its mount.
fn listen_key(mount: &'static str) -> &'static str {
    let listen = super::KEYS
        .iter()
        .map(|key| key.path)
        .find(|path| path.strip_suffix(".listen").is_some_and(|section| mount.strip_suffix(".mount") == Some(section)));
    listen.unwrap_or(mount)
}

/// The URL with its password, if it carries one, replaced by `***`.
#[must_use]
pub fn mask_url(url: &str) -> String {
    let masked = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // A password may itself hold `/` or `@` when it was written without escapes: the last `@` ends it.
        let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'))?;
        let (user, _) = rest[..at].split_once(':')?;
        Some(format!("{scheme}://{user}:***{}", &rest[at..]))
    });
    let text = masked.unwrap_or_else(|| url.to_owned());
    match text.split_once("password=") {
        Some((before, after)) => {
            let rest = after.find('&').map_or("", |end| &after[end..]);
            format!("{before}password=***{rest}")
        }
        None => text,
    }
}

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::load::Draft;
use super::*;

/// The problems of a file with this text, one a line.
fn problems_of(text: &str) -> Vec<String> {
    let mut draft = Draft::default();
    file::parse(&mut draft, "docket.toml", text);
    draft.problems.iter().map(ToString::to_string).collect()
}

fn problem_of(text: &str) -> String {
    match problems_of(text).as_slice() {
        [one] => one.clone(),
        other => panic!("expected one problem, found {other:#?}"),
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

/// Loads a file with this text, so that the whole way is taken, variables and flags included.
fn load_all(
    text: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("docket.toml");
    std::fs::write(&path, text).expect("the file is written");
    let flags = flags.iter().map(|(path, name, value)| Flag { path, name, value: (*value).to_owned() }).collect();
    load(&Sources { file: Some(path.clone()), environment: variables(environment), flags })
        .map_err(|problems| problems.to_string().replace(&path.display().to_string(), "docket.toml"))
}

fn refusal(text: &str, environment: &[(&str, &str)], flags: &[(&'static str, &'static str, &str)]) -> String {
    load_all(text, environment, flags).expect_err("it is refused")
}

#[test]
fn every_default_is_allowed_by_its_own_rule() {
    let defaults = load_all("", &[], &[]).expect("the defaults hold together");
    assert_eq!(defaults.config, Config::default());
    for entry in defaults.entries() {
        let text = match &entry.value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(_) | serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        let name = environment::variable(entry.path);
        let loaded = load_all("", &[(&name, &text)], &[]).expect("a default can be written down");
        assert_eq!(loaded.config, Config::default(), "{name}");
    }
}

#[test]
fn a_section_of_every_kind_is_read() {
    let text = "listen = \"[::1]:9000\"\ncors_origins = [\"https://lab.example.org\"]\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\"]\n\
                anonymous_reads_services = false\ndatabase.url = \"sqlite:///srv/docket.db\"\n[log]\nformat = \"json\"\n[jobs]\nlease_seconds = 0x40\n";
    let config = load_all(text, &[], &[]).expect("it is right").config;
    assert_eq!(config.listen.port(), 9000);
    assert_eq!(config.public_url, "http://[::1]:9000");
    assert_eq!(config.cors_origins, ["https://lab.example.org"]);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert!(!config.anonymous_reads_services);
    assert_eq!(config.database.url, "sqlite:///srv/docket.db");
    assert_eq!(config.database.path(), Some(Path::new("/srv/docket.db")));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.jobs.lease_seconds, 64);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
    assert_eq!(
        problem_of("\n[jobs]\n  leese_seconds = 3\n"),
        "docket.toml:3:3: unknown key `jobs.leese_seconds`; did you mean `lease_seconds`?"
    );
    assert_eq!(
        problem_of("lease_seconds = 3"),
        "docket.toml:1:1: unknown key `lease_seconds`; did you mean `jobs.lease_seconds`, in the section [jobs]?"
    );
    assert_eq!(
        problem_of("[log]\nlisten = \"127.0.0.1:1\""),
        "docket.toml:2:1: unknown key `log.listen`; did you mean `listen`, above the first section?"
    );
    assert_eq!(
        problem_of("[log]\ncolour = 1"),
        "docket.toml:2:1: unknown key `log.colour`; known here: format, filter"
    );
    assert_eq!(problem_of("[job]\nx = 1"), "docket.toml:1:2: unknown section `job`; did you mean `jobs`?");
    assert_eq!(problem_of("jobs = 3"), "docket.toml:1:8: `jobs` is a section; expected [jobs] with its keys below");
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_what_would_be_right() {
    assert_eq!(
        problem_of("[jobs]\nlease_seconds = \"30\""),
        "docket.toml:2:17: jobs.lease_seconds: found the string \"30\"; expected a whole number from 1 to 86400"
    );
    assert_eq!(
        problem_of("anonymous_reads_services = 1"),
        "docket.toml:1:28: anonymous_reads_services: found 1; expected true or false"
    );
    assert_eq!(
        problem_of("[listen]\nport = 1"),
        "docket.toml:1:1: listen: found a table; expected an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\""
    );
    assert_eq!(
        problem_of("listen = \"localhost\""),
        "docket.toml:1:10: listen: found the string \"localhost\"; expected an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\""
    );
    assert_eq!(
        problem_of("trusted_proxies = [\"10.0.0.0/8\", \"proxy\"]"),
        "docket.toml:1:19: trusted_proxies: found the string \"proxy\"; expected a list of addresses or networks, such as \"192.0.2.7\" or \"10.0.0.0/8\""
    );
    assert_eq!(
        problem_of("log.format = \"xml\""),
        "docket.toml:1:14: log.format: found the string \"xml\"; expected \"text\" or \"json\""
    );
}

#[test]
fn a_number_out_of_its_range_is_refused() {
    for (number, found) in
        [("0", "0"), ("86401", "86401"), ("-5", "-5"), ("99999999999999999999", "99999999999999999999"), ("1.5", "1.5")]
    {
        assert_eq!(
            problem_of(&format!("jobs.lease_seconds = {number}")),
            format!("docket.toml:1:22: jobs.lease_seconds: found {found}; expected a whole number from 1 to 86400")
        );
    }
}

#[test]
fn urls_are_checked() {
    assert_eq!(
        problem_of("database.url = \"postgres://\""),
        "docket.toml:1:16: database.url: the host is missing; expected \"postgres://user@host/database\""
    );
    let refused = |key: &str, url: &str| problems_of(&format!("{key} = {url:?}")).len() == 1;
    for url in [
        "docket.db",
        "mysql://x",
        "sqlite:",
        "sqlite://",
        "sqlite://?mode=rwc",
        "sqlite::memory:",
        "sqlite://x?mode=memory",
    ] {
        assert!(refused("database.url", url), "{url}");
    }
    for url in [
        "ftp://x",
        "example.org",
        "/x",
        "https://",
        "https://a:b@x",
        "https://x/a/../b",
        "https://x/%2E%2e/",
        "https://x/?a",
        "https://x/#a",
        "https://x y",
    ] {
        assert!(refused("public_url", url), "{url}");
    }
    assert!(!refused("public_url", "https://x.example.org:8443/docket"));
    assert_eq!(
        problem_of("cors_origins = [\"https://a.example.org\", \"https://b.example.org/\"]"),
        "docket.toml:1:16: cors_origins: \"https://b.example.org/\" is not an origin; expected scheme, host and port only, such as \"https://lab.example.org\""
    );
}

#[test]
fn a_log_filter_is_levels_and_targets() {
    const EXPECTED: &str = "expected a level such as \"info\", or directives such as \"info,docket=debug\"";
    for filter in ["", "off", "info", "docket", "info,docket::access=debug,docket::sql=trace", " warn, docket=debug,"] {
        assert_eq!(problems_of(&format!("log.filter = {filter:?}")), [""; 0], "{filter}");
    }
    assert_eq!(
        problem_of("[log]\nfilter = \"info,docket[request{id=1}]=debug\""),
        format!(
            "docket.toml:2:10: log.filter: \"docket[request{{id=1}}]=debug\": lines are not told apart by spans and \
             their fields; {EXPECTED}"
        )
    );
    let problem = problem_of("log.filter = \"docket=loud\"");
    assert!(problem.starts_with("docket.toml:1:14: log.filter: ") && problem.ends_with(EXPECTED), "{problem}");
    let targets = |filter: &str| super::log_targets(filter).expect("a filter");
    assert!(targets("").would_enable("docket", &tracing::Level::ERROR));
    assert!(!targets(",").would_enable("docket", &tracing::Level::WARN));
    assert!(!targets("info,").would_enable("docket", &tracing::Level::DEBUG));
}

#[test]
fn everything_wrong_is_reported_at_once_in_the_order_of_the_lines() {
    let problems = refusal(
        "lisen = 1\n[jobs]\nsweep_seconds = 0\nlease_seconds = true\n",
        &[("DOCKET_HTTP__CONNECTIONS", "many")],
        &[("listen", "--listen", "here")],
    );
    assert_eq!(
        problems.lines().collect::<Vec<_>>(),
        [
            "docket.toml:1:1: unknown key `lisen`; did you mean `listen`?",
            "docket.toml:3:17: jobs.sweep_seconds: found 0; expected a whole number from 1 to 3600",
            "docket.toml:4:17: jobs.lease_seconds: found true; expected a whole number from 1 to 86400",
            "DOCKET_HTTP__CONNECTIONS: found \"many\"; expected a whole number from 1 to 65536",
            "--listen: found \"here\"; expected an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        ]
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    let problems = problems_of("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n");
    assert_eq!(problems, ["docket.toml:2:1: duplicate key"]);
    let problems = problems_of("[jobs\nlease_seconds = = 3\n");
    assert!(problems.iter().any(|problem| problem.starts_with("docket.toml:1:")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.starts_with("docket.toml:2:")), "{problems:?}");
}

#[test]
fn columns_count_characters_not_bytes() {
    assert_eq!(
        problem_of("log = { filter = \"ü\", colour = 1 }").split(": ").next().expect("a place"),
        "docket.toml:1:23"
    );
}

#[test]
fn flags_override_variables_override_the_file() {
    let text = "listen = \"127.0.0.1:1\"\n[database]\nurl = \"sqlite://one.db\"\nreaders = 2\n";
    let environment = [("DOCKET_LISTEN", "127.0.0.1:2"), ("DOCKET_DATABASE_URL", "sqlite://two.db")];
    let loaded = load_all(text, &environment, &[("listen", "--listen", "127.0.0.1:3")]).expect("all are right");
    assert_eq!(loaded.config.listen.port(), 3);
    assert_eq!(loaded.config.public_url, "http://127.0.0.1:3");
    assert_eq!(loaded.config.database.url, "sqlite://two.db");
    assert_eq!(loaded.config.database.readers, 2);
    assert_eq!(loaded.origin("listen").to_string(), "flag --listen");
    assert_eq!(loaded.origin("database.url").to_string(), "env DOCKET_DATABASE_URL");
    assert!(loaded.origin("database.readers").to_string().ends_with("docket.toml:4"));
    assert_eq!(loaded.origin("jobs.lease_seconds"), &Origin::Default);
}

#[test]
fn variables_are_written_with_one_underscore_or_two() {
    for name in ["DOCKET_DATABASE__URL", "DOCKET_DATABASE_URL"] {
        let loaded = load_all("", &[(name, "sqlite://env.db")], &[]).expect("both spellings are known");
        assert_eq!(loaded.config.database.url, "sqlite://env.db");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
    assert_eq!(
        refusal("", &[("DOCKET_DATABASE__URL", "sqlite://a.db"), ("DOCKET_DATABASE_URL", "sqlite://b.db")], &[]),
        "DOCKET_DATABASE__URL: sets database.url, which DOCKET_DATABASE_URL sets too; keep one of them"
    );
    let folded: HashSet<String> =
        KEYS.iter().map(|key| environment::folded(&environment::variable(key.path))).collect();
    assert_eq!(folded.len(), KEYS.len(), "two keys share a variable");
}

#[test]
fn lists_in_variables_have_commas() {
    let loaded =
        load_all("", &[("DOCKET_CORS_ORIGINS", "https://a.example.org, http://b.example.org:81")], &[]).expect("right");
    assert_eq!(loaded.config.cors_origins, ["https://a.example.org", "http://b.example.org:81"]);
}

#[test]
fn unknown_variables_are_warned_about_and_those_of_tests_are_not() {
    let environment = [
        ("DOCKET_LISTN", "x"),
        ("DOCKET_COFFEE", "x"),
        ("DOCKET_TEST_POSTGRES_URL", "x"),
        ("DOCKET_BIN", "x"),
        ("DOCKET_ADMIN_PASSWORD", "x"),
        ("DOCKET_CONFIG", "x"),
        ("PATH", "x"),
    ];
    let loaded = load_all("", &environment, &[]).expect("a warning refuses nothing");
    assert_eq!(
        loaded.warnings,
        [
            "the environment variable DOCKET_COFFEE is unknown and has no effect; `docket config show` lists the keys",
            "the environment variable DOCKET_LISTN is unknown and has no effect; did you mean DOCKET_LISTEN?",
        ]
    );
}

#[test]
fn values_that_do_not_fit_each_other_are_refused_where_they_were_said() {
    assert_eq!(
        refusal("[jobs]\nheartbeat_seconds = 30\n", &[], &[]),
        "docket.toml:2:21: jobs.heartbeat_seconds (30) must be less than jobs.lease_seconds (30)"
    );
    assert_eq!(
        refusal("", &[("DOCKET_SESSIONS__ABSOLUTE_HOURS", "100")], &[]),
        "DOCKET_SESSIONS__ABSOLUTE_HOURS: sessions.idle_hours (168) must be at most sessions.absolute_hours (100)"
    );
    assert_eq!(
        refusal("http.body_bytes = 786432", &[], &[]),
        "docket.toml:1:19: jobs.results_bytes (786432) must be less than http.body_bytes (786432)"
    );
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let sources = Sources { file: Some(PathBuf::from("/nowhere/docket.toml")), ..Sources::default() };
    let problems = load(&sources).expect_err("there is no such file").to_string();
    assert!(problems.starts_with("/nowhere/docket.toml: cannot be read: "), "{problems}");
}

#[test]
fn the_address_for_clients_follows_the_listener_unless_it_is_set() {
    let at = |environment: &[(&str, &str)]| load_all("", environment, &[]).expect("right").config.public_url;
    assert_eq!(at(&[("DOCKET_LISTEN", "0.0.0.0:80")]), "http://127.0.0.1:80");
    assert_eq!(at(&[("DOCKET_PUBLIC_URL", "https://docket.example.org/")]), "https://docket.example.org");
}

#[test]
fn passwords_in_urls_are_not_shown() {
    assert_eq!(mask_url("postgres://ada:se/cr@et@host:5432/db"), "postgres://ada:***@host:5432/db");
    assert_eq!(
        mask_url("postgres://host/db?user=ada&password=secret&x=1"),
        "postgres://host/db?user=ada&password=***&x=1"
    );
    assert_eq!(mask_url("sqlite://docket.db"), "sqlite://docket.db");
    assert_eq!(mask_url("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    let loaded = load_all("", &[("DOCKET_DATABASE_URL", "sqlite://ada:hunter2@host/docket.db")], &[]).expect("right");
    assert!(!format!("{:?}", loaded.entries()).contains("hunter2"));
}

#[test]
fn no_two_listeners_take_one_port() {
    let clash = |text: &str| load_all(text, &[], &[]).map(drop);
    for (text, keys) in [
        (
            "listen = \"127.0.0.1:9000\"\n[compat.mybrc]\nlisten = \"127.0.0.1:9000\"\n",
            ["compat.mybrc.listen", "listen"],
        ),
        (
            "listen = \"0.0.0.0:9000\"\n[compat.topchef]\nlisten = \"127.0.0.1:9000\"\n",
            ["compat.topchef.listen", "listen"],
        ),
        ("listen = \"[::]:9000\"\n[compat.mybrc]\nlisten = \"0.0.0.0:9000\"\n", ["compat.mybrc.listen", "listen"]),
        (
            "listen = \"127.0.0.1:9000\"\n[compat.mybrc]\nlisten = \"[::ffff:127.0.0.1]:9000\"\n",
            ["compat.mybrc.listen", "listen"],
        ),
        (
            "[compat.mybrc]\nlisten = \"[::1]:9000\"\n[compat.topchef]\nlisten = \"[::1]:9000\"\n",
            ["compat.mybrc.listen", "compat.topchef.listen"],
        ),
    ] {
        let problem = clash(text).expect_err("they clash");
        assert!(keys.iter().all(|key| problem.contains(&format!("{key} ("))), "{problem}");
    }
    for text in [
        "listen = \"127.0.0.1:0\"\n[compat.mybrc]\nlisten = \"127.0.0.1:0\"\n",
        "listen = \"127.0.0.1:9000\"\n[compat.mybrc]\nlisten = \"127.0.0.2:9000\"\n",
        "listen = \"0.0.0.0:9000\"\n[compat.mybrc]\nlisten = \"[::1]:9000\"\n",
        "listen = \"127.0.0.1:9000\"\n[compat.mybrc]\nenabled = false\nlisten = \"127.0.0.1:9000\"\n",
    ] {
        assert_eq!(clash(text), Ok(()), "{text}");
    }
}

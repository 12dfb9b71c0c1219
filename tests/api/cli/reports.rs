//! What an operator reads at regular intervals: how the installation is, and what was used.

use serde_json::{Value as Json, json};

use super::{Terminal, text};

/// What was found of one thing.
fn of<'a>(findings: &'a Json, check: &str) -> Vec<&'a Json> {
    findings.as_array().expect("a list").iter().filter(|finding| finding["check"] == check).collect()
}

#[test]
fn a_sound_installation_is_told_so() {
    let terminal = Terminal::with_database();
    let output = terminal.run("doctor --json");
    let findings: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    // A cluster that was made for tests may keep nothing safe, and is told so.
    let is_careless = of(&findings, "settings").iter().any(|finding| finding["finding"].to_string().contains("fsync"));
    let safe = if is_careless { "database" } else { "settings" };
    assert_eq!(output.status.code(), Some(i32::from(is_careless)), "{findings:#}");
    for check in ["configuration", "database", safe, "writing", "schema", "event log", "jobs", "accounts"] {
        let found = of(&findings, check);
        assert!(!found.is_empty() && found.iter().all(|finding| finding["verdict"] == "ok"), "{check}: {findings:#}");
    }
    assert!(!of(&findings, "disk").is_empty() && !of(&findings, "runners").is_empty(), "{findings:#}");
    assert!(text(&terminal.run("doctor").stdout).starts_with("VERDICT"));
}

#[test]
fn what_is_not_there_is_wrong_and_so_is_the_exit_code() {
    let terminal = Terminal::with_empty_database();
    let output = terminal.run("doctor --json");
    let findings: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{findings:#}");
    let wrong = findings.as_array().expect("a list").iter().filter(|finding| finding["verdict"] == "WRONG");
    let mut advice = wrong.filter_map(|wrong| wrong["advice"].as_str());
    assert!(advice.any(|advice| advice.contains("docket db migrate")), "{findings:#}");
    assert!(of(&findings, "accounts").is_empty(), "there are no tables to look at");
    let unreachable = terminal.run("doctor --json --database-url postgres://docket@127.0.0.1:1/docket");
    assert_eq!(unreachable.status.code(), Some(1));
    assert!(text(&unreachable.stdout).contains("cannot be reached"), "{}", text(&unreachable.stdout));
}

#[test]
fn what_was_spent_is_added_up_for_a_spreadsheet() {
    let terminal = Terminal::with_database();
    for line in ["account create lab --grant 10", "account create other --grant 10"] {
        terminal.done(line);
    }
    assert_eq!(terminal.json("account usage --by user --json"), json!([]));
    terminal.done("account adjust lab --spent 2.5 --reason moved");
    terminal.done("account adjust other --spent 1 --reason moved");
    let by_user = terminal.json("account usage --by user --json");
    assert_eq!(by_user, json!([{ "user": null, "spent": "3.5", "jobs": 0, "runSeconds": 0.0 }]));
    let csv = terminal.done("account usage --by day --account lab --csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "day,spent,jobs,runSeconds"), "{csv}");
    assert!(lines[1].starts_with("20") && lines[1].ends_with(",2.5,0,0.0"), "{csv}");
    let early = terminal.json("account usage --by service --to 2020-01-01T00:00:00Z --json");
    assert_eq!(early, json!([]));
    assert!(terminal.done("account usage --by project").starts_with("PROJECT  SPENT"));
    assert_eq!(terminal.run("account usage").status.code(), Some(2));
    assert_eq!(terminal.run("account usage --by day --csv --json").status.code(), Some(2));
    assert!(terminal.refused("account usage --by day --account nolab").contains("account nolab"));
}

//! `docket import`, as somebody who takes over an old system meets it.

use std::process::Output;

use serde_json::{Value, json};

use super::{Terminal, text};
use crate::support::TestApp;

const USERS: &str = "UserName,UserID,UserMetadata,Email,LDAPUID,Created,Updated\n\
     ann,7,,ann@example.org,12,2017-11-18 20:39:17,\n";
const ACCOUNTS: &str = "AccountID,AccountName,AccountAllocation,AccountBalance,Type,Description,Created,Updated\n\
     3,fc_lab,100,40,FCA,,2018-06-05 13:27:34,\n";
const MEMBERS: &str = "id,UserID,AccountID,UserAllocation,UserBalance,Created,Updated\n\
     1,7,3,50,30,2018-06-05 13:27:34,\n";
const JOBS: &str = "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,Created,Updated\n\
     900,1,2017-07-18 08:39:29,\\N,\\N,7,3,1.5,1,1,1,2018-06-05 13:27:35,\n";

/// Writes an export of MyBRC into the folder `old`, with these users and jobs.
fn export(terminal: &Terminal, users: &str, jobs: &str) {
    std::fs::create_dir_all(terminal.folder.path().join("old")).expect("a folder");
    for (name, text) in [("users", users), ("accounts", ACCOUNTS), ("useraccountassociations", MEMBERS), ("jobs", jobs)]
    {
        terminal.write(&format!("old/{name}.csv"), text);
    }
}

fn counts(output: &Output) -> (Value, Value) {
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let counts = told["counts"].as_array().expect("counts").iter();
    let counts: Vec<Value> = counts.map(|it| json!([it["added"], it["known"], it["refused"]])).collect();
    (json!(counts), told)
}

#[test]
fn a_good_import_is_code_zero_and_may_be_repeated() {
    let terminal = Terminal::with_database();
    export(&terminal, USERS, JOBS);
    let output = terminal.run("import mybrc old --json");
    let (added, told) = counts(&output);
    assert_eq!((output.status.code(), added), (Some(0), json!([[1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]])));
    assert_eq!((&told["refused"], &told["refusedMore"], &told["notes"]), (&json!([]), &json!(0), &json!([])));
    let output = terminal.run("import mybrc old --json");
    assert_eq!((output.status.code(), counts(&output).0[3].clone()), (Some(0), json!([0, 1, 0])));
    assert!(terminal.done("import mybrc old").contains("useraccountassociations.csv"));
    assert_eq!(terminal.done("db check"), "The database is sound.");
    // What follows an import: the account is charged from now on, and the user is known by its uid.
    let set = terminal.json("account set fc_lab --charges-recorded-jobs yes --json");
    assert_eq!((&set["chargesRecordedJobs"], &set["overrun"]), (&json!(true), &json!("ALLOW")));
    assert_eq!(terminal.done("user set-ldap-uid ann 40001"), "The user ann is 40001 in the directory.");
    let number = terminal.json("user show ann --json")["number"].clone();
    terminal.done(&format!("user set-ldap-uid {number} 40002 --by-number"));
    assert_eq!(terminal.json("user show ann --json")["ldapUid"], "40002");
    assert!(terminal.refused("user set-ldap-uid ann --by-number 1").contains("is no number"));
    let twin = USERS.lines().nth(1).expect("a row").replacen('7', "9", 1);
    export(&terminal, &format!("{USERS}{twin}\n"), JOBS);
    terminal.done("import mybrc old");
    assert!(terminal.refused("user set-ldap-uid ann 40003").contains("several users are called ann"));
}

#[test]
fn refused_rows_are_told_with_their_reasons_and_are_code_two() {
    let terminal = Terminal::with_database();
    let users = format!("{USERS}bob,0,,,,,\n{}", "eve,x,,,,,\n".repeat(1_100));
    export(&terminal, &users, &format!("{JOBS}900,2,2017-07-18 08:39:29,,,7,3,1,1,1,1,,\n"));
    let output = terminal.run("import mybrc old");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(text(&output.stderr), "");
    for line in [
        "refused: users.csv:3: UserID is out of range: 0 is not from 1 to 2147483647.",
        "refused: users.csv:4: UserID is no whole number: \"x\".",
        "refused: 102 more, which are not listed",
    ] {
        assert!(said.lines().any(|told| told == line), "{line}: {said}");
    }
    let output = terminal.run("import mybrc old --json");
    let (counted, told) = counts(&output);
    assert_eq!((output.status.code(), &counted[0]), (Some(3), &json!([0, 1, 1101])));
    assert_eq!((told["refused"].as_array().map(Vec::len), &told["refusedMore"]), (Some(1_000), &json!(102)));
    let first = json!({ "place": "users.csv", "row": "3",
        "reason": "UserID is out of range: 0 is not from 1 to 2147483647." });
    assert_eq!(told["refused"][0], first);
}

#[test]
fn nothing_is_code_one_and_the_codes_are_in_the_help() {
    let terminal = Terminal::with_database();
    assert!(terminal.refused("import mybrc nowhere").contains("nowhere/users.csv"));
    assert!(terminal.refused("import backrest nowhere").contains("nowhere/globalroles.csv"));
    terminal.refused("import project-w nowhere.db");
    for old in ["mybrc", "project-w", "backrest"] {
        assert!(terminal.done(&format!("import {old} --help")).contains("3 when rows were refused"), "{old}");
    }
}

#[test]
fn users_of_backrest_are_taken_over() {
    let terminal = Terminal::with_database();
    std::fs::create_dir(terminal.folder.path().join("old")).expect("a folder");
    let id = "2b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a14";
    let columns = "id,active,email,password,firstname,lastname,creation_date,last_login_date";
    let user = format!("{columns}\n{id},t,cat@example.org,,,,2015-01-02 03:04:05.678+00,\n");
    terminal.write("old/principal.csv", &user);
    terminal.write("old/globalroles.csv", &format!("principal_id,role\n{id},admin\n"));
    terminal.done("import backrest old");
    let cat = terminal.json("user show cat@example.org --json");
    assert_eq!((&cat["isAdmin"], &cat["roles"], &cat["hasPassword"]), (&json!(true), &json!([]), &json!(false)));
}

/// On SQLite nothing is imported beside a server; on PostgreSQL an import is a transaction beside others.
#[tokio::test]
async fn an_import_beside_a_server_waits_for_nobody() {
    let app = TestApp::new().await;
    let terminal = Terminal::new();
    export(&terminal, USERS, JOBS);
    let line = format!("import mybrc old --database-url {}", app.database().url);
    let output = tokio::task::spawn_blocking(move || terminal.run(&line)).await.expect("it ends");
    let said = text(&output.stderr);
    if app.database().is_postgres() {
        assert_eq!(output.status.code(), Some(0), "{said}");
    } else {
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: Another docket serves "), "{said}");
    }
}

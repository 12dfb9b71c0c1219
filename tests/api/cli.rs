//! The program itself, as a person or a script meets it at a terminal.

mod import;
mod reports;
mod sharing;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use docket::compat::DIALECTS;
use serde_json::Value as Json;

use super::support::Database;

/// A folder with nothing in it but what the test puts there, and an empty database.
struct Terminal {
    folder: tempfile::TempDir,
    /// None is the file of the default configuration.
    database: Option<Database>,
}

impl Terminal {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), database: None }
    }

    /// A terminal with a database that has no tables.
    fn with_empty_database() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { database: Some(runtime.block_on(Database::empty())), ..Self::new() }
    }

    /// A terminal with a migrated database.
    fn with_database() -> Self {
        let terminal = Self::with_empty_database();
        terminal.done("db migrate");
        terminal
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the file is written");
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
            command.env_remove(name);
        }
        if let Some(database) = &self.database {
            command.env("DOCKET_DATABASE_URL", &database.url);
        }
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("the program starts")
    }

    /// What a command that succeeds prints.
    fn done(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn json(&self, line: &str) -> Json {
        serde_json::from_str(&self.done(line)).expect("JSON")
    }

    /// What a command that is refused says, with nothing on stdout.
    fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{line}");
        text(&output.stderr)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text").trim_end().to_owned()
}

#[test]
fn a_wrong_key_is_refused_with_its_line_by_every_command() {
    let terminal = Terminal::new();
    terminal.write("docket.toml", "[jobs]\nlese_seconds = 1\n");
    let problem = "docket.toml:2:1: unknown key `jobs.lese_seconds`; did you mean `lease_seconds`?";
    assert_eq!(terminal.refused("db migrate"), format!("error: {problem}"));
    assert!(!terminal.folder.path().join("docket.db").exists(), "it was refused, and yet it made a database");
    let check = terminal.run("config check");
    assert_eq!((check.status.code(), text(&check.stdout)), (Some(1), problem.to_owned()));
}

#[test]
fn the_effective_configuration_names_its_origins() {
    let terminal = Terminal::new();
    terminal.write("other.toml", "[jobs]\nlease_seconds = 60\n");
    let mut command = terminal.command("config show --json --config other.toml --database-url sqlite://flag.db");
    let output = command.env("DOCKET_LISTEN", "127.0.0.1:9999").output().expect("the program starts");
    let shown: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(shown["jobs.lease_seconds"], serde_json::json!({ "value": 60, "origin": "other.toml:2" }));
    assert_eq!(shown["listen"], serde_json::json!({ "value": "127.0.0.1:9999", "origin": "env DOCKET_LISTEN" }));
    assert_eq!(shown["database.url"]["origin"], "flag --database-url");
    assert_eq!(shown["jobs.heartbeat_seconds"]["origin"], "default");
}

#[test]
fn a_mistyped_path_does_not_make_a_database() {
    let terminal = Terminal::new();
    assert!(
        terminal
            .refused("user list --database-url sqlite://elsewhere.db")
            .starts_with("error: there is no database at")
    );
    assert!(!terminal.folder.path().join("elsewhere.db").exists());
}

#[test]
fn a_wrong_command_line_is_code_two() {
    let terminal = Terminal::new();
    for line in ["", "usr list", "user show", "token create t --user ada --scope jobs:rea", "runner show one"] {
        assert_eq!(terminal.run(line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn the_database_is_migrated_once_and_sound() {
    let terminal = Terminal::with_empty_database();
    let applied = terminal.json("db migrate --json")["applied"].as_u64().expect("a number");
    assert!(applied > 0);
    assert_eq!(terminal.json("db migrate --json")["applied"], 0);
    let steps = terminal.json("db status --json");
    assert_eq!(steps.as_array().expect("a list").len() as u64, applied);
    assert_eq!(terminal.done("db check"), "The database is sound.");
}

#[test]
fn passwords_come_from_a_pipe_or_the_generator_and_never_from_an_argument() {
    let terminal = Terminal::with_database();
    let refused = terminal.refused("user create ada");
    assert!(refused.contains("--password-stdin"), "{refused}");
    let mut child = terminal
        .command("user create ada --password-stdin --json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"correct horse battery\n").expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    assert!(!text(&output.stdout).contains("correct horse"), "the password is repeated");
    let made = terminal.json("user create bob --generate --json");
    assert!(made["password"].as_str().expect("a password").len() >= 16);
    assert_eq!(
        terminal.done("user set-password bob --generate").lines().count(),
        1,
        "a script gets the password alone"
    );
    assert_eq!(terminal.run("user create cy --password secret").status.code(), Some(2));
}

#[test]
fn every_wrong_field_of_a_user_has_its_line() {
    let terminal = Terminal::with_database();
    let refused = terminal.refused("user create a/b --no-password --email nowhere");
    assert!(refused.starts_with("error: 2 values are wrong:\n  username: "), "{refused}");
    assert!(refused.contains("\n  email: "), "{refused}");
    terminal.done("user create ada --no-password");
    assert_eq!(terminal.refused("user create ada --no-password"), "error: Another user has this name already.");
    assert_eq!(terminal.json("user list --json").as_array().expect("a list").len(), 1);
}

#[test]
fn services_runners_and_tokens_are_made_and_removed() {
    let terminal = Terminal::with_database();
    terminal.done("user create ada --admin --no-password");
    terminal.write("schema.json", r#"{"type": "object"}"#);
    terminal.write("broken.json", "{");
    let refused = terminal.refused("service create pi --parameters-schema schema.json --results-schema broken.json");
    assert!(refused.starts_with("error: broken.json: not JSON: "), "{refused}");
    let made = terminal.json("service create pi --parameters-schema schema.json --results-schema schema.json --json");
    assert_eq!(made["parametersSchema"], serde_json::json!({ "type": "object" }));
    let secret = terminal.done("runner create one --service pi");
    assert!(secret.starts_with("dkr_") && secret.lines().count() == 1, "a script gets the token alone");
    assert_eq!(terminal.json("runner show 1 --json")["services"], serde_json::json!(["pi"]));
    terminal.done("service disable pi");
    assert_eq!(terminal.json("service show pi --json")["disabled"], true);
    terminal.done("runner delete 1");
    terminal.done("service delete pi");
    assert_eq!(
        terminal.refused("service show pi"),
        "error: service pi: There is no such service, or you may not see it."
    );
    let secret = terminal.done("token create ci --user ada --scope jobs:read --expires-days 1");
    assert!(secret.starts_with("dkt_"), "{secret}");
    let tokens = terminal.json("token list --user ada --json");
    assert!(!tokens.to_string().contains(&secret), "a token is shown again");
    let id = tokens[0]["id"].as_str().expect("an id");
    assert!(terminal.json(&format!("token revoke {id} --json"))["revokedAt"].is_string());
}

#[test]
fn a_reader_that_has_gone_is_no_panic() {
    let terminal = Terminal::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = terminal.command("config show").stdout(writer).output().expect("the program starts");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn an_account_is_kept_at_the_command_line() {
    let terminal = Terminal::with_database();
    terminal.done("user create ada --no-password");
    let made = terminal.json("account create lab --type grant --overrun cap --grant 12.50 --member ada --json");
    assert_eq!((&made["granted"], &made["overrun"], &made["type"]), (&"12.5".into(), &"CAP".into(), &"grant".into()));
    terminal.done("account grant lab 7.5 --reason June");
    terminal.done("account adjust lab --granted -1 --spent 2 --reason moved");
    assert_eq!(terminal.json("account show lab --json")["available"], "17");
    terminal.done("account member lab ada --limit 3 --manager yes");
    let shown = terminal.json("account show lab --json");
    assert_eq!((&shown["members"][0]["user"], &shown["members"][0]["limit"]), (&"ada".into(), &"3".into()));
    assert_eq!(terminal.json("account list --json").as_array().expect("a list").len(), 1);
    let statement = terminal.json("account statement lab --json");
    let balances: Vec<&str> =
        statement.as_array().expect("a list").iter().filter_map(|it| it["available"].as_str()).collect();
    assert_eq!(balances, ["12.5", "20", "17"]);
    let csv = terminal.done("account statement lab --csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "bookedAt,kind,granted,held,spent,available,job,user,service,reason");
    assert!(lines[3].ends_with(",ADJUSTMENT,-1,0,2,17,,,,moved"), "{csv}");
    assert_eq!(terminal.json("account statement lab --from 2100-01-01T00:00:00Z --json"), serde_json::json!([]));
    assert_eq!(terminal.json("account holds --older 7d --json"), serde_json::json!([]));
    terminal.done("account member lab ada --remove");
    assert_eq!(terminal.done("db check"), "The database is sound.");
    for (line, named) in [
        ("account grant nolab 5", "account nolab"),
        ("account statement nolab", "account nolab"),
        ("account create new --member nobody", "user nobody"),
        ("client create x --user nobody --scope jobs:read", "user nobody"),
        ("user promote nope", "user nope"),
        ("server probe nolab", "server nolab"),
        ("runner show 77", "runner 77"),
    ] {
        let said = terminal.refused(line);
        assert!(said.starts_with(&format!("error: {named}: There is no such ")), "{line}: {said}");
    }
    assert_eq!(terminal.refused("account grant lab -1"), "error: amount: -1 is not more than 0.");
    assert_eq!(
        terminal.refused("account show other"),
        "error: account other: There is no such account, or you may not see it."
    );
    for line in
        ["account grant lab 1e3", "account grant lab", "account holds --older 7", "account adjust lab --spent 1"]
    {
        assert_eq!(terminal.run(line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn the_routes_of_the_old_apis_are_listed() {
    let terminal = Terminal::new();
    terminal.write("docket.toml", "[compat.topchef]\nmount = \"/kitchen\"\n");
    let text = terminal.done("routes --dialect topchef");
    for part in ["TopChef (topchef), at /kitchen", "GET /kitchen/jobs/{id}", "query Topchef_ShowJob(", "NOT_FOUND"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json: Json = serde_json::from_str(&terminal.done("routes --json")).expect("JSON");
    assert!(json.as_array().is_some_and(|all| all.iter().any(|one| one["dialect"] == "topchef")));
    let refused = terminal.run("routes --dialect gopher");
    assert!(!refused.status.success() && text_of(&refused).contains("there is no old API \"gopher\""));
    let terminal = Terminal::with_database();
    let text = terminal.done("routes --dialect backrest");
    assert!(text.contains("\nGET /-/\n"), "{text}");
    let all = terminal.done("routes");
    let listed: Vec<Json> = serde_json::from_str(&terminal.done("routes --json")).expect("a list");
    assert_eq!((DIALECTS.len(), listed.len()), (6, 6));
    for (dialect, one) in DIALECTS.iter().zip(&listed) {
        let routes = one["routes"].as_array().expect("a table");
        assert_eq!((&one["dialect"], routes.len()), (&Json::from(dialect.name), (dialect.routes)().len()));
        for route in routes {
            let (method, path) = (route["method"].as_str().expect("a method"), route["path"].as_str().expect("a path"));
            assert!(all.contains(&format!("\n{method} {path}\n")), "{method} {path} is not in {all}");
        }
    }
    assert!(terminal.done("routes --used").starts_with("DIALECT"));
    assert!(terminal.refused("routes --used --dialect gopher").contains("there is no old API \"gopher\""));
}

fn text_of(output: &Output) -> String {
    text(&output.stderr)
}

#[test]
fn who_opens_a_door_to_everybody_is_warned() {
    let terminal = Terminal::with_database();
    terminal.write("docket.toml", "listen = \"0.0.0.0:8080\"\n[compat.topchef]\nanonymous_as = \"chef\"\n");
    let said = terminal.done("config check");
    assert!(said.contains("compat.topchef.anonymous_as lets everybody who reaches 0.0.0.0:8080 act as chef"), "{said}");
    assert!(said.contains("there is no such user yet"), "{said}");
    terminal.done("user create chef --admin --generate");
    assert!(terminal.done("config check").contains("an admin: everybody may do everything there"));
    terminal.write("docket.toml", "[compat.topchef]\nenabled = false\nanonymous_as = \"chef\"\n");
    assert!(!terminal.done("config check").contains("warning"));
}

#[test]
fn a_user_is_kept_at_the_command_line() {
    let terminal = Terminal::with_database();
    let made = terminal.json("user create ada --email ada@example.org --no-password --json");
    assert_eq!((&made["status"], &made["isAdmin"]), (&"ACTIVE".into(), &false.into()));
    assert_eq!(terminal.done("user promote ada"), "The user ada is an admin.");
    assert_eq!(terminal.json("user show ada@example.org --json")["isAdmin"], true);
    assert_eq!(terminal.done("user demote ada"), "The user ada is no admin.");
    assert_eq!(terminal.done("user suspend ada --pending --message Soon."), "The user ada is pending.");
    terminal.done("user activate ada");
    assert_eq!(terminal.json("user show ada --json")["status"], "ACTIVE");
    assert_eq!(terminal.done("user suspend ada --message Overdue."), "The user ada is suspended.");
    let suspended = terminal.json("user list --status suspended --json");
    assert_eq!(suspended[0]["statusMessage"], "Overdue.");
    terminal.done("user reinstate ada");
    terminal.done("user set-password ada --none");
    assert_eq!(terminal.json("user show ada --json")["hasPassword"], false);
    assert_eq!(terminal.json("session list --user ada --json"), serde_json::json!([]));
    assert_eq!(terminal.done("session revoke --user ada"), "0 sessions of ada are ended.");
    assert_eq!(terminal.run("session revoke").status.code(), Some(2));
    assert!(terminal.refused("user delete ada").ends_with("add --yes if that is meant"));
    assert_eq!(terminal.done("user delete ada --yes"), "The user ada is deleted.");
    assert_eq!(terminal.refused("user show ada"), "error: user ada: There is no such user, or you may not see it.");
    assert_eq!(terminal.json("user list --json"), serde_json::json!([]));
    assert_eq!(terminal.json("user list --status deleted --json")[0]["email"], serde_json::Value::Null);
    terminal.done("user create ada --email ada@example.org --no-password");
}

#[test]
fn a_schema_of_content_that_is_none_is_told_with_its_line_and_stops_the_server() {
    let terminal = Terminal::new();
    let text = "[log]\n[[compat.backrest.content]]\nname = \"document\"\nschema.properties.size.type = \"intger\"\n";
    terminal.write("docket.toml", text);
    let check = terminal.run("config check");
    let told = self::text(&check.stdout);
    assert_eq!(check.status.code(), Some(1), "{told}");
    assert!(
        told.starts_with("docket.toml:2:") && told.contains("the schema of document/properties/size/type"),
        "{told}"
    );
    terminal.done("db migrate");
    assert!(terminal.refused("user list").contains("the schema of document/properties/size/type"));
    let second = "[[compat.backrest.content]]\nname = \"news\"\nschema.properties.rank = { type = \"integer\", default = \"x\" }\n";
    terminal.write("docket.toml", &format!("{}{second}", text.replace("intger", "integer")));
    let told = self::text(&terminal.run("config check").stdout);
    assert!(
        told.starts_with("docket.toml:5:") && told.contains("the schema of news/properties/rank/default"),
        "{told}"
    );
    terminal.write("docket.toml", &text.replace("intger", "integer"));
    assert!(terminal.done("config check").contains("The configuration is right."));
}

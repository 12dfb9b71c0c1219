//! The README's session with curl, as a newcomer pastes it; what it shows of the answers is what comes.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

const README: &str = include_str!("../../README.md");
/// Where the README's server listens.
const THERE: &str = "http://127.0.0.1:8080";
/// For anything at all on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// The blocks of these languages under a heading, in their order.
fn blocks<'a>(heading: &str, languages: &'a [&str]) -> impl Iterator<Item = &'static str> + 'a {
    let (_, section) = README.split_once(&format!("\n## {heading}\n")).expect("the README has it");
    let section = section.split("\n## ").next().expect("split gives one part");
    // What stands between two fences is text and code in turn.
    let blocks = section.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.filter(|(language, _)| languages.contains(language)).map(|(_, block)| block)
}

/// A block as somebody pastes it who goes on when a follower in the background has begun. What that says stands apart, so
/// that no line of it falls into another one.
fn pasted(block: &str) -> String {
    let Some(follower) = block.strip_suffix("&\n") else { return block.to_owned() };
    format!("{follower} >followed &\nuntil grep -q '^data: ' followed; do sleep 0.1; done\n")
}

/// A command that finds this docket, and nothing of the tests' own settings.
fn command(program: &str, folder: &Path) -> Command {
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_docket"));
    let programs = programs.parent().expect("it lies in a folder").display().to_string();
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
        command.env_remove(name);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{programs}:{path}")).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A server in this folder, where it says that it listens, and its log, which is held open.
async fn serve(folder: &Path) -> (Child, String, BufReader<ChildStderr>) {
    let mut server = command("docket", folder)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("DOCKET_ADMIN_PASSWORD", "correct-horse")
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut log = BufReader::new(server.stderr.take().expect("a pipe"));
    let mut said = String::new();
    loop {
        let length = timeout(PATIENCE, log.read_line(&mut said)).await.expect("it serves soon").expect("text");
        assert!(length > 0, "it ended at once:\n{said}");
        if let Some((_, address)) = said.split_once("serving GraphQL at ") {
            let address = address.split("/graphql").next().expect("split gives one part").to_owned();
            return (server, address, log);
        }
    }
}

/// A line without what differs from run to run: ids, secrets and times become `?`.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '…');
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        masked.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let is_id = word.split_once('_').is_some_and(|(_, id)| id.len() == 32 || word.starts_with("dk"));
        let is_time = word.len() == 27 && word.ends_with('Z');
        masked.push_str(if is_id || is_time { "?" } else { word });
        rest = &rest[end..];
    }
    masked + rest
}

/// Whether a line is what the README shows, which leaves out what stands at an `…`.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[tokio::test]
async fn the_session_of_the_readme_says_what_it_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, address, _log) = serve(folder.path()).await;
    let sections = ["A session with curl", "Who pays"];
    let script: String = sections.iter().flat_map(|heading| blocks(heading, &["sh"])).map(pasted).collect();
    assert!(script.contains(THERE), "{script}");
    let script = format!("set -eu\nexec >said\n{}", script.replace(THERE, &address));
    let shell = command("bash", folder.path()).args(["-c", &script]).output();
    let output = timeout(PATIENCE, shell).await.expect("it ends").expect("bash is there");
    let said = ["said", "followed"].map(|file| std::fs::read_to_string(folder.path().join(file)).expect("text"));
    let said = said.concat();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<String> = said.lines().map(masked).collect();
    let mut count = 0;
    for shown in sections.iter().flat_map(|heading| blocks(heading, &["json", "text"])).flat_map(str::lines) {
        let shown = masked(shown.trim_end());
        assert!(lines.iter().any(|line| is_shown(line.trim_end(), &shown)), "not said: {shown}\n{said}");
        count += 1;
    }
    assert!(count > 20, "the README shows only {count} lines");
}

#[test]
fn what_is_left_out_may_be_anything() {
    assert!(is_shown("{\"a\":1,\"b\":[2],\"c\":3}", "{\"a\":1,…\"c\":3}"));
    assert!(is_shown("{\"a\":1,\"b\":2}", "{\"a\":1,…"));
    assert!(!is_shown("{\"a\":1,\"b\":2}", "{\"a\":1"));
    assert!(!is_shown("{\"a\":1,\"b\":2}", "{\"a\":2,…"));
    let line = r#"{"token":"dks_AAEC","at":"2026-12-21T23:35:38.905106Z","id":"job_01a2007728f375a6ab5acf9b7dba2fab"}"#;
    assert_eq!(masked(line), r#"{"token":"?","at":"?","id":"?"}"#);
}

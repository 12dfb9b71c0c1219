//! `docket serve --demo`, as a newcomer meets it: what it prints is pasted into a shell.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// For anything at all on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

fn docket(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket"));
    command.args(line.split_whitespace()).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
        command.env_remove(name);
    }
    command
}

/// A demo that has introduced itself.
struct Demo {
    child: Child,
    introduction: String,
    /// Held open: a demo whose introduction finds no reader ends.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    async fn start(folder: &Path) -> Self {
        let mut child = docket(folder, "serve --demo --listen 127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = lines_of(&mut child);
        let mut introduction = String::new();
        while !introduction.contains("Ctrl-C ends the demo") {
            let Some(line) = next(&mut lines).await else { panic!("{introduction}{}", errors(&mut child).await) };
            introduction.push_str(&line);
            introduction.push('\n');
        }
        Self { child, introduction, _output: lines }
    }

    /// The word after this one, below the title.
    fn word_after(&self, word: &str) -> &str {
        let words: Vec<&str> = self.introduction.lines().skip(1).flat_map(str::split_whitespace).collect();
        let at = words.iter().position(|found| *found == word).expect("the introduction has the word");
        words[at + 1]
    }

    /// The command under this heading, in a shell of its own.
    fn paste(&self, heading: &str) -> Child {
        let (_, rest) = self.introduction.split_once(&format!("{heading}\n\n")).expect("the introduction has it");
        let command = rest.split("\n\n").next().expect("split gives one part");
        Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell")
    }

    /// Asks what the introduction offers of the old APIs, without a credential.
    async fn ask_old_apis(&self) {
        let offered = self.introduction.lines().filter_map(|line| line.trim_start().strip_prefix("curl http"));
        let offered: Vec<_> = offered.filter_map(|line| line.split_once("  (")).collect();
        assert_eq!(offered.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["TopChef)", "MyBRC)"]);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for (place, name) in offered {
            let answer = client.get(format!("http{place}")).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{name}: {place}");
            let answer: Json = answer.json().await.expect("JSON");
            assert!(answer.get("data").or_else(|| answer.get("results")).is_some(), "{answer}");
        }
    }

    /// Pastes the command that submits, and returns the number of its job.
    async fn submit(&self) -> Json {
        let answer = self.paste("Submit one:").wait_with_output().await.expect("it ends");
        let answer: Json = serde_json::from_slice(&answer.stdout).expect("JSON");
        answer.pointer("/data/jobSubmit/job/number").unwrap_or_else(|| panic!("{answer}")).clone()
    }

    async fn ask(&self, token: Option<&str>, document: &str) -> Json {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.post(self.word_after("GraphQL")).json(&json!({ "query": document }));
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(sent.success());
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("it stops").expect("it ended");
        let errors = errors(&mut self.child).await;
        assert!(!errors.contains("WARN") && !errors.contains("ERROR"), "{errors}");
        ended
    }
}

fn lines_of(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().expect("a pipe")).lines()
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<String> {
    timeout(PATIENCE, lines.next_line()).await.expect("a line in time").expect("text")
}

async fn errors(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut text).await.expect("text");
    text
}

/// The next event of the stream that the introduction offers.
async fn next_event(lines: &mut Lines<BufReader<ChildStdout>>) -> Json {
    loop {
        let line = next(lines).await.expect("the stream goes on");
        if let Some(data) = line.strip_prefix("data: ") {
            let data: Json = serde_json::from_str(data).expect("JSON");
            return data.pointer("/data/jobEvents/event").unwrap_or_else(|| panic!("{data}")).clone();
        }
    }
}

/// Waits until this job is in this state.
async fn until(events: &mut Lines<BufReader<ChildStdout>>, state: &str, number: &Json) {
    loop {
        let event = next_event(events).await;
        if event["to"] == state && event["job"]["number"] == *number {
            return;
        }
    }
}

#[tokio::test]
async fn the_demo_is_followed_joined_stopped_and_continued() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = Demo::start(folder.path()).await;
    demo.ask_old_apis().await;
    let mut follower = demo.paste("Follow the jobs:");
    let mut events = lines_of(&mut follower);
    let mut missing = vec!["pi", "word-stats"];
    let mut progressed = false;
    while !missing.is_empty() {
        let event = next_event(&mut events).await;
        progressed |= event["__typename"] == "JobProgressed";
        if event["to"] == "SUCCEEDED" {
            assert!(event["job"]["results"].is_object(), "{event}");
            missing.retain(|name| event["job"]["service"]["name"] != *name);
        }
        assert_ne!(event["to"], "FAILED", "{event}");
    }
    assert!(progressed, "an estimate of pi ended without having reported");

    let token = demo.word_after("Token").to_owned();
    let number = demo.submit().await;
    until(&mut events, "RUNNING", &number).await;
    let found = demo.ask(Some(&token), &format!("{{ job(number: {number}) {{ id }} }}")).await;
    let cancel =
        format!("mutation {{ jobCancel(input: {{ jobId: {} }}) {{ job {{ id }} }} }}", found["data"]["job"]["id"]);
    demo.ask(Some(&token), &cancel).await;
    until(&mut events, "CANCELLED", &number).await;

    let number = demo.submit().await;
    until(&mut events, "RUNNING", &number).await;
    assert_eq!(demo.terminate().await.code(), Some(0));

    let demo = Demo::start(folder.path()).await;
    let refused = demo.ask(Some(&token), "{ serverInfo { name } }").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "a token of the start before");
    let document = format!(
        "{{ job(number: {number}) {{ events(first: 100) {{ nodes {{ ... on JobStatusChanged {{ to message }} }} }} }}
            services {{ totalCount }} runners {{ totalCount }} }}"
    );
    let found = demo.ask(Some(demo.word_after("Token")), &document).await;
    let found = &found["data"];
    assert!(found["job"].to_string().contains("handed the job back"), "{found}");
    assert_eq!((&found["services"]["totalCount"], &found["runners"]["totalCount"]), (&json!(2), &json!(2)));
    for user in ["admin", "demo"] {
        let password = demo.word_after(user);
        let document = format!(
            "mutation {{ sessionCreate(input: {{ login: {user:?}, password: {password:?} }}) {{ user {{ username }} }} }}"
        );
        let found = demo.ask(None, &document).await;
        assert_eq!(found.pointer("/data/sessionCreate/user/username"), Some(&json!(user)), "{found}");
    }
    assert_eq!(demo.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_demo_keeps_two_hundred_jobs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = Demo::start(folder.path()).await;
    let token = Some(demo.word_after("Token"));
    let mut follower = demo.paste("Follow the jobs:");
    let mut events = lines_of(&mut follower);
    let found = demo.ask(token, r#"{ service(name: "word-stats") { id } }"#).await;
    let service = &found["data"]["service"]["id"];
    let submit = format!(
        "mutation {{ jobSubmit(input: {{ serviceId: {service}, parameters: {{ text: \"a b\" }} }}) {{ job {{ number }} }} }}"
    );
    let mut own = Vec::new();
    for _ in 0..200 {
        let answer = demo.ask(token, &submit).await;
        own.push(answer["data"]["jobSubmit"]["job"]["number"].as_i64().unwrap_or_else(|| panic!("{answer}")));
    }
    // The next one that the demo itself submits comes after it has made room.
    let last = own.last().copied();
    loop {
        let event = next_event(&mut events).await;
        if event["to"] == "QUEUED" && event["job"]["number"].as_i64() > last {
            break;
        }
    }
    let found = demo.ask(token, "{ jobs { totalCount } }").await;
    assert!(found["data"]["jobs"]["totalCount"].as_i64().is_some_and(|total| total <= 200), "{found}");
    assert_eq!(demo.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for line in ["db migrate", "user create ada --admin --no-password"] {
        assert!(docket(folder.path(), line).output().await.expect("the program starts").status.success(), "{line}");
    }
    let refused = docket(folder.path(), "serve --demo --listen 127.0.0.1:0").output().await.expect("it starts");
    let said = String::from_utf8(refused.stderr).expect("text");
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(1), &b""[..]));
    assert!(
        said.starts_with("error: docket.db holds data that is not the demo's") && said.contains("sqlite://demo.db")
    );
    let users = docket(folder.path(), "user list --json").output().await.expect("the program starts");
    let users: Json = serde_json::from_slice(&users.stdout).expect("JSON");
    assert_eq!(users.as_array().map(Vec::len), Some(1), "{users}");
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = docket(folder.path(), "serve --demo --listen 0.0.0.0:0").output().await.expect("it starts");
    let said = String::from_utf8(refused.stderr).expect("text");
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.starts_with("error: The demo listens on this machine only"), "{said}");
    assert!(!folder.path().join("docket.db").exists(), "it was refused, and yet it made a database");
}

/// Three jobs at the start, and one every five seconds.
#[tokio::test]
async fn the_demo_submits_at_its_pace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = Demo::start(folder.path()).await;
    let token = Some(demo.word_after("Token"));
    let mut follower = demo.paste("Follow the jobs:");
    let mut events = lines_of(&mut follower);
    let document = "{ jobs(first: 10, order: SUBMITTED_AT_ASC) { nodes { submittedAt } } }";
    let submitted = loop {
        let found = demo.ask(token, document).await;
        let jobs = found["data"]["jobs"]["nodes"].as_array().expect("jobs").clone();
        if jobs.len() >= 5 {
            break jobs;
        }
        next_event(&mut events).await;
    };
    let micros = |job: &Json| {
        let moment = job["submittedAt"].as_str().expect("a moment");
        chrono::DateTime::parse_from_rfc3339(moment).expect("RFC 3339").timestamp_micros()
    };
    let gaps: Vec<i64> = submitted.windows(2).map(|pair| (micros(&pair[1]) - micros(&pair[0])) / 1_000).collect();
    assert!(gaps[0] + gaps[1] < 4_000, "three at the start: {gaps:?}");
    for gap in &gaps[2..] {
        // The time of a submission lies in between, on a machine that has other things to do.
        assert!((2_500..10_000).contains(gap), "one every five seconds: {gaps:?}");
    }
    assert!((7_500..20_000).contains(&gaps[2..4].iter().sum::<i64>()), "{gaps:?}");
    assert_eq!(demo.terminate().await.code(), Some(0));
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt;
use tokio::task::{JoinHandle, JoinSet};

use super::support::{Client, Site, Wire, sized, soon};

/// In which a bomb is refused, and a health check beside it answered, in milliseconds.
const AT_ONCE: u64 = 50;
/// The same for a schema, which may be read before it is refused.
const SOON: u64 = 200;
const TRIES: usize = 5;
/// Clients that send bombs, and clients that are slow, at the same time.
const ATTACKERS: usize = 2;
const SLOW: usize = 50;

/// The promises are of an optimised build on a machine that does nothing else.
fn promised(millis: u64) -> Duration {
    Duration::from_millis(sized(millis, 20 * millis))
}

/// Bombs from several clients at once: each is refused at once, and the health check beside them answers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_refused_at_once_and_slow_nobody() {
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let health = Health::watch(&admin);
    let mut attackers = JoinSet::new();
    for _ in 0..ATTACKERS {
        let client = admin.clone();
        attackers.spawn(async move {
            let mut times = Vec::new();
            for (name, body) in bombs() {
                let mut tries = Vec::new();
                for _ in 0..TRIES {
                    tries.push(refused(&client, name, body.clone()).await);
                }
                tries.sort_unstable();
                // Each of them is promised; beside other tests one may have waited for the others.
                times.push((name, tries[sized(TRIES - 1, TRIES / 2)]));
            }
            times
        });
    }
    for times in soon("the attackers", attackers.join_all()).await {
        for (name, time) in &times {
            let bound = if name.contains("schema of") { SOON } else { AT_ONCE };
            assert!(*time < promised(bound), "{name}: {time:?}");
        }
        println!("slowest: {:?}", times.iter().max_by_key(|(_, time)| *time));
    }
    health.check().await;
    server.kill().await;
}

/// Sends a body; how long the refusal took. Nothing that a client sends is the server's failure.
async fn refused(client: &Client, name: &str, body: String) -> Duration {
    let request = client.request("", &Json::Null).header("content-type", "application/json").body(body);
    let start = Instant::now();
    let answer = soon(name, request.send()).await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    let took = start.elapsed();
    let body: Json = serde_json::from_str(&text).expect("JSON");
    let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
    // That a schema may not be used is a result.
    let unusable = body["data"]["schemaValidate"]["isValid"] == false;
    let refused = ["BAD_REQUEST", "COST_EXCEEDED", "INVALID"].contains(&code) && body["data"].is_null();
    assert!(status < 500 && (refused || unusable), "{name}: {status} {text}");
    took
}

/// A text so many times, with a number for each `#`.
fn numbered(times: usize, text: &str) -> String {
    (0..times).map(|number| text.replace('#', &number.to_string())).collect()
}

fn bombs() -> Vec<(&'static str, String)> {
    let document = |query: String| json!({ "query": query }).to_string();
    let nested = |open: &str, close: &str, times: usize| format!("{}x{}", open.repeat(times), close.repeat(times));
    let fragments = |count: usize| {
        let spread = (0..count).map(|n| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1));
        format!("{{ ...f0 }} {} fragment f{count} on Query {{ viewer {{ id }} }}", spread.collect::<String>())
    };
    // As text: a value that deep is too deep for its own destructor.
    let schema = |schema: &str| {
        let query = "mutation($s: JSON!) { schemaValidate(input: { schema: $s, instance: \"aaaaaaaaaaaaaaaaaaaaaaaa!\" }) \
                     { isValid } }";
        format!("{{\"query\": {}, \"variables\": {{ \"s\": {schema} }}}}", json!(query))
    };
    vec![
        ("fragments that fan out", document(fragments(22))),
        ("more of them", document(fragments(300))),
        (
            "fragments in a circle",
            document("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".into()),
        ),
        ("aliases", document(format!("{{ {} }}", numbered(1_000, "a# : viewer { id } ")))),
        ("a field again and again", document(format!("{{ {} }}", "viewer { id } ".repeat(4_000)))),
        ("depth", document(nested("{ viewer ", "}", 1_000))),
        ("depth to the brim", document(nested("{a", "}", 30_000))),
        ("lists in lists", document(format!("{{ nodes(ids: {}) {{ id }} }}", nested("[", "]", 4_900)))),
        ("objects in objects", document(format!("{{ jobs(filter: {}) {{ totalCount }} }}", nested("{a:", "}", 3_000)))),
        ("types in types", document(format!("query($a: {}) {{ viewer {{ id }} }}", nested("[", "]", 4_900)))),
        ("directives", document(format!("{{ viewer {} {{ id }} }}", "@include(if: true) ".repeat(1_000)))),
        ("operations", document(numbered(1_500, "query q# { viewer { id } } "))),
        (
            "a page of pages",
            document("{ jobs(first: 100) { nodes { events(first: 100) { nodes { __typename } } } } }".into()),
        ),
        ("the schema in circles", document(nested("{ __schema { types { fields { type ", "} } } }", 20))),
        ("a long document", document(format!("{{ viewer {{ id }} }} # {}", "x".repeat(100_000)))),
        ("a batch", json!(vec![json!({ "query": "{ viewer { id } }" }); 1_000]).to_string()),
        (
            "JSON in JSON",
            format!("{{\"query\": \"{{ viewer {{ id }} }}\", \"variables\": {}}}", nested("[", "]", 100_000)),
        ),
        ("a large body", document("x".repeat(2_000_000))),
        ("a schema of schemas", schema(&nested(r#"{"allOf":["#, "]}", 10_000).replace('x', "true"))),
        (
            "a schema of many schemas",
            schema(&format!("{{\"allOf\": [true{}]}}", ",{\"type\":\"string\"}".repeat(10_000))),
        ),
    ]
}

/// Clients that send a byte now and then, at the head or in the body of a request, or that ask and never read: they
/// are cut, and slow nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_cut_and_slow_nobody() {
    let site =
        Site::new("[http]\nheader_seconds = 1\nbody_seconds = 1\n[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let request = Wire::request(&admin, "jobSubmit", &json!({ "serviceId": "none" }), "job { id }");
    let body = request.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let health = Health::watch(&admin);
    let mut slow = JoinSet::new();
    for number in 0..SLOW {
        // Up to here it is sent in one piece, and the rest drop by drop.
        let start = if number % 2 == 0 { 20 } else { body + 5 };
        slow.spawn(drip(admin.address(), request.clone(), start));
    }
    let mut cut = 0;
    for (answer, number) in soon("the slow clients", slow.join_all()).await.into_iter().zip(0..) {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{number}: {answer}");
        cut += 1;
    }
    assert_eq!(cut, SLOW);
    health.check().await;
    server.kill().await;
}

/// What comes back until the server closes.
async fn drip(address: std::net::SocketAddr, request: Vec<u8>, start: usize) -> String {
    let mut wire = Wire::new(address).await;
    wire.send(&request[..start]).await;
    let (mut reader, mut writer) = wire.0.into_split();
    let drops = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(200));
        for byte in &request[start..request.len() - 1] {
            pause.tick().await;
            if tokio::io::AsyncWriteExt::write_all(&mut writer, &[*byte]).await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ended = soon("the server to lose its patience", reader.read_to_end(&mut answer)).await;
    drops.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A health check, again and again.
struct Health {
    over: Arc<AtomicBool>,
    times: JoinHandle<Vec<Duration>>,
}

impl Health {
    fn watch(client: &Client) -> Self {
        let (over, url) = (Arc::new(AtomicBool::new(false)), client.url("/healthz"));
        let running = Arc::clone(&over);
        let times = tokio::spawn(async move {
            let (client, mut times) = (reqwest::Client::builder().no_proxy().build().expect("a client"), Vec::new());
            while !running.load(Ordering::Relaxed) {
                let start = Instant::now();
                let answer = client.get(&url).send().await.expect("an answer");
                times.push(start.elapsed());
                assert!(answer.status().is_success());
            }
            times
        });
        Self { over, times }
    }

    async fn check(self) {
        self.over.store(true, Ordering::Relaxed);
        let mut times = soon("the health check", self.times).await.expect("no panic");
        times.sort();
        let (middle, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{} health checks: median {middle:?}, p99 {most:?}", times.len());
        assert!(most < promised(AT_ONCE), "{most:?}");
    }
}

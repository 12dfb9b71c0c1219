//! Too many log-ins at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, code};

/// Five hundred at once: as many as the queue holds are answered, the others are told to come back, and who does something
/// else meanwhile notices nothing.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_log_ins_leave_the_server_quick() {
    let app = TestApp::with(|config| {
        (config.passwords.parallel, config.passwords.waiting) = (1, 20);
        (config.passwords.memory_kib, config.passwords.iterations) = (19_456, 2);
    })
    .await;
    let ada = app.user("ada").await;
    let document = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }";
    let variables = json!({ "input": { "login": "ada", "password": PASSWORD } });
    let nobody = app.anonymous();
    let flood = join_all((0..500).map(|_| nobody.graphql(document, variables.clone())));
    let beside = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(ada.code("{ viewer { user { username } } }", json!({})).await, "OK");
            slowest = slowest.max(start.elapsed());
        }
        slowest
    };
    let (answers, slowest): (Vec<Value>, Duration) = tokio::join!(flood, beside);
    let refused: Vec<&Value> = answers.iter().filter(|answer| code(answer) != "OK").collect();
    assert!(answers.len() - refused.len() >= 21, "those that found a place were answered");
    assert!(refused.len() >= 100, "only {} of 500 were turned away", refused.len());
    for answer in refused {
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "UNAVAILABLE", "{answer}");
        assert!(extensions["retryAfter"].as_u64().is_some_and(|wait| wait >= 1), "{answer}");
    }
    assert!(slowest < Duration::from_secs(5), "another request took {slowest:?}");
}

//! Bodies that are no GraphQL request.

use serde_json::Value;

use crate::support::TestApp;

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_with_a_code() {
    let app = TestApp::new().await;
    let deep = |open: &str, close: &str| {
        let value = open.repeat(20_000) + &close.repeat(20_000);
        format!(r#"{{"query":"query($a: JSON) {{ viewer {{ user {{ id }} }} }}","variables":{{"a":{value}}}}}"#)
    };
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b"null".into(),
        b"true".into(),
        b"1".into(),
        b"\"{ viewer { user { id } } }\"".into(),
        b"[]".into(),
        b"[{}]".into(),
        br#"[{"query":"{ serverInfo { name } }"}]"#.into(),
        b"{}".into(),
        b"{ serverInfo { name } }".into(),
        br#"{"query":null}"#.into(),
        br#"{"query":1}"#.into(),
        br#"{"query":["{ serverInfo { name } }"]}"#.into(),
        br#"{"query":"{ serverInfo { name } }","variables":[]}"#.into(),
        br#"{"query":"{ serverInfo { name } }","variables":"{}"}"#.into(),
        br#"{"query":"{ serverInfo { name } }","operationName":1}"#.into(),
        br#"{"query":"{ serverInfo { name } }","operationName":"Absent"}"#.into(),
        br#"{"query":"{ serverInfo { name } }"} more"#.into(),
        br#"{"query":"{ serverInfo { name } }""#.into(),
        b"{\"query\":\"\xff\xfe\"}".into(),
        br#"{"query":"\ud800"}"#.into(),
        b"\xef\xbb\xbf{\"query\":\"{ serverInfo { name } }\"}".into(),
        br#"{"query":"query($a: JSON) { serverInfo { name } }","variables":{"a":1e999}}"#.into(),
        deep("[", "]").into_bytes(),
        deep(r#"{"a":"#, "}").replace(r#""a":}"#, r#""a":1}"#).into_bytes(),
    ];
    for body in bodies {
        let start = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        let request = app.admin().post("/graphql").header("content-type", "application/json").body(body);
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let answer: Value = response.json().await.expect("JSON");
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
        assert!(matches!(code.as_str(), "BAD_REQUEST" | "INVALID"), "{start}: {status} {answer}");
        assert!(matches!(status, 200 | 400), "{start}: {status} {answer}");
        assert!(answer["errors"][0]["message"].as_str().is_some_and(|message| message.len() > 5), "{start}: {answer}");
    }
}

#[tokio::test]
async fn values_nested_too_deep_are_refused_and_the_allowed_depth_is_stored() {
    let app = TestApp::new().await;
    let service = app.service(serde_json::json!({})).await;
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, expected) in [(1, "OK"), (60, "OK"), (100, "INVALID"), (120, "INVALID"), (200, "BAD_REQUEST")] {
        let body = format!(
            r#"{{"query":"mutation($i: JobSubmitInput!) {{ jobSubmit(input: $i) {{ job {{ parameters }} }} }}",
                "variables":{{"i":{{"serviceId":"{service}","parameters":{}}}}}}}"#,
            nested(levels)
        );
        let request = app.admin().post("/graphql").header("content-type", "application/json").body(body);
        let answer = crate::support::read(request).await;
        assert_eq!(crate::support::code(&answer), expected, "{levels} levels: {answer}");
    }
    // The same written into the document.
    for (levels, fine) in [(50, true), (65, false), (5_000, false)] {
        let document = format!(
            "mutation {{ jobSubmit(input: {{ serviceId: \"{service}\", parameters: {} }}) {{ job {{ id }} }} }}",
            nested(levels)
        );
        let code = app.admin().code(&document, serde_json::json!({})).await;
        assert_eq!(code == "OK", fine, "{levels} levels: {code}");
    }
}

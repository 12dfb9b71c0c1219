//! The examples of MyBRC's document, as it shows them.

use docket::config::MybrcProfile::{AsBuilt, Documented};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, headers};

const ROOT: &str = "GET, HEAD, OPTIONS";
const LIST: &str = "GET, POST, HEAD, OPTIONS";
const ITEM: &str = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS";

/// Sends what `curl` would, and compares status, headers and body. Under `documented` the body begins with `success`,
/// where the document asks for it.
async fn shows(world: &World, success: bool, curl: (Method, &str, Option<&str>), allow: &str, body: &str) {
    let (method, path, form) = curl;
    let mut request = world.client.request(method, &format!("/mybrc{path}"));
    if let Some(form) = form {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    }
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    let body = if success { body.replacen('{', "{\"success\":true,", 1) } else { body.to_owned() };
    let expected = json!({ "Allow": allow, "Content-Type": "application/json", "Content-Length": body.len().to_string(),
        "Vary": "Accept, Cookie", "X-Frame-Options": "SAMEORIGIN" });
    assert_eq!(headers(&answer), expected, "{path}");
    assert_eq!(answer.text().await.expect("a body"), body, "{path}");
}

const JOB: &str = "{\"jobnumber\":2,\"jobslurmid\":1,\"submitdate\":\"2017-07-18T08:39:29Z\",\
    \"startdate\":\"2017-07-19T08:39:29Z\",\"enddate\":\"2017-07-20T08:39:29Z\",\"userid\":2,\"accountid\":2,\
    \"amount\":2866850.0,\"jobstatus\":4,\"partition\":1,\"qos\":18,\"created\":\"2018-06-05T13:27:35Z\",\
    \"updated\":\"2018-06-05T13:27:35Z\"}";
const USER: &str = "{\"userid\":1,\"accounts\":[1,3],\"username\":\"shasan\",\"usermetadata\":\"despacito\",\
    \"email\":\"shasan@ocf.berkeley.edu\",\"ldapuid\":1092385,\"created\":\"2017-11-18T20:39:17Z\",\
    \"updated\":\"2017-11-18T20:39:17Z\"}";
const ACCOUNT: &str = "{\"accountid\":1,\"users\":[1,4],\"accountname\":\"fc_hasan\",\"accountallocation\":1000000,\
    \"accountbalance\":1000000,\"type\":\"FCA\",\"description\":\"Research of potatoes\",\
    \"created\":\"2018-06-05T13:27:34Z\",\"updated\":\"2018-06-05T13:27:34Z\"}";

#[tokio::test]
async fn what_the_document_reads_is_answered_as_it_shows() {
    // The lengths that it prints. (Of the user it shows the same body twice, as 192 and as 194 bytes: the first look was
    // taken before the change of two letters that the second one shows.)
    assert_eq!((JOB.len(), USER.len(), ACCOUNT.len()), (281, 194, 223));
    for profile in [AsBuilt, Documented] {
        let (world, success) = (World::new(profile).await, profile == Documented);
        let base = world.client.get("/mybrc").build().expect("a request").url().to_string();
        let root =
            format!("{{\"users\":\"{base}/users/\",\"jobs\":\"{base}/jobs/\",\"accounts\":\"{base}/accounts/\"}}");
        shows(&world, false, (Method::GET, "/", None), ROOT, &root).await;
        let jobs = "{\"count\":4,\"next\":null,\"previous\":null,\"results\":{\"jobnumber\":[16,17,3,2]}}";
        shows(&world, success, (Method::GET, "/jobs/", None), LIST, jobs).await;
        let users = "{\"count\":14,\"next\":null,\"previous\":null,\
            \"results\":{\"userid\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14]}}";
        assert_eq!(users.len(), 96);
        shows(&world, success, (Method::GET, "/users/", None), LIST, users).await;
        let accounts = "{\"count\":3,\"next\":null,\"previous\":null,\"results\":{\"accountid\":[1,2,3]}}";
        shows(&world, success, (Method::GET, "/accounts/", None), LIST, accounts).await;
        shows(&world, success, (Method::GET, "/jobs/2/", None), ITEM, JOB).await;
        shows(&world, success, (Method::GET, "/users/1/", None), ITEM, USER).await;
        shows(&world, success, (Method::GET, "/accounts/1/", None), ITEM, ACCOUNT).await;
    }
}

#[tokio::test]
async fn what_the_document_changes_is_answered_as_it_shows() {
    let world = World::new(AsBuilt).await;
    let patched = JOB.replace("2866850.0", "1337.0");
    assert_eq!(patched.len(), 278);
    shows(&world, false, (Method::PATCH, "/jobs/2/", Some("amount=1337")), ITEM, &patched).await;
    shows(&world, false, (Method::PATCH, "/users/1/", Some("usermetadata=despacito")), ITEM, USER).await;
    let renamed = ACCOUNT.replace("fc_hasan", "fc_zhang");
    shows(&world, false, (Method::PATCH, "/accounts/1/", Some("accountname=fc_zhang")), ITEM, &renamed).await;
    shows(&world, false, (Method::GET, "/jobs/2/", None), ITEM, &patched).await;
}

#[tokio::test]
async fn what_the_document_wants_of_a_change_is_done() {
    let world = World::new(Documented).await;
    for (path, form, field, value) in [
        ("/jobs/2/", "amount=1337", "amount", json!(1337.0)),
        ("/users/1/", "usermetadata=lento", "usermetadata", json!("lento")),
        ("/accounts/1/", "accountname=fc_zhang", "accountname", json!("fc_zhang")),
    ] {
        let (_, before) = world.get(path).await;
        let request = world.client.request(Method::PATCH, &format!("/mybrc{path}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let after: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!((&after["success"], &after[field]), (&json!(true), &value));
        assert_eq!(after["created"], before["created"]);
        assert!(after["updated"].as_str() > before["updated"].as_str(), "{after}");
    }
}

#[tokio::test]
async fn options_tell_what_the_document_shows() {
    let world = World::new(AsBuilt).await;
    for (path, length, name, method) in [
        ("/jobs/", 1560, "Job List", "POST"),
        ("/users/", 945, "User List", "POST"),
        ("/accounts/", 1131, "Account List", "POST"),
        ("/jobs/2/", 0, "Job Instance", "PUT"),
        ("/users/1/", 0, "User Instance", "PUT"),
        ("/accounts/1/", 0, "Account Instance", "PUT"),
    ] {
        let answer = world.client.request(Method::OPTIONS, &format!("/mybrc{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.expect("a body");
        if length > 0 {
            assert_eq!(text.len(), length, "{text}");
        }
        let told: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(told["name"], name);
        assert!(told["actions"][method]["created"]["read_only"] == true, "{told}");
    }
    let (_, told) = world.ask(Method::OPTIONS, "/", None).await;
    assert_eq!((&told["name"], told.get("actions")), (&json!("Api Root"), None));
    let (status, told) = world.ask(Method::OPTIONS, "/jobs/99/", None).await;
    assert_eq!((status.as_u16(), told.get("actions")), (200, None), "an absent one takes nothing");
    let (_, told) = world.ask(Method::OPTIONS, "/jobs/", None).await;
    let qos = json!({ "type": "integer", "required": true, "read_only": false, "label": "Qos", "min_value": -32768,
        "max_value": 32767 });
    assert_eq!(told["actions"]["POST"]["qos"], qos);
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let world = World::new(AsBuilt).await;
    for path in ["/", "/jobs/", "/jobs/2/", "/users/", "/users/1/", "/accounts/", "/accounts/1/", "/jobs/99/"] {
        let get = world.client.get(&format!("/mybrc{path}")).send().await.expect("an answer");
        let head = world.client.request(Method::HEAD, &format!("/mybrc{path}")).send().await.expect("an answer");
        assert_eq!((head.status(), headers(&head)), (get.status(), headers(&get)), "{path}");
        assert_eq!(head.text().await.expect("a body"), "");
    }
}

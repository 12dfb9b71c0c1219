//! The examples of MyBRC's document, as it shows them.

use docket::config::MybrcProfile::{self, AsBuilt, Documented};
use entity::{
    legacy_counter,
    legacy_number::{Dialect, Noun},
};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, prelude::Expr};
use serde_json::{Value, json};

use super::{JOBS, World, headers};

const ROOT: &str = "GET, HEAD, OPTIONS";
const LIST: &str = "GET, POST, HEAD, OPTIONS";
const ITEM: &str = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS";

/// The host that the document's requests went to.
const HOST: &str = "128.3.7.72:8111";

/// The first page of jobs that the document shows.
const NUMBERS: [i64; 100] = [
    16, 17, 27, 28, 55, 56, 64, 65, 68, 69, 79, 80, 88, 89, 94, 95, 98, 99, 102, 103, 104, 105, 116, 117, 124, 125,
    132, 133, 134, 135, 146, 147, 154, 155, 164, 165, 183, 184, 191, 192, 194, 195, 199, 200, 211, 212, 213, 214, 222,
    223, 228, 229, 233, 234, 238, 239, 242, 243, 278, 279, 293, 294, 297, 298, 308, 309, 316, 317, 326, 327, 328, 329,
    333, 334, 349, 350, 365, 366, 392, 393, 395, 396, 399, 400, 402, 403, 406, 407, 413, 414, 428, 429, 432, 433, 438,
    439, 440, 441, 448, 449,
];

/// MyBRC at an address of its own, with the jobs of the document: those that it lists, and the one that it shows, which
/// comes after them by its state. So many are there in all that they are only counted.
async fn savio(profile: MybrcProfile) -> World {
    let line = |number: i64, state: i32, amount: &str| {
        format!(
            "{number},1,2017-07-18 08:39:29,2017-07-19 08:39:29,2017-07-20 08:39:29,2,2,{amount},{state},1,18,\
             2018-06-05 13:27:35,2018-06-05 13:27:35\n"
        )
    };
    let columns = JOBS.lines().next().expect("a line of names");
    let listed: String = NUMBERS.map(|number| line(number, 1, "0.5")).concat();
    let jobs = format!("{columns}\n{}{listed}", line(2, 4, "2866850"));
    let world = World::of(profile, &jobs, |config| config.mybrc.at.listen = Some(([127, 0, 0, 1], 0).into())).await;
    let count = world.app.server.app.db.write((), |tx, ()| {
        Box::pin(async move {
            let counter = legacy_counter::Entity::update_many()
                .col_expr(legacy_counter::Column::Present, Expr::value(171_609))
                .filter(legacy_counter::Column::Dialect.eq(Dialect::Mybrc))
                .filter(legacy_counter::Column::Noun.eq(Noun::Job));
            counter.exec(&tx.db).await?;
            Ok(())
        })
    });
    count.await.expect("the jobs are counted");
    world
}

/// What `curl` sent.
fn curl(world: &World, method: Method, path: &str) -> RequestBuilder {
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    client.request(method, format!("http://{}{path}", world.app.server.addresses[0])).header("host", HOST)
}

/// The same with `-d`.
fn patch(world: &World, path: &str, form: &'static str) -> RequestBuilder {
    curl(world, Method::PATCH, path).header("content-type", "application/x-www-form-urlencoded").body(form)
}

/// The headers of an answer with this body.
fn told_of(allow: &str, body: &str) -> Value {
    json!({ "Allow": allow, "Content-Type": "application/json", "Content-Length": body.len().to_string(),
        "Vary": "Accept, Cookie", "X-Frame-Options": "SAMEORIGIN" })
}

/// Compares status, headers and every byte of the body.
async fn answers(request: RequestBuilder, (status, allow): (u16, &str), body: &str) {
    let answer = request.send().await.expect("an answer");
    let url = answer.url().clone();
    assert_eq!(answer.status(), status, "{url}");
    assert_eq!(headers(&answer), told_of(allow, body), "{url}");
    assert_eq!(answer.text().await.expect("a body"), body, "{url}");
}

/// A body as the document wants it.
fn succeeded(body: &str) -> String {
    body.replacen('{', "{\"success\":true,", 1)
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

/// The bodies of the document's lists.
fn lists() -> [(&'static str, usize, String); 3] {
    let jobs = json!({ "count": 171_609, "next": format!("http://{HOST}/jobs/?page=2"), "previous": null,
        "results": { "jobnumber": NUMBERS.as_slice() } });
    let users =
        json!({ "count": 14, "next": null, "previous": null, "results": { "userid": (1..=14).collect::<Vec<_>>() } });
    let accounts = json!({ "count": 3, "next": null, "previous": null, "results": { "accountid": [1, 2, 3] } });
    // The length that it prints of the last one is that of an older list, of whole rows.
    [("/jobs/", 485, jobs.to_string()), ("/users/", 96, users.to_string()), ("/accounts/", 71, accounts.to_string())]
}

#[tokio::test]
async fn what_the_document_reads_is_answered_as_it_shows() {
    // The lengths that it prints. (Of the user it shows the same body twice, as 192 and as 194 bytes: the first look was
    // taken before the change of two letters that the second one shows.)
    assert_eq!((JOB.len(), USER.len(), ACCOUNT.len()), (281, 194, 223));
    let list = |name: &str| format!("\"{name}\":\"http://{HOST}/{name}/\"");
    let root = format!("{{{}}}", ["users", "jobs", "accounts"].map(list).join(","));
    assert_eq!(root.len(), 125);
    for profile in [AsBuilt, Documented] {
        let world = savio(profile).await;
        let told = |body: &str| if profile == Documented { succeeded(body) } else { body.to_owned() };
        let get = |path: &str| curl(&world, Method::GET, path);
        answers(get("/"), (200, ROOT), &root).await;
        for (path, length, body) in lists() {
            assert_eq!(body.len(), length, "{body}");
            answers(get(path), (200, LIST), &told(&body)).await;
        }
        for (path, body) in [("/jobs/2/", JOB), ("/users/1/", USER), ("/accounts/1/", ACCOUNT)] {
            answers(get(path), (200, ITEM), &told(body)).await;
        }
        if profile == AsBuilt {
            let moved = get("/jobs?userid=2").send().await.expect("an answer");
            assert_eq!(
                (moved.status().as_u16(), moved.headers()["location"].as_bytes()),
                (301, &b"/jobs/?userid=2"[..])
            );
        }
    }
}

#[tokio::test]
async fn what_the_document_changes_is_answered_as_it_shows() {
    let patched = JOB.replace("2866850.0", "1337.0");
    assert_eq!(patched.len(), 278);
    let renamed = ACCOUNT.replace("fc_hasan", "fc_zhang");
    let changes = [
        ("/jobs/2/", "amount=1337", patched.as_str()),
        ("/users/1/", "usermetadata=despacito", USER),
        ("/accounts/1/", "accountname=fc_zhang", renamed.as_str()),
    ];
    let world = savio(AsBuilt).await;
    for (path, form, body) in changes {
        answers(patch(&world, path, form), (200, ITEM), body).await;
        answers(curl(&world, Method::GET, path), (200, ITEM), body).await;
    }
    // The document wants `updated` to move, also where nothing else is new.
    let world = savio(Documented).await;
    for (path, form, body) in changes {
        let body = succeeded(body);
        let (stays, mut last) = split(&body);
        for form in [form, form, ""] {
            world.app.advance(5);
            let answer = patch(&world, path, form).send().await.expect("an answer");
            let (status, told) = (answer.status().as_u16(), headers(&answer));
            let text = answer.text().await.expect("a body");
            assert_eq!((status, told), (200, told_of(ITEM, &text)), "{path}");
            let (start, updated) = split(&text);
            assert_eq!(start, stays);
            assert!(updated > last, "{updated} comes after {last}");
            last = updated;
        }
        answers(curl(&world, Method::GET, path), (200, ITEM), &format!("{stays}{last}")).await;
    }
}

/// A body before what says when it last changed, and from there.
fn split(body: &str) -> (String, String) {
    let (start, updated) = body.split_at(body.rfind("\"updated\":").expect("it is the last field"));
    (start.to_owned(), updated.to_owned())
}

#[tokio::test]
async fn what_the_document_refuses_is_refused_in_its_words() {
    let world = savio(Documented).await;
    let failed = |error: &str| format!("{{\"success\":false,\"error\":\"{error}\"}}");
    for (path, error) in [
        ("/jobs/97/", "Invalid job/Job not found."),
        ("/users/99/", "Invalid user/User not found."),
        ("/accounts/99/", "Invalid account/Account not found."),
    ] {
        answers(curl(&world, Method::GET, path), (400, ITEM), &failed(error)).await;
        answers(patch(&world, path, "x=1"), (400, ITEM), &failed(error)).await;
    }
    let none = failed("No jobs found with given userid=7.");
    answers(curl(&world, Method::GET, "/jobs/?userid=7"), (400, LIST), &none).await;
    for (path, form, error, fields) in [
        ("/jobs/2/", "amount=x", "Invalid amount.", json!({ "amount": ["A valid number is required."] })),
        ("/users/1/", "email=", "Invalid user information.", json!({ "email": ["This field may not be blank."] })),
        ("/accounts/1/", "type=", "Invalid account information.", json!({ "type": ["This field may not be blank."] })),
    ] {
        let body = json!({ "success": false, "error": error, "fields": fields }).to_string();
        answers(patch(&world, path, form), (400, ITEM), &body).await;
    }
    for (path, allow) in [("/", ROOT), ("/jobs/", LIST), ("/users/1/", ITEM), ("/accounts/?userid=1", LIST)] {
        let stranger = curl(&world, Method::GET, path).bearer_auth("dkt_nonsense");
        answers(stranger, (401, allow), &failed("Not authorized.")).await;
    }
    for (method, path, allow) in
        [(Method::DELETE, "/jobs/", LIST), (Method::POST, "/users/1/", ITEM), (Method::PUT, "/", ROOT)]
    {
        let body = format!("{{\"detail\":\"Method \\\"{method}\\\" not allowed.\"}}");
        answers(curl(&world, method, path), (405, allow), &body).await;
    }
}

/// What the document prints of OPTIONS, without its blanks.
fn options() -> [(&'static str, usize, String); 3] {
    [
        ("/jobs/", 1560, include_str!("seed/options_jobs.json")),
        ("/users/", 945, include_str!("seed/options_users.json")),
        ("/accounts/", 1131, include_str!("seed/options_accounts.json")),
    ]
    .map(|(path, length, printed)| {
        let printed: Value = serde_json::from_str(printed).expect("JSON");
        (path, length, printed.to_string())
    })
}

#[tokio::test]
async fn options_of_lists_are_what_the_document_prints() {
    for profile in [AsBuilt, Documented] {
        let world = savio(profile).await;
        for (path, length, body) in options() {
            assert_eq!(body.len(), length, "{path}");
            answers(curl(&world, Method::OPTIONS, path), (200, LIST), &body).await;
        }
    }
}

#[tokio::test]
async fn options_of_one_object_tell_what_replaces_it() {
    let world = World::new(AsBuilt).await;
    for (path, name) in
        [("/jobs/2/", "Job Instance"), ("/users/1/", "User Instance"), ("/accounts/1/", "Account Instance")]
    {
        let (status, told) = world.ask(Method::OPTIONS, path, None).await;
        assert_eq!((status.as_u16(), &told["name"]), (200, &json!(name)));
        assert!(told["actions"]["PUT"]["created"]["read_only"] == true, "{told}");
    }
    let (_, told) = world.ask(Method::OPTIONS, "/", None).await;
    assert_eq!((&told["name"], told.get("actions")), (&json!("Api Root"), None));
    let (status, told) = world.ask(Method::OPTIONS, "/jobs/99/", None).await;
    assert_eq!((status.as_u16(), told.get("actions")), (200, None), "an absent one takes nothing");
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    for profile in [AsBuilt, Documented] {
        let world = World::new(profile).await;
        for path in ["/", "/jobs/", "/jobs/2/", "/users/", "/users/1/", "/accounts/", "/accounts/1/", "/jobs/99/"] {
            let get = world.client.get(&format!("/mybrc{path}")).send().await.expect("an answer");
            let head = world.client.request(Method::HEAD, &format!("/mybrc{path}")).send().await.expect("an answer");
            assert_eq!((head.status(), headers(&head)), (get.status(), headers(&get)), "{path}");
            assert_eq!(head.text().await.expect("a body"), "");
        }
    }
}

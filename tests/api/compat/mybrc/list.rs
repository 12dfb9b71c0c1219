//! Lists: pages, links, filters.

use docket::config::MybrcProfile::{AsBuilt, Documented};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{World, user_id};

/// Lines of so many more jobs, of number 1001 and up, all of one state.
fn more(jobs: usize) -> Vec<String> {
    let line = |number: usize| {
        format!("{},{number},2017-07-18 08:39:29,,,3,2,1,9,7,7,2018-06-05 13:27:35,2018-06-05 13:27:35", 1000 + number)
    };
    (1..=jobs).map(line).collect()
}

#[tokio::test]
async fn pages_have_a_hundred_numbers_and_lead_to_each_other() {
    let world = World::with(AsBuilt, &more(246)).await;
    let (status, first) = world.get("/jobs/").await;
    assert_eq!((status, &first["count"], &first["previous"]), (StatusCode::OK, &json!(250), &Value::Null));
    let numbers = first["results"]["jobnumber"].as_array().expect("a column");
    assert_eq!((numbers.len(), &numbers[..4]), (100, &[json!(16), json!(17), json!(3), json!(2)][..]));
    assert!(first["next"].as_str().is_some_and(|next| next.ends_with("/mybrc/jobs/?page=2")), "{first}");
    let second = world.get("/jobs/?page=2").await.1;
    assert!(second["previous"].as_str().is_some_and(|previous| previous.ends_with("/mybrc/jobs/")), "{second}");
    assert_eq!(second["results"]["jobnumber"][0], 1097);
    let last = world.get("/jobs/?page=last").await.1;
    assert_eq!(last, world.get("/jobs/?page=3").await.1);
    assert_eq!(last["results"]["jobnumber"].as_array().map(Vec::len), Some(50));
    assert_eq!((&last["results"]["jobnumber"][49], &last["next"]), (&json!(1246), &Value::Null));
    let mut all = Vec::new();
    for page in 1..=3 {
        all.extend(world.numbers(&format!("/jobs/?page={page}")).await);
    }
    assert_eq!((all.len(), &all[4..]), (250, &(1001..=1246).collect::<Vec<i64>>()[..]));
    // Parameters are kept, sorted by name and escaped; empty ones too.
    let kept = world.get("/jobs/?userid=&page=2&accountid=2&x=a%20b%26&page_size=7").await.1;
    let (previous, next) = (kept["previous"].as_str().expect("a link"), kept["next"].as_str().expect("a link"));
    assert!(previous.ends_with("/jobs/?accountid=2&page_size=7&userid=&x=a+b%26"), "{previous}");
    assert!(next.ends_with("/jobs/?accountid=2&page=3&page_size=7&userid=&x=a+b%26"), "{next}");
}

#[tokio::test]
async fn a_page_that_is_not_there_is_not_found() {
    for (profile, body) in [
        (AsBuilt, json!({ "detail": "Invalid page." })),
        (Documented, json!({ "success": false, "error": "Invalid page." })),
    ] {
        let world = World::new(profile).await;
        for page in ["0", "-1", "2", "x", "1.5", "", "99999999999999999999"] {
            let answer = world.get(&format!("/jobs/?page={page}")).await;
            assert_eq!(answer, (StatusCode::NOT_FOUND, body.clone()), "{page}");
        }
        assert_eq!(world.get("/users/?page=1").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn filters_are_exact_and_all_of_them_hold() {
    let world = World::new(AsBuilt).await;
    for (query, numbers) in [
        ("jobslurmid=1", vec![3, 2]),
        ("slurmjobid=1", vec![3, 2]),
        ("slurmjobid=1&jobslurmid=7", vec![]),
        ("userid=1", vec![16, 3]),
        ("userid=99", vec![]),
        ("accountid=1", vec![16, 17, 3]),
        ("status=4", vec![2]),
        ("amount=12.25", vec![16]),
        ("amount=-3", vec![17]),
        ("amount=inf", vec![]),
        ("partition=-3", vec![3]),
        ("qos=-300", vec![3]),
        ("submitdate=2017-07-18T08:39:29Z", vec![16, 17, 3, 2]),
        ("submitdate=2017-07-18T01:39:29-07:00", vec![16, 17, 3, 2]),
        ("submitdate=2017-07-18", vec![]),
        ("startdate=2017-07-19 08:39:29", vec![3, 2]),
        ("enddate=2017-07-20T08:39:29Z", vec![2]),
        ("created=2018-06-05T13:27:36Z", vec![16]),
        ("created=2018-06-05T13:27:36.75Z", vec![16]),
        ("updated=2018-06-05T13:27:37Z", vec![17]),
        ("userid=1&accountid=1&status=1", vec![16]),
        ("userid=2&userid=1", vec![16, 3]),
        ("userid=", vec![16, 17, 3, 2]),
        ("unknown=1&limit=5&offset=2", vec![16, 17, 3, 2]),
        ("jobslurmid=99999999999", vec![]),
        ("status=1.0", vec![16, 17]),
    ] {
        assert_eq!(world.numbers(&format!("/jobs/?{query}")).await, numbers, "{query}");
    }
    for (path, numbers) in [
        ("/users/?ldapid=1092385", vec![1]),
        ("/users/?accountid=1", vec![1, 4]),
        ("/users/?saviousername=SHASAN", vec![1]),
        ("/users/?email=Shasan@ocf.berkeley.edu", vec![1]),
        ("/users/?created=2017-11-18T20:39:17Z&accountid=2", vec![2]),
        ("/users/?email=%25", vec![]),
        ("/accounts/?userid=1", vec![1, 3]),
        ("/accounts/?accountname=FC_lee", vec![2]),
        ("/accounts/?allocation=7", vec![3]),
        ("/accounts/?allocation=2147483647", vec![]),
        ("/accounts/?type=fca", vec![1, 2]),
        ("/accounts/?updated=2018-06-05 13:27:34", vec![1, 2, 3]),
    ] {
        assert_eq!(world.numbers(path).await, numbers, "{path}");
    }
}

#[tokio::test]
async fn where_nothing_is_found_the_document_wants_a_refusal() {
    let world = World::new(Documented).await;
    for (path, error) in [
        ("/jobs/?userid=99", "No jobs found with given userid=99."),
        ("/jobs/?qos=7&status=300", "No jobs found with given status=300&qos=7."),
        ("/users/?email=nobody", "No users found with given email=nobody."),
        ("/accounts/?type=x", "No accounts found with given type=x."),
    ] {
        let expected = json!({ "success": false, "error": error });
        assert_eq!(world.get(path).await, (StatusCode::BAD_REQUEST, expected), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_breaks_nothing() {
    for (profile, status) in [(AsBuilt, StatusCode::BAD_REQUEST), (Documented, StatusCode::NOT_FOUND)] {
        let world = World::new(profile).await;
        for query in ["userid=x", "status=1.5", "amount=abc", "submitdate=yesterday", "created=2018-13-01", "qos=%00"] {
            let (answered, body) = world.get(&format!("/jobs/?{query}")).await;
            assert_eq!(answered, status, "{query}");
            assert!(body["detail"].is_string() || body["success"] == false, "{body}");
        }
    }
    let world = World::new(AsBuilt).await;
    let detail = "Invalid input <abc>; expected an integer for dictionary value @ data['limit']";
    assert_eq!(world.get("/jobs/?limit=abc").await, (StatusCode::BAD_REQUEST, json!({ "detail": detail })));
    let detail = "<bad> is not a valid datetime. for dictionary value @ data['install_ts']";
    assert_eq!(world.get("/users/?install_ts=bad").await, (StatusCode::BAD_REQUEST, json!({ "detail": detail })));
}

#[tokio::test]
async fn filters_find_what_is_shown() {
    let world = World::new(AsBuilt).await;
    let admin = world.app.admin();
    let input = json!({ "ownerId": user_id(&world, 1).await, "submittedAt": "2019-05-01T10:00:00.25Z",
        "startedAt": "2019-05-01T11:00:00.999999Z", "finishedAt": "2019-05-01T12:00:00.5Z" });
    let made = admin.change("jobRecord", input, "job { dialectNumber }").await["job"].take();
    let number = made["dialectNumber"].as_i64().expect("a number");
    let (_, shown) = world.get(&format!("/jobs/{number}/")).await;
    for (name, field) in [
        ("status", "jobstatus"),
        ("amount", "amount"),
        ("partition", "partition"),
        ("qos", "qos"),
        ("submitdate", "submitdate"),
        ("startdate", "startdate"),
        ("enddate", "enddate"),
        ("created", "created"),
        ("updated", "updated"),
    ] {
        let value = shown[field].as_str().map_or_else(|| shown[field].to_string(), str::to_owned);
        assert_eq!(world.numbers(&format!("/jobs/?{name}={value}")).await, [number], "{name}={value}");
    }
    assert_eq!(world.numbers("/jobs/?partition=3").await, [16, 17], "and no other number is that of nothing");
    // The old program showed when a row was made as when it last changed, and found it by that.
    world.app.advance(60);
    for (path, updated) in [
        ("/jobs/2/", "2018-06-05T13:27:35Z"),
        ("/users/2/", "2017-11-18T20:39:17Z"),
        ("/accounts/2/", "2018-06-05T13:27:34Z"),
    ] {
        assert_eq!(world.patch(path, json!({})).await.1["updated"], updated);
        let (list, number) = path.trim_end_matches('/').rsplit_once('/').expect("a number");
        let found = world.numbers(&format!("{list}/?updated={updated}")).await;
        assert!(found.contains(&number.parse().expect("a number")), "{list}: {found:?}");
        assert_eq!(world.numbers(&format!("{list}/?updated={updated}&created=2001-01-01")).await, [0; 0]);
    }
}

#[tokio::test]
async fn names_are_found_in_small_letters_and_in_capitals() {
    let world = World::new(AsBuilt).await;
    for (username, spelled) in
        [("Éve", ["Éve", "éve", "ÉVE"]), ("MÜLLER", ["MÜLLER", "müller", "mÜller"]), ("zoë", ["zoë", "Zoë", "ZOË"])]
    {
        let user = json!({ "username": username, "usermetadata": "x", "email": "e", "ldapuid": 1 });
        let number = world.post("/users/", user).await.1["userid"].as_i64().expect("a number");
        let account = json!({ "accountname": username, "accountallocation": 1, "accountbalance": 1, "type": "t",
            "description": "d" });
        let other = world.post("/accounts/", account).await.1["accountid"].as_i64().expect("a number");
        for name in spelled {
            assert_eq!(world.numbers(&format!("/users/?saviousername={name}")).await, [number], "{name}");
            assert_eq!(world.numbers(&format!("/accounts/?accountname={name}")).await, [other], "{name}");
        }
    }
}

//! Reports that do not say when a job was submitted and when it began: what it costs is noted, and nothing moves.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{World, begins, ends};

/// The body without these fields.
fn without(mut body: Value, fields: &[&str]) -> Value {
    for field in fields {
        body.as_object_mut().expect("an object").remove(*field);
    }
    body
}

const DATES: [&str; 2] = ["submitdate", "startdate"];

#[tokio::test]
async fn a_begin_without_its_dates_holds_nothing_until_they_are_there() {
    for missing in [&DATES[..1], &DATES[1..], &DATES[..]] {
        let world = World::new().await;
        let bare = without(begins("1", "30.00"), missing);
        let (status, job) = world.post(bare.clone()).await;
        assert_eq!((status, &job["amount"]), (StatusCode::CREATED, &json!("30.00")), "{missing:?}: it is noted");
        assert_eq!(world.post(bare.clone()).await.0, StatusCode::OK);
        world.put("1", bare).await;
        assert_eq!(world.entries().await, [""; 0], "{missing:?}");
        // What was noted counts from then on, also when it is not said again.
        world.put("1", without(begins("1", "30.00"), &["amount"])).await;
        assert_eq!(world.sums().await, ["30", "0", "70"], "{missing:?}");
        world.put("1", ends("1", "20.00")).await;
        assert_eq!(world.sums().await, ["0", "20", "80"], "{missing:?}");
        assert_eq!(world.entries().await, ["HOLD 30 0", "SETTLE -30 20"]);
    }
}

#[tokio::test]
async fn an_end_without_the_dates_is_stored_unbilled_and_a_complete_one_books_the_rest() {
    for missing in [&DATES[..1], &DATES[1..], &DATES[..]] {
        let world = World::new().await;
        let bare = without(ends("1", "40.00"), missing);
        for _ in 0..2 {
            let (status, job) = world.put("1", bare.clone()).await;
            assert_eq!((status, &job["amount"]), (StatusCode::OK, &json!("40.00")), "{missing:?}");
            assert_eq!(world.entries().await, [""; 0], "{missing:?}");
        }
        for _ in 0..2 {
            world.put("1", ends("1", "40.00")).await;
            assert_eq!(world.sums().await, ["0", "40", "60"], "{missing:?}");
        }
        assert_eq!(world.entries().await, ["SETTLE 0 40"], "the same amount counts once the dates are there");
        world.put("1", ends("1", "15.00")).await;
        assert_eq!(world.sums().await, ["0", "15", "85"]);
    }
}

#[tokio::test]
async fn a_submission_that_nobody_told_gives_way_to_what_is_told() {
    let world = World::new().await;
    let ended = without(ends("1", "30.00"), &DATES);
    assert_eq!(world.put("1", ended).await.0, StatusCode::OK);
    let (status, job) = world.put("1", without(ends("1", "30.00"), &DATES[..1])).await;
    assert_eq!((status, &job["submitdate"]), (StatusCode::OK, &job["startdate"]));
    assert_eq!(world.entries().await, [""; 0]);
    world.put("1", ends("1", "30.00")).await;
    assert_eq!(world.sums().await, ["0", "30", "70"]);
}

#[tokio::test]
async fn dates_that_an_earlier_report_told_are_known() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    world.put("1", json!({ "amount": "25.00" })).await;
    assert_eq!(world.sums().await, ["25", "0", "75"], "the hold follows");
    world.put("1", without(ends("1", "20.00"), &DATES)).await;
    assert_eq!(world.sums().await, ["0", "20", "80"]);
}

#[tokio::test]
async fn a_hold_stays_when_a_date_is_taken_back_and_the_end_takes_just_that() {
    let world = World::new().await;
    world.post(begins("1", "30.00")).await;
    let found = world.app.admin().data("{ recordedJobs { nodes { id } } }", json!({})).await;
    let change = json!({ "jobId": found["recordedJobs"]["nodes"][0]["id"], "startedAt": null });
    world.app.admin().change("jobRecordUpdate", change, "job { status held }").await;
    assert_eq!(world.sums().await, ["30", "0", "70"]);
    let bare = |amount: &str| without(begins("1", amount), &DATES);
    for _ in 0..2 {
        let (_, job) = world.put("1", bare("10.00")).await;
        assert_eq!(job["amount"], "10.00", "it is noted");
        assert_eq!(world.sums().await, ["30", "0", "70"], "and the hold stays");
    }
    for _ in 0..2 {
        world.put("1", without(ends("1", "50.00"), &DATES)).await;
        assert_eq!(world.sums().await, ["0", "30", "70"], "what was held is taken");
    }
    world.put("1", ends("1", "50.00")).await;
    assert_eq!(world.sums().await, ["0", "50", "50"]);
    world.put("1", ends("1", "0.00")).await;
    assert_eq!(world.sums().await, ["0", "0", "100"]);
    assert_eq!(world.entries().await, ["HOLD 30 0", "SETTLE -30 30", "SETTLE 0 20", "SETTLE 0 -50"]);
}

#[tokio::test]
async fn an_account_that_does_not_charge_is_not_charged_when_the_dates_come() {
    let world = World::new().await;
    let charges = async |charges: bool| {
        let input = json!({ "accountId": world.account, "chargesRecordedJobs": charges });
        world.app.admin().change("accountUpdate", input, "account { id }").await;
    };
    charges(false).await;
    world.put("1", without(ends("1", "40.00"), &DATES)).await;
    world.put("1", ends("1", "40.00")).await;
    charges(true).await;
    world.put("1", ends("1", "40.00")).await;
    assert_eq!(world.entries().await, [""; 0], "nothing of what was noted before");
}

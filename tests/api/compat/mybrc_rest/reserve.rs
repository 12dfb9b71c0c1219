//! Checks that keep free what they let in.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{World, answer, begins, ends};

async fn world() -> World {
    World::with(|config| config.mybrc_rest.reserve_on_check_seconds = 600).await
}

impl World {
    async fn may(&self, cost: &str) -> bool {
        let (status, said) = self.get(&format!("/can_submit_job/{cost}/40001/fc_lee/")).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said["success"].as_bool().expect("a verdict")
    }
}

#[tokio::test]
async fn two_checks_of_which_the_account_could_pay_one_do_not_both_pass() {
    let world = world().await;
    assert!(world.may("35.00").await);
    let (_, said) = world.get("/can_submit_job/35.00/40001/fc_lee/").await;
    let message = "Adding job_cost 35.00 to user balance 35.00 would exceed user allocation 60.00.";
    assert_eq!(said, json!({ "success": false, "message": message }));
    assert_eq!(world.sums().await, ["0", "0", "100"], "nothing is booked");
    // The job's begin takes the place of what was kept free for it.
    world.post(begins("1", "35.00")).await;
    assert!(world.may("25.00").await);
    assert!(!world.may("0.01").await);
    // So does an end whose begin nobody told.
    world.put("2", ends("2", "5.00")).await;
    assert!(world.may("20.00").await);
    world.app.advance(601);
    assert!(world.may("20.00").await, "it is over by itself");
}

#[tokio::test]
async fn a_job_gives_back_the_reservation_of_its_own_cost_or_the_oldest() {
    let world = world().await;
    for cost in ["30.00", "10.00", "20.00"] {
        assert!(world.may(cost).await, "{cost}");
    }
    world.put("1", ends("1", "10.00")).await;
    assert!(!world.may("0.01").await, "30 and 20 are kept free, and 10 are spent");
    world.put("2", ends("2", "1.00")).await;
    assert!(world.may("29.00").await, "the oldest went: 11 are spent, and 20 kept free");
    assert!(!world.may("0.01").await);
}

#[tokio::test]
async fn asking_for_the_headers_or_for_nothing_reserves_nothing() {
    let world = world().await;
    for _ in 0..2 {
        let (status, _) = world.ask(Method::HEAD, "/can_submit_job/60.00/40001/fc_lee/", None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(world.may("0").await);
    }
    assert!(world.may("60.00").await);
    // Who keeps no accounts asks as before.
    let input = json!({ "accountId": world.account, "userId": world.app.user("ada").await.id });
    world.app.admin().change("accountMemberSet", input, "member { limit }").await;
    let ada = world.app.anonymous().log_in("ada").await;
    let document =
        "query($a: ID!, $u: ID!) { accountAffords(accountId: $a, userId: $u, amount: \"40.01\") { obstacle } }";
    let found = ada.data(document, json!({ "a": world.account, "u": ada.id })).await;
    assert_eq!(found["accountAffords"]["obstacle"], "ACCOUNT", "what others keep free is used for all");
    let reserve = json!({ "accountId": world.account, "userId": ada.id, "amount": "1" });
    assert_eq!(ada.refused("accountReserve", reserve).await, "FORBIDDEN");
}

#[tokio::test]
async fn without_the_setting_asking_reserves_nothing() {
    let world = World::new().await;
    for _ in 0..2 {
        assert!(world.may("60.00").await);
    }
}

#[tokio::test]
async fn many_that_ask_at_once_get_no_more_than_there_is() {
    let world = world().await;
    let replica = world.app.replica_with(|config| config.mybrc_rest.reserve_on_check_seconds = 600).await;
    let elsewhere = replica.as_ref().unwrap_or(&world.app);
    let asks = (0..12).map(|number| {
        let app = if number % 2 == 0 { &world.app } else { elsewhere };
        let request = app.anonymous().get("/mybrc-rest/can_submit_job/10.00/40001/fc_lee/");
        answer(request.header("authorization", format!("Token {}", world.token())))
    });
    let said = futures_util::future::join_all(asks).await;
    let passed = said.iter().filter(|(_, said)| said["success"] == true).count();
    assert_eq!(passed, 6, "{said:?}");
}

#[tokio::test]
async fn reservations_that_are_over_are_swept() {
    use sea_orm::{EntityTrait, PaginatorTrait};
    let world = world().await;
    assert!(world.may("10.00").await);
    let count =
        async || entity::reservation::Entity::find().count(world.app.server.app.db.read()).await.expect("a count");
    assert_eq!(count().await, 1);
    world.app.advance(601);
    docket::domain::account::sweep_reservations(&world.app.server.app).await.expect("it sweeps");
    assert_eq!(count().await, 0);
    for (seconds, amount) in [(0, "1"), (86_401, "1"), (1, "-1")] {
        let input = json!({ "accountId": world.account, "userId": world.lee, "amount": amount, "seconds": seconds });
        assert_eq!(world.app.admin().refused("accountReserve", input).await, "INVALID");
    }
}

#[tokio::test]
async fn an_operator_may_let_every_job_in() {
    let world = World::with(|config| config.mybrc_rest.allow_all_jobs = true).await;
    assert!(world.may("999999.00").await);
    for path in ["/can_submit_job/x/40001/fc_lee/", "/can_submit_job/1/99/fc_lee/", "/can_submit_job/1/40001/fc_x/"] {
        assert_eq!(world.get(path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
}

//! Making, changing, deleting and finding accounts.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{TestApp, text};

const ACCOUNT: &str = "number name type description overrun chargesRecordedJobs granted held spent available
    deletedAt viewerCan { manage setMembers charge }";

#[tokio::test]
async fn an_account_is_made_with_its_opening_grant() {
    let app = TestApp::new().await;
    let max = app.user_with("max", &["accounting"], false).await;
    let input = json!({ "name": "lab.1", "type": "grant", "description": "ü\n", "overrun": "CAP",
        "chargesRecordedJobs": false, "granted": "12.50" });
    let selection =
        format!("account {{ {ACCOUNT} ledger {{ nodes {{ kind granted reason actor {{ username }} }} }} }}");
    let mut made = max.change("accountCreate", input, &selection).await["account"].take();
    let entries = made["ledger"].take();
    let actor = json!({ "username": "max" });
    let entry = json!({ "kind": "GRANT", "granted": "12.5", "reason": "The opening grant.", "actor": actor });
    assert_eq!(entries, json!({ "nodes": [entry] }));
    let expected = json!({ "number": 1, "name": "lab.1", "type": "grant", "description": "ü\n", "overrun": "CAP",
        "chargesRecordedJobs": false, "granted": "12.5", "held": "0", "spent": "0", "available": "12.5",
        "deletedAt": null, "viewerCan": { "manage": true, "setMembers": true, "charge": false }, "ledger": null });
    assert_eq!(made, expected);
    let plain = max.change("accountCreate", json!({ "name": "lab.2" }), &format!("account {{ {ACCOUNT} }}")).await;
    let plain = &plain["account"];
    assert_eq!(
        (&plain["type"], &plain["overrun"], &plain["granted"]),
        (&json!("standard"), &json!("REFUSE"), &json!("0"))
    );
    app.audit().await;
}

#[tokio::test]
async fn names_are_unique_until_the_account_is_deleted() {
    let app = TestApp::new().await;
    let (admin, account) = (app.admin(), app.account(json!({ "name": "lab" })).await);
    let other = app.account(json!({ "name": "other" })).await;
    assert_eq!(admin.wrong("accountCreate", json!({ "name": "lab" })).await, ["name"]);
    assert_eq!(admin.refused("accountUpdate", json!({ "accountId": other, "name": "lab" })).await, "ALREADY_EXISTS");
    admin.change("accountUpdate", json!({ "accountId": account, "name": "lab" }), "account { id }").await;
    let gone = admin.change("accountDelete", json!({ "accountId": account }), "account { deletedAt }").await;
    assert!(gone["account"]["deletedAt"].is_string());
    admin.change("accountUpdate", json!({ "accountId": other, "name": "lab" }), "account { id }").await;
    let input = json!({ "accountId": account });
    assert_eq!(admin.refused("accountDelete", input.clone()).await, "NOT_FOUND");
    assert_eq!(admin.refused("accountUpdate", input).await, "NOT_FOUND");
    let found = admin.data("{ account(name: \"lab\") { id } accounts { totalCount } }", json!({})).await;
    assert_eq!(found, json!({ "account": { "id": other }, "accounts": { "totalCount": 1 } }));
}

#[tokio::test]
async fn an_account_that_pays_for_a_live_job_stays() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    let admin = shop.app.admin();
    assert_eq!(admin.refused("accountDelete", json!({ "accountId": shop.account })).await, "INVALID_STATE");
    shop.complete(&lease).await;
    admin.change("accountDelete", json!({ "accountId": shop.account }), "account { id }").await;
    // It pays for nothing any more; its entries stay, and what it took can still be given back.
    assert_eq!(shop.ada.refused("jobSubmit", shop.input()).await, "NOT_FOUND");
    assert_eq!(shop.ada.job(&lease.job, "amount charges { kind }").await["amount"], "5");
    let back = admin.change("jobRefund", json!({ "jobId": lease.job }), "account { spent deletedAt }").await;
    assert_eq!(back["account"]["spent"], "0");
    shop.app.audit().await;
    // A free job holds an account as well: it may be given a price by nobody, but it leads there.
    let free = Shop::with(json!({}), json!({}), json!({})).await;
    free.submit().await;
    assert_eq!(free.app.admin().refused("accountDelete", json!({ "accountId": free.account })).await, "INVALID_STATE");
}

#[tokio::test]
async fn accounts_are_found_by_what_they_are() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let lab = app.account(json!({ "name": "a-lab", "type": "lab", "overrun": "ALLOW" })).await;
    let own = app.account(json!({ "name": "b-own", "type": "own", "granted": "3" })).await;
    app.member(&own, &ada, json!({ "limit": "1" })).await;
    for (filter, names) in [
        (json!({}), vec!["a-lab", "b-own"]),
        (json!({ "name": { "startsWith": "a" } }), vec!["a-lab"]),
        (json!({ "type": { "in": ["own", "x"] } }), vec!["b-own"]),
        (json!({ "overrun": { "eq": "ALLOW" } }), vec!["a-lab"]),
        (json!({ "memberId": { "eq": ada.id } }), vec!["b-own"]),
        (json!({ "memberId": { "eq": ada.id }, "overrun": { "eq": "ALLOW" } }), vec![]),
    ] {
        let document = "query($filter: AccountFilter) { accounts(filter: $filter) { nodes { name } totalCount } }";
        let found = app.admin().data(document, json!({ "filter": filter })).await["accounts"].take();
        let found_names: Vec<String> =
            found["nodes"].as_array().expect("a list").iter().map(|it| text(&it["name"])).collect();
        assert_eq!(found_names, names, "{filter}");
        assert_eq!(found["totalCount"], names.len(), "{filter}");
    }
    for arguments in ["number: 2", "name: \"b-own\"", &format!("id: \"{own}\"")] {
        let found = ada.data(&format!("{{ account({arguments}) {{ name }} }}"), json!({})).await;
        assert_eq!(found["account"]["name"], "b-own", "{arguments}");
    }
    for arguments in ["number: 1", "name: \"a-lab\"", &format!("id: \"{lab}\"")] {
        let code = ada.code(&format!("{{ account({arguments}) {{ name }} }}"), json!({})).await;
        assert_eq!(code, "NOT_FOUND", "{arguments}");
    }
    let mine = ada.data("{ viewer { user { accounts { nodes { name available } } } } }", json!({})).await;
    assert_eq!(mine["viewer"]["user"]["accounts"]["nodes"], json!([{ "name": "b-own", "available": "3" }]));
    assert_eq!(ada.code("{ account { name } }", json!({})).await, "INVALID");
}

#[tokio::test]
async fn every_wrong_word_of_an_account_is_named() {
    let app = TestApp::new().await;
    let account = app.account(json!({})).await;
    let long = "x".repeat(65);
    for name in ["", " ", "a b", "ü", long.as_str(), "a/b", "\u{1}"] {
        let input = json!({ "name": name, "type": name, "description": "\u{1}" });
        let mut wrong = app.admin().wrong("accountCreate", input).await;
        wrong.dedup();
        assert_eq!(wrong, ["name", "type", "description"], "{name:?}");
        let input = json!({ "accountId": account, "name": name });
        assert_eq!(app.admin().wrong("accountUpdate", input).await, ["name"], "{name:?}");
    }
    let absent = format!("account_{}", "0".repeat(32));
    assert_eq!(app.admin().refused("accountUpdate", json!({ "accountId": absent })).await, "NOT_FOUND");
    assert_eq!(app.admin().wrong("accountUpdate", json!({ "accountId": "1" })).await, ["accountId"]);
    let found = app.admin().data("{ accounts { totalCount } }", json!({})).await;
    assert_eq!(found["accounts"]["totalCount"], 1);
    assert_eq!(found.get("errors"), None::<&Value>);
}

#[tokio::test]
async fn a_price_by_the_hour_needs_a_bound_on_the_run() {
    let app = TestApp::new().await;
    for prices in [json!({ "perHour": "-1" }), json!({ "perJob": "-0.000001" }), json!({ "perCpuHour": "-9" })] {
        let wrong = app.admin().wrong("serviceCreate", json!({ "title": "x", "prices": prices })).await;
        let (name, _) = prices.as_object().and_then(|prices| prices.iter().next()).expect("a price");
        assert_eq!(wrong, [format!("prices/{name}")]);
    }
    let service = app.service(json!({ "prices": { "perHour": "9000000000000" } })).await;
    let account = app.account(json!({ "granted": "9000000000000" })).await;
    let input = json!({ "serviceId": service, "accountId": account });
    // An hour is the bound by default, and holds all there is; two processors change nothing of a price by the hour.
    app.admin().submit_with(input).await;
    let service = app.service(json!({ "prices": { "perCpuHour": "9000000000000" } })).await;
    let input = json!({ "serviceId": service, "accountId": account, "cpus": 2 });
    assert_eq!(app.admin().wrong("jobSubmit", input).await, ["cpus"], "more than can be counted");
    for (cpus, seconds, wrong) in
        [(0, 1, "cpus"), (100_001, 1, "cpus"), (1, 0, "maxRunSeconds"), (1, 3601, "maxRunSeconds")]
    {
        let input = json!({ "serviceId": service, "accountId": account, "cpus": cpus, "maxRunSeconds": seconds });
        assert!(app.admin().wrong("jobSubmit", input).await.contains(&wrong.to_owned()), "{cpus} {seconds}");
    }
    app.audit().await;
}

//! Who may charge an account, and who sees it.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{Client, TestApp};

#[tokio::test]
async fn managers_see_and_set_all_members_and_members_themselves() {
    let app = TestApp::new().await;
    let (dora, ada, bob) = (app.user("dora").await, app.user("ada").await, app.user("bob").await);
    let account = app.account(json!({ "granted": "10" })).await;
    app.member(&account, &dora, json!({ "isManager": true })).await;
    app.member(&account, &ada, json!({})).await;
    let input = json!({ "accountId": account, "userId": bob.id, "limit": "2.5" });
    let set = dora.change("accountMemberSet", input, "member { limit isManager user { username } }").await;
    assert_eq!(set["member"], json!({ "limit": "2.5", "isManager": false, "user": { "username": "bob" } }));
    let seen = async |client: &Client| {
        let document = "query($id: ID!) { account(id: $id) {
            members { nodes { user { username } } totalCount } viewerCan { manage setMembers charge } } }";
        client.data(document, json!({ "id": account })).await["account"].take()
    };
    let names = |value: &Value| {
        let nodes = value["members"]["nodes"].as_array().expect("a list").iter();
        nodes.map(|node| node["user"]["username"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let by_dora = seen(&dora).await;
    assert_eq!(names(&by_dora), ["dora", "ada", "bob"]);
    assert_eq!(by_dora["viewerCan"], json!({ "manage": false, "setMembers": true, "charge": true }));
    let by_ada = seen(&ada).await;
    assert_eq!((names(&by_ada), &by_ada["members"]["totalCount"]), (vec!["ada".to_owned()], &json!(1)));
    assert_eq!(by_ada["viewerCan"], json!({ "manage": false, "setMembers": false, "charge": true }));
    // Nobody learns by the filter who else is a member.
    let document = "query($id: ID!) { accounts(filter: { memberId: { eq: $id } }) { totalCount } }";
    let found = ada.data(document, json!({ "id": bob.id })).await;
    assert_eq!(found["accounts"]["totalCount"], 0);
}

#[tokio::test]
async fn managers_are_made_and_removed_by_those_who_keep_all_accounts() {
    let app = TestApp::new().await;
    let (dora, ada) = (app.user("dora").await, app.user("ada").await);
    let max = app.user_with("max", &["accounting"], false).await;
    let account = app.account(json!({})).await;
    app.member(&account, &dora, json!({ "isManager": true })).await;
    let ids = |who: &Client| json!({ "accountId": account, "userId": who.id });
    let with = |who: &Client, key: &str, value: Value| {
        let mut input = ids(who);
        input[key] = value;
        input
    };
    assert_eq!(dora.refused("accountMemberSet", with(&ada, "isManager", json!(true))).await, "FORBIDDEN");
    assert_eq!(dora.refused("accountMemberSet", with(&ada, "isManager", json!(false))).await, "OK");
    assert_eq!(max.refused("accountMemberSet", with(&ada, "isManager", json!(true))).await, "OK");
    for field in ["accountMemberSet", "accountMemberRemove"] {
        assert_eq!(dora.refused(field, ids(&ada)).await, "FORBIDDEN", "{field}: a manager now");
    }
    assert_eq!(max.refused("accountMemberRemove", ids(&ada)).await, "OK");
    assert_eq!(max.wrong("accountMemberRemove", ids(&ada)).await, ["userId"], "twice");
    // Who comes back is no manager any more.
    assert_eq!(dora.refused("accountMemberSet", ids(&ada)).await, "OK");
    assert_eq!(ada.refused("accountMemberSet", ids(&ada)).await, "FORBIDDEN");
    let eve = app.user("eve").await;
    assert_eq!(eve.refused("accountMemberSet", ids(&eve)).await, "NOT_FOUND");
}

#[tokio::test]
async fn wrong_limits_and_users_are_named() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin(), app.user("ada").await);
    let account = app.account(json!({})).await;
    let nobody = "user_ffffffffffff4fffbfffffffffffffff";
    for (input, path) in [
        (json!({ "userId": ada.id, "limit": "-0.000001" }), "limit"),
        (json!({ "userId": ada.id, "limit": "1e3" }), "limit"),
        (json!({ "userId": ada.id, "limit": 5 }), "limit"),
        (json!({ "userId": nobody }), "userId"),
        (json!({ "userId": account }), "userId"),
        (json!({ "userId": "ada" }), "userId"),
    ] {
        let mut input = input;
        input["accountId"] = json!(account);
        assert_eq!(admin.wrong("accountMemberSet", input.clone()).await, [path], "{input}");
    }
    // A limit of nothing is a limit; what is absent stays, what is null goes.
    app.member(&account, &ada, json!({ "limit": "0" })).await;
    app.member(&account, &ada, json!({ "isManager": true })).await;
    let seen = async || {
        let document = "query($id: ID!) { account(id: $id) { members { nodes { limit isManager available } } } }";
        ada.data(document, json!({ "id": account })).await["account"]["members"]["nodes"][0].take()
    };
    assert_eq!(seen().await, json!({ "limit": "0", "isManager": true, "available": "0" }));
    app.member(&account, &ada, json!({ "limit": null })).await;
    assert_eq!(seen().await, json!({ "limit": null, "isManager": true, "available": null }));
}

#[tokio::test]
async fn entries_are_seen_by_those_they_are_about_and_by_managers() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let (dora, bob) = (shop.app.user("dora").await, shop.app.user("bob").await);
    shop.app.member(&shop.account, &dora, json!({ "isManager": true })).await;
    shop.app.member(&shop.account, &bob, json!({})).await;
    shop.submit().await;
    bob.submit_with(shop.input()).await;
    let kinds = async |client: &Client| {
        let document = "{ ledger(order: CREATED_AT_ASC) { nodes { id kind user { username } account { id } } } }";
        client.data(document, json!({})).await["ledger"]["nodes"].as_array().expect("a list").clone()
    };
    let count = async |client: &Client| kinds(client).await.len();
    let accountant = shop.app.user_with("max", &["accounting"], false).await;
    let stranger = shop.app.user("eve").await;
    assert_eq!([count(&dora).await, count(&accountant).await, count(&shop.app.admin()).await], [3, 3, 3]);
    assert_eq!((count(&shop.ada).await, count(&bob).await, count(&stranger).await), (1, 1, 0));
    // By id as well, and through the node.
    let of_bob = kinds(&bob).await[0].clone();
    let document = "query($id: ID!) { node(id: $id) { id } }";
    let by = async |client: &Client| client.data(document, json!({ "id": of_bob["id"] })).await["node"].take();
    assert_eq!((by(&shop.ada).await, by(&stranger).await), (Value::Null, Value::Null));
    assert_eq!(by(&bob).await["id"], of_bob["id"]);
    // Who leaves keeps sight of what was booked for its own jobs, and of nothing else.
    let input = json!({ "accountId": shop.account, "userId": bob.id });
    shop.app.admin().change("accountMemberRemove", input, "member { held }").await;
    let left = kinds(&bob).await;
    assert_eq!((left.len(), &left[0]["account"]), (1, &Value::Null), "{left:?}");
}

#[tokio::test]
async fn scopes_of_a_token_narrow_what_its_user_may() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let max = shop.app.user_with("max", &["accounting"], false).await;
    let (reads, writes) = (max.api_token(&["accounts:read"]).await, max.api_token(&["accounts:write"]).await);
    let grant = json!({ "accountId": shop.account, "amount": "1" });
    assert_eq!(reads.refused("accountGrant", grant.clone()).await, "FORBIDDEN");
    assert_eq!(reads.code("{ accounts { totalCount } }", json!({})).await, "OK");
    assert_eq!(writes.refused("accountGrant", grant).await, "OK");
    assert_eq!(writes.code("{ accounts { totalCount } }", json!({})).await, "FORBIDDEN");
    // To spend from an account takes the right to submit jobs, and none to read accounts.
    let submits = shop.ada.api_token(&["jobs:write", "jobs:read"]).await;
    let job = submits.submit_with(shop.input()).await;
    let seen = submits.job(&job, "held account { id }").await;
    assert_eq!(seen, json!({ "held": "5", "account": null }));
    assert_eq!(submits.code("{ ledger { totalCount } }", json!({})).await, "FORBIDDEN");
    let cannot = shop.ada.api_token(&["accounts:write"]).await;
    assert_eq!(cannot.refused("jobSubmit", shop.input()).await, "FORBIDDEN");
}

//! What admins do with accounts.

use serde_json::{Value, json};

use super::{last_mail, lives, me, sign_up};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_admin_makes_a_user_who_sets_the_first_password_by_mail() {
    let app = TestApp::new().await;
    let input =
        json!({ "username": "ada", "email": "ada@example.org", "firstName": "Ada", "roles": ["service-author"] });
    let made = app.admin().change("userCreate", input.clone(), "user { username roles emailVerifiedAt isAdmin }").await;
    assert_eq!((&made["user"]["roles"], &made["user"]["isAdmin"]), (&json!(["service-author"]), &json!(false)));
    assert!(made["user"]["emailVerifiedAt"].is_string());
    assert_eq!(app.admin().refused("userCreate", input).await, "ALREADY_EXISTS");
    app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    app.anonymous().change("passwordReset", json!({ "token": token, "newPassword": PASSWORD }), "user { id }").await;
    let ada = app.anonymous().log_in("ada").await;
    ada.service(json!({})).await;
    assert_eq!(ada.refused("userCreate", json!({ "username": "x" })).await, "FORBIDDEN");
}

#[tokio::test]
async fn a_profile_is_its_users_and_rights_are_an_admins() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let change = json!({ "username": "ada.l", "firstName": "Ada", "lastName": "L.", "metadata": { "orcid": "0000" } });
    let changed = ada.change("userUpdate", change, "user { username firstName lastName metadata }").await;
    let expected =
        json!({ "username": "ada.l", "firstName": "Ada", "lastName": "L.", "metadata": { "orcid": "0000" } });
    assert_eq!(changed["user"], expected);
    let changed = ada
        .change("userUpdate", json!({ "lastName": null, "metadata": null }), "user { firstName lastName metadata }")
        .await;
    assert_eq!(changed["user"], json!({ "firstName": "Ada", "lastName": null, "metadata": null }));
    for input in [
        json!({ "roles": ["admin"] }),
        json!({ "email": "ada@new.org" }),
        json!({ "ldapUid": "ada" }),
        json!({ "authenticationType": "LDAP" }),
        json!({ "userId": app.admin().id, "firstName": "x" }),
    ] {
        assert_eq!(ada.refused("userUpdate", input.clone()).await, "FORBIDDEN", "{input}");
    }
    for (input, wrong) in [
        (json!({ "username": "a b" }), "username"),
        (json!({ "firstName": "" }), "firstName"),
        (json!({ "lastName": "\u{1b}[31m" }), "lastName"),
        (json!({ "metadata": { "x": "y".repeat(20_000) } }), "metadata"),
    ] {
        assert_eq!(ada.wrong("userUpdate", input).await, [wrong]);
    }
    assert_eq!(ada.refused("userUpdate", json!({ "username": "admin" })).await, "ALREADY_EXISTS");
    let all = json!({
        "userId": ada.id, "roles": ["accounting"], "email": "ada@new.org", "ldapUid": "al", "authenticationType": "LDAP",
        "confirmPassword": PASSWORD,
    });
    let changed = app.admin().change("userUpdate", all, "user { roles email ldapUid authenticationType }").await;
    let expected =
        json!({ "roles": ["accounting"], "email": "ada@new.org", "ldapUid": "al", "authenticationType": "LDAP" });
    assert_eq!(changed["user"], expected);
    assert!(!lives(&ada).await, "another address ends the sessions");
}

#[tokio::test]
async fn no_column_is_set_by_a_key_of_its_name() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for key in ["isAdmin", "is_admin", "passwordHash", "status", "emailVerifiedAt", "kind", "recordOnly", "uid", "id"] {
        for (field, mut input) in [
            ("userUpdate", json!({ "firstName": "x" })),
            ("userSignUp", json!({ "email": "x@example.org", "password": PASSWORD })),
        ] {
            input[key] = json!(true);
            assert_ne!(ada.refused(field, input).await, "OK", "{field} {key}");
        }
    }
    assert_eq!(
        me(&ada, "firstName isAdmin status").await,
        json!({ "firstName": null, "isAdmin": false, "status": "ACTIVE" })
    );
}

#[tokio::test]
async fn an_admin_is_made_and_unmade_and_the_last_one_stays() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin(), app.user("ada").await);
    let own = json!({ "userId": admin.id, "confirmPassword": PASSWORD });
    assert_eq!(admin.refused("userDemote", own.clone()).await, "INVALID_STATE");
    assert_eq!(admin.refused("userDelete", own.clone()).await, "INVALID_STATE");
    assert_eq!(admin.refused("userSuspend", json!({ "userId": admin.id })).await, "INVALID_STATE");
    let other = json!({ "userId": ada.id, "confirmPassword": PASSWORD });
    assert_eq!(ada.refused("userPromote", other.clone()).await, "FORBIDDEN");
    let promoted = admin.change("userPromote", other.clone(), "user { isAdmin }").await;
    assert_eq!(promoted["user"]["isAdmin"], true);
    assert_eq!(ada.code("{ users { totalCount } }", json!({})).await, "OK");
    assert_eq!(ada.data("{ users { totalCount } }", json!({})).await["users"]["totalCount"], 2);
    ada.change("userDemote", own, "user { isAdmin }").await;
    assert_eq!(admin.data("{ users { totalCount } }", json!({})).await["users"]["totalCount"], 1);
    assert_eq!(admin.refused("userPromote", other).await, "FORBIDDEN");
}

/// An admin's runners may work for anybody's service; those of who is no admin any more, for its own.
#[tokio::test]
async fn runners_of_a_former_admin_work_for_what_is_its_own() {
    let app = TestApp::new().await;
    let (admin, cara) = (app.admin(), app.author("cara").await);
    let root = app.user_with("root", &["service-author"], true).await;
    let team = cara.project(json!({})).await;
    cara.enrol(&team, &root, "MANAGER").await;
    let foreign = cara.service(json!({ "title": "Foreign" })).await;
    let closed = cara.project(json!({ "title": "Closed" })).await;
    let closed = cara.service(json!({ "title": "Closed", "projectId": closed })).await;
    let managed = cara.service(json!({ "title": "Managed", "projectId": team })).await;
    let own = root.service(json!({ "title": "Own" })).await;
    let runner = root.runner(json!({ "serviceIds": [foreign, closed, managed, own] })).await;
    for service in [&foreign, &closed, &managed, &own] {
        cara.submit(service, json!({})).await;
    }
    admin.change("userDemote", json!({ "userId": root.id, "confirmPassword": PASSWORD }), "user { isAdmin }").await;
    assert_eq!(runner.claim_with(json!({ "max": 10 })).await.len(), 2, "of its own and the managed service");
    let waiting =
        cara.data("{ jobs(filter: { status: { eq: QUEUED } }) { nodes { service { title } } } }", json!({})).await;
    let titles = |waiting: &Value| waiting["jobs"]["nodes"].to_string();
    assert!(titles(&waiting).contains("Foreign") && titles(&waiting).contains("Closed"), "{waiting}");
}

#[tokio::test]
async fn a_suspended_user_reads_why_and_comes_back() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let input = json!({ "userId": ada.id, "statusMessage": "Overdue." });
    app.admin().change("userSuspend", input, "user { status }").await;
    assert!(!lives(&ada).await, "its log-ins end");
    let ada = app.anonymous().log_in("ada").await;
    let expected = json!({ "status": "SUSPENDED", "statusMessage": "Overdue." });
    assert_eq!(me(&ada, "status statusMessage").await, expected);
    for field in ["userUpdate", "sessionsDeleteAll"] {
        assert_eq!(ada.refused(field, json!({})).await, "FORBIDDEN", "{field}");
    }
    app.admin().change("userSuspend", json!({ "userId": ada.id, "pending": true }), "user { status }").await;
    let ada = app.anonymous().log_in("ada").await;
    assert_eq!(me(&ada, "status").await["status"], "PENDING");
    app.admin().change("userActivate", json!({ "userId": ada.id }), "user { status }").await;
    assert_eq!(me(&ada, "status").await["status"], "ACTIVE");
    app.admin().change("userSuspend", json!({ "userId": ada.id }), "user { status }").await;
    app.admin().change("userReinstate", json!({ "userId": ada.id }), "user { status }").await;
    assert!(!lives(&ada).await, "what was ended does not come back");
    let ada = app.anonymous().log_in("ada").await;
    assert_eq!(me(&ada, "status statusMessage").await, json!({ "status": "ACTIVE", "statusMessage": null }));
}

#[tokio::test]
async fn users_are_found_by_state_kind_and_name() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.user("adam").await;
    app.admin().change("userSuspend", json!({ "userId": ada.id }), "user { id }").await;
    let document = "query($filter: UserFilter!) { users(filter: $filter, order: USERNAME_ASC) { nodes { username } } }";
    let names = async |filter: Value| {
        let found = app.admin().data(document, json!({ "filter": filter })).await;
        let nodes = found["users"]["nodes"].as_array().expect("a list").clone();
        nodes.iter().map(|node| node["username"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(json!({ "status": { "eq": "SUSPENDED" } })).await, ["ada"]);
    assert_eq!(names(json!({ "username": { "startsWith": "ada" } })).await, ["ada", "adam"]);
    assert_eq!(names(json!({ "username": { "startsWith": "a_a" } })).await, [""; 0]);
    assert_eq!(names(json!({ "kind": { "eq": "ANONYMOUS" } })).await, [""; 0]);
    let both = json!({ "status": { "in": ["ACTIVE", "SUSPENDED"] }, "username": { "startsWith": "adam" } });
    assert_eq!(names(both).await, ["adam"]);
}

#[tokio::test]
async fn a_confirmed_account_is_not_confirmed_again_by_signing_up() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    sign_up(&app, "ada@example.org").await;
    assert!(lives(&ada).await);
    assert_eq!(app.admin().data("{ users { totalCount } }", json!({})).await["users"]["totalCount"], 2);
    let told = last_mail(&app, "ada@example.org").await;
    assert!(!told.text.contains("token="), "{}", told.text);
}

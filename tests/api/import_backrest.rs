//! Taking over the users of backrest.

use docket::{
    domain::import::{self, Progress, Report},
    viewer::Viewer,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    import::{counted, folder},
    support::{PASSWORD, TestApp},
};

const CAT: &str = "2b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a14";
const OLD_PASSWORD: &str = "correct horse";

/// An export with three good users: `ann`, the admin `cat`, and `dan`, who has no password.
fn exported() -> TempDir {
    let hash = bcrypt::hash(OLD_PASSWORD, 4).expect("a hash");
    let principal = format!(
        "id,active,email,password,firstname,lastname,creation_date,last_login_date\n\
         0b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a11,t,Ann@example.org,{hash},Ann,,2015-01-02 03:04:05.678+00,\n\
         0b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a12,t,bob@example.org,plain,Bob,,2015-01-02 03:04:05,\n\
         1b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a13,f,ann@EXAMPLE.org,{hash},,,2015-01-02 03:04:05,\n\
         {CAT},t,cat@example.org,{hash},,,2015-01-02 03:04:05-07,2016-01-02 03:04:05+05:30\n\
         3b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a15,t,dan@example.org,,,,2015-01-02 03:04:05+0000,\n"
    );
    let words = ["admin", "editor", "editor", "accounting", "service-author"];
    let words = words.map(|role| format!("{CAT},{role}")).join("\n");
    let others = "x,admin\n0b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a12,editor\n9b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a14,admin\n";
    let roles = format!("principal_id,role\n{words}\n{others}");
    folder(&[("principal.csv", &principal), ("globalroles.csv", &roles)])
}

async fn taken(app: &TestApp, folder: &TempDir) -> Report {
    let quiet = Progress::new(|_, _| ());
    import::backrest(&app.server.app, &Viewer::local_operator(), folder.path(), quiet).await.expect("taken over")
}

async fn stored(app: &TestApp, email: &str) -> entity::user::Model {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let users = entity::user::Entity::find().filter(entity::user::Column::EmailLower.eq(email));
    users.one(app.server.app.db.read()).await.expect("it reads").expect("there is one")
}

#[tokio::test]
async fn what_is_taken_is_counted_and_what_is_not_is_told() {
    let app = TestApp::new().await;
    let folder = exported();
    let report = taken(&app, &folder).await;
    assert_eq!(counted(&report), [("globalroles.csv", [2, 1, 5]), ("principal.csv", [3, 0, 2])], "{report:?}");
    let reasons: Vec<_> = report.refused.iter().map(|row| (row.row.as_str(), row.reason.as_str())).collect();
    let gives = "gives rights in docket; give it by hand to whom it is meant for.";
    for (line, reason) in [
        ("5", format!("The role accounting {gives}")),
        ("6", format!("The role service-author {gives}")),
        ("7", "principal_id is no UUID.".to_owned()),
        ("8", "There is no user 0b7a3c1e-5a5e-4c5e-9d57-0a6a3a8e2a12, or it was not taken over.".to_owned()),
    ] {
        assert!(reasons.contains(&(line, &*reason)), "{line}: {reasons:?}");
    }
    assert_eq!(counted(&taken(&app, &folder).await), [("globalroles.csv", [0, 3, 5]), ("principal.csv", [0, 3, 2])]);
    // Moments are in UTC.
    let cat = stored(&app, "cat@example.org").await;
    assert_eq!(
        (cat.created_at.0, cat.last_login_at.map(|at| at.0)),
        (1_420_193_045_000_000, Some(1_451_684_045_000_000))
    );
    assert_eq!((cat.is_admin, cat.roles.0), (true, vec!["editor".to_owned()]));
}

#[tokio::test]
async fn users_of_backrest_log_in_with_their_old_password() {
    let app = TestApp::new().await;
    taken(&app, &exported()).await;
    let is_hashed = async |start: &str| {
        stored(&app, "ann@example.org").await.password_hash.is_some_and(|hash| hash.starts_with(start))
    };
    assert!(is_hashed("$2").await);
    let ann = app.anonymous().log_in("ann@example.org").await;
    assert!(is_hashed("$argon2id$").await);
    assert_eq!(
        ann.data("{ viewer { user { firstName isAdmin } } }", json!({})).await["viewer"]["user"],
        json!({ "firstName": "Ann", "isAdmin": false })
    );
    app.anonymous().log_in("ann@example.org").await;
    let cat = app.anonymous().log_in("cat@example.org").await;
    let cat = cat.data("{ viewer { user { id isAdmin } } }", json!({})).await["viewer"]["user"].take();
    assert_eq!(cat["isAdmin"], true);
    // By their old API, too, under their old ids. The word goes with the right.
    let told = async || {
        let body = json!({ "login": "CAT@example.org", "password": OLD_PASSWORD });
        let answer = app.anonymous().put("/-/login").json(&body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["user"].take()
    };
    let user = told().await;
    let id = CAT.replace('-', "");
    assert_eq!((&user["id"], &user["roles"]), (&json!(id), &json!(["editor", "admin"])));
    let demoted = json!({ "userId": cat["id"], "confirmPassword": PASSWORD });
    app.admin().change("userDemote", demoted, "user { isAdmin }").await;
    assert_eq!(told().await["roles"], json!(["editor"]));
}

#[tokio::test]
async fn who_had_no_password_sets_one_by_a_mailed_link() {
    let app = TestApp::new().await;
    taken(&app, &exported()).await;
    assert_eq!(stored(&app, "dan@example.org").await.password_hash, None);
    app.anonymous().change("passwordResetRequest", json!({ "email": "dan@example.org" }), "requested").await;
    let token = crate::user::last_mail(&app, "dan@example.org").await.token();
    app.anonymous().change("passwordReset", json!({ "token": token, "newPassword": PASSWORD }), "user { id }").await;
    app.anonymous().log_in("dan@example.org").await;
}

//! Attacks on accounts.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde_json::json;

use super::{answer, last_mail, mails_to, sign_up};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn who_has_an_account_cannot_be_told_from_answers_or_work() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let nobody = app.anonymous();
    let work = || app.server.app.passwords.computed();
    for (field, known, unknown) in [
        (
            "sessionCreate",
            json!({ "login": "ada@example.org", "password": "wrong horse" }),
            json!({ "login": "bob@example.org", "password": "wrong horse" }),
        ),
        (
            "userSignUp",
            json!({ "email": "ada@example.org", "password": PASSWORD }),
            json!({ "email": "bob@example.org", "password": PASSWORD }),
        ),
        ("passwordResetRequest", json!({ "email": "ada@example.org" }), json!({ "email": "cy@example.org" })),
        ("activationResend", json!({ "email": "ada@example.org" }), json!({ "email": "cy@example.org" })),
    ] {
        let before = work();
        let mut of_known = answer(&nobody, field, known, "__typename").await;
        let between = work();
        let of_unknown = answer(&nobody, field, unknown, "__typename").await;
        of_known["extensions"].take();
        assert_eq!(of_known["errors"], of_unknown["errors"], "{field}");
        assert_eq!(of_known["data"], of_unknown["data"], "{field}");
        assert_eq!(between - before, work() - between, "{field}: one takes more hashes than the other");
    }
}

#[tokio::test]
async fn an_operator_may_tell_which_addresses_are_taken() {
    let app = TestApp::with(|config| config.sign_up.reveals_users = true).await;
    let ada = app.user("ada").await;
    let nobody = app.anonymous();
    let sign_up = json!({ "email": "ADA@example.org", "password": PASSWORD });
    assert_eq!(nobody.refused("userSignUp", sign_up).await, "ALREADY_EXISTS");
    let fresh = json!({ "email": "new@example.org", "password": PASSWORD });
    let made = nobody.change("userSignUp", fresh, "user { username }").await;
    assert_eq!(made["user"]["username"], "new");
    assert_eq!(nobody.refused("passwordResetRequest", json!({ "email": "bob@example.org" })).await, "NOT_FOUND");
    let change = json!({ "email": "new@example.org", "confirmPassword": PASSWORD });
    assert_eq!(ada.refused("emailChangeRequest", change).await, "ALREADY_EXISTS");
}

/// Reset poisoning: what a request says of its host never reaches a mail.
#[tokio::test]
async fn links_follow_no_header() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let body = json!({
        "query": "mutation { passwordResetRequest(input: { email: \"ada@example.org\" }) { requested } }",
    });
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-proto", "https"),
        ("x-original-url", "http://evil.example/"),
        ("referer", "http://evil.example/"),
    ] {
        let request = app.anonymous().post("/graphql").header(name, value).json(&body);
        assert_eq!(request.send().await.expect("an answer").status(), 200, "{name}");
        let mail = last_mail(&app, "ada@example.org").await;
        assert!(mail.link().starts_with(&format!("{}/resetPassword?", app.server.app.config.public_url)), "{name}");
        assert!(!mail.text.contains("evil") && !mail.html.unwrap_or_default().contains("evil"), "{name}");
    }
}

/// A stolen database: no column of any table holds a token, a link or a password.
#[tokio::test]
async fn no_secret_stands_in_the_database() {
    #[derive(FromQueryResult)]
    struct Name {
        name: String,
    }
    let app = TestApp::with(|config| config.sign_up.anonymous_users = true).await;
    let ada = app.user("ada").await;
    let mut secrets = vec![PASSWORD.to_owned(), ada.token.clone().expect("a session")];
    secrets.push(ada.api_token(&["jobs:read"]).await.token.expect("a token"));
    sign_up(&app, "bob@example.org").await;
    app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    ada.change("emailChangeRequest", json!({ "email": "ada@new.org", "confirmPassword": PASSWORD }), "requested").await;
    // Looked for while the mails still wait.
    let db = app.server.app.db.read();
    let backend = db.get_database_backend();
    let tables = if app.database().is_postgres() {
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    };
    let names = Name::find_by_statement(Statement::from_string(backend, tables)).all(db).await.expect("tables");
    let mut dump = Vec::new();
    for Name { name } in names {
        if app.database().is_postgres() {
            let sql = format!("SELECT CAST(t AS TEXT) AS name FROM \"{name}\" t");
            let rows = Name::find_by_statement(Statement::from_string(backend, sql)).all(db).await.expect("rows");
            dump.extend(rows.into_iter().flat_map(|row| row.name.into_bytes()));
        }
    }
    if !app.database().is_postgres() {
        let path = app.database().url.trim_start_matches("sqlite://").to_owned();
        for suffix in ["", "-wal"] {
            dump.extend(std::fs::read(format!("{path}{suffix}")).unwrap_or_default());
        }
    }
    for address in ["bob@example.org", "ada@example.org", "ada@new.org"] {
        secrets.push(last_mail(&app, address).await.token());
    }
    assert!(dump.windows(15).any(|part| part == b"bob@example.org"), "the dump is empty");
    for secret in secrets {
        let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        for form in [secret.as_bytes(), hex.as_bytes(), secret.trim_start_matches("dkl_").as_bytes()] {
            assert!(!dump.windows(form.len()).any(|part| part == form), "a secret stands in the database");
        }
    }
    assert_eq!(mails_to(&app, "bob@example.org").await, 1);
}

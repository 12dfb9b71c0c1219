//! Taking over a database of Project-W.

use docket::{
    domain::import::{self, Counts, Progress, Report},
    error::{Code, Result},
    viewer::Viewer,
};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, PASSWORD, TestApp};

const TABLES: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR NOT NULL, password_hash VARCHAR NOT NULL, \
     user_key BLOB, is_admin BOOLEAN NOT NULL, activated BOOLEAN NOT NULL);
     CREATE TABLE files (id INTEGER PRIMARY KEY, audio_data BLOB NOT NULL);
     CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, model VARCHAR, language VARCHAR, transcript VARCHAR, \
     downloaded BOOLEAN, error_msg VARCHAR, file_name VARCHAR, file_id INTEGER);
     CREATE TABLE runners (id INTEGER PRIMARY KEY, token_hash VARCHAR NOT NULL);";

/// A database of the old server's, in which these statements were run.
async fn old(sql: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("database.db").display());
    let db = Database::connect(url).await.expect("a database");
    db.execute_unprepared(&format!("{TABLES}{sql}")).await.expect("they are run");
    db.close().await.expect("it is closed");
    folder
}

async fn taken(app: &TestApp, folder: &TempDir) -> Result<Report> {
    let quiet = Progress::new(|_, _| ());
    import::project_w(&app.server.app, &Viewer::local_operator(), &folder.path().join("database.db"), quiet).await
}

fn counted(report: &Report) -> Vec<(&str, [u64; 3])> {
    let counts = |Counts { added, known, refused }: &Counts| [*added, *known, *refused];
    report.counts.iter().map(|(place, of)| (place.as_str(), counts(of))).collect()
}

async fn filled(app: &TestApp) -> TempDir {
    // As argon2-cffi writes one, with parameters of its own.
    let hash = app.server.app.passwords.hash(PASSWORD.into()).await.expect("a hash");
    old(&format!(
        "INSERT INTO users VALUES (3, 'Ann@example.org', '{hash}', x'00', 0, 1), (4, 'bob@example.org', '{hash}', x'', 1, 0), \
         (5, 'admin', '{hash}', x'', 0, 1), (6, 'ANN@example.org', '{hash}', x'', 0, 1), (8, 'cat@example.org', 'md5', x'', 0, 1); \
         INSERT INTO files VALUES (1, x'0001ff'), (2, x''); \
         INSERT INTO jobs VALUES (7, 3, 'tiny', 'de', 'Hallo Grüße', 1, NULL, 'talk.mp3', NULL), \
         (8, 3, NULL, NULL, NULL, 0, 'Traceback' || char(10) || 'no sound', 'a/b.mp3', 2), \
         (9, 3, 'base', NULL, NULL, 0, NULL, 'wait.mp3', 1), (10, 3, NULL, NULL, NULL, 0, 'job was aborted', 'x.mp3', NULL), \
         (11, 6, NULL, NULL, NULL, 0, NULL, 'x.mp3', NULL), (12, 3, NULL, NULL, 'soon', 0, NULL, 'x.mp3', 99); \
         INSERT INTO runners VALUES (1, 'x'), (6, 'y');"
    ))
    .await
}

#[tokio::test]
async fn users_log_in_and_find_their_jobs() {
    let app = TestApp::new().await;
    let folder = filled(&app).await;
    let report = taken(&app, &folder).await.expect("it is taken over");
    assert_eq!(counted(&report), [("users", [3, 0, 2]), ("jobs", [5, 0, 1]), ("runners", [0, 0, 2])]);
    let refused: Vec<_> = report.refused.iter().map(|refused| (refused.place.as_str(), refused.row.as_str())).collect();
    assert_eq!(refused, [("users", "5"), ("users", "6"), ("jobs", "11")]);
    assert_eq!(report.notes.len(), 2, "{:?}", report.notes);

    let login = app.anonymous().post("/api/users/login");
    let login = login.header("content-type", "application/x-www-form-urlencoded");
    let login = login.body(format!("email=Ann%40example.org&password={}", PASSWORD.replace(' ', "+")));
    let answer = login.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.expect("JSON");
    let ann = app.anonymous().with_token(body["accessToken"].as_str().expect("a token"), "");
    let get = async |path: &str| {
        let answer = ann.get(path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json::<Value>().await.expect("JSON")
    };
    assert_eq!(get("/api/jobs/list").await["jobIds"], json!([7, 8, 9, 10, 12]));
    let jobs = get("/api/jobs/info?jobIds=7,8,9,10,12").await["jobs"].take();
    let steps: Vec<_> = jobs.as_array().expect("jobs").iter().map(|job| job["status"]["step"].clone()).collect();
    assert_eq!(json!(steps), json!(["downloaded", "failed", "pendingRunner", "failed", "success"]));
    assert_eq!(
        (&jobs[0]["fileName"], &jobs[0]["model"], &jobs[0]["language"]),
        (&json!("talk.mp3"), &json!("tiny"), &json!("de"))
    );
    assert_eq!((&jobs[1]["error_msg"], &jobs[3]["error_msg"]), (&json!("no sound"), &json!("job was aborted")));
    assert_eq!(get("/api/jobs/downloadTranscript?jobId=7").await["transcript"], "Hallo Grüße");

    // A recording is what it was, and a new job has the next number.
    let document = "{ job(dialect: PROJECT_W, number: 9) { files { nodes { id name size } } } }";
    let file = ann.data(document, json!({})).await["job"]["files"]["nodes"][0].take();
    assert_eq!((&file["name"], &file["size"]), (&json!("wait.mp3"), &json!(3)));
    let path = format!("/files/{}", file["id"].as_str().expect("an id"));
    assert_eq!(ann.get(&path).send().await.expect("an answer").bytes().await.expect("bytes").as_ref(), [0, 1, 255]);
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"n.mp3\"\r\n\r\nsound\r\n--b--\r\n";
    let submit = ann.post("/api/jobs/submit").header("content-type", "multipart/form-data; boundary=b").body(body);
    assert_eq!(submit.send().await.expect("an answer").json::<Value>().await.expect("JSON")["jobId"], 13);
    app.audit().await;
}

#[tokio::test]
async fn it_may_be_repeated_and_admins_stay_admins() {
    let app = TestApp::new().await;
    let folder = filled(&app).await;
    taken(&app, &folder).await.expect("it is taken over");
    let again = taken(&app, &folder).await.expect("it is taken over again");
    assert_eq!(counted(&again), [("users", [0, 3, 2]), ("jobs", [0, 5, 1]), ("runners", [0, 0, 2])]);
    let document = "{ users(first: 100) { nodes { email isAdmin emailVerifiedAt legacyNumber(dialect: PROJECT_W) } } }";
    let found = app.admin().data(document, json!({})).await["users"]["nodes"].take();
    let bob = found.as_array().expect("users").iter().find(|user| user["legacyNumber"] == 4).expect("bob").clone();
    assert_eq!((&bob["isAdmin"], &bob["emailVerifiedAt"]), (&json!(true), &Value::Null));
    app.audit().await;
}

#[tokio::test]
async fn nobody_gets_what_belongs_to_another_who_has_the_number_here() {
    let app = TestApp::new().await;
    // docket's own admin and a user of docket's own draw numbers when they are first seen there.
    let get = async |client: &Client, path: &str| {
        let answer = client.get(path).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let admin = app.admin();
    assert_eq!(get(&admin, "/api/jobs/list?all=1").await.0, 200);
    let document = "{ viewer { user { legacyNumber(dialect: PROJECT_W) } } }";
    let number = admin.data(document, json!({})).await["viewer"]["user"]["legacyNumber"].as_i64().expect("a number");
    let sql = format!(
        "INSERT INTO users VALUES ({number}, 'eve@example.org', 'x', x'', 0, 1), (7, 'dan@example.org', 'x', x'', 0, 1); \
         INSERT INTO jobs VALUES (1, {number}, NULL, NULL, 'of eve', 0, NULL, 'e.mp3', NULL), \
         (2, 7, NULL, NULL, 'of dan', 0, NULL, 'd.mp3', NULL), (3, 99, NULL, NULL, 'x', 0, NULL, 'x.mp3', NULL);"
    );
    let report = taken(&app, &old(&sql).await).await.expect("it is taken over");
    assert_eq!(counted(&report)[..2], [("users", [1, 0, 1]), ("jobs", [1, 0, 2])]);
    let reason = format!("The number {number} belongs to a user with another address already.");
    assert_eq!((report.refused[0].row.as_str(), &report.refused[0].reason), (number.to_string().as_str(), &reason));
    assert_eq!(get(&admin, "/api/jobs/list").await.1["jobIds"], json!([]));

    // The number of a job is known only with the same owner and file.
    for (job, known) in
        [("(2, 7, NULL, NULL, 't', 0, NULL, 'd.mp3', NULL)", 1), ("(2, 7, NULL, NULL, 't', 0, NULL, 'o.mp3', NULL)", 0)]
    {
        let sql =
            format!("INSERT INTO users VALUES (7, 'DAN@example.org', 'x', x'', 0, 1); INSERT INTO jobs VALUES {job};");
        let report = taken(&app, &old(&sql).await).await.expect("it is taken over");
        assert_eq!(counted(&report)[..2], [("users", [0, 1, 0]), ("jobs", [0, known, 1 - known])], "{report:?}");
    }
    app.audit().await;
}

#[tokio::test]
async fn a_recording_of_several_parts_arrives_whole() {
    let app = TestApp::new().await;
    // Two parts and a bit, each of which begins with another byte.
    let sql = "INSERT INTO users VALUES (1, 'ann@example.org', 'x', x'', 0, 1); \
         INSERT INTO files VALUES (1, zeroblob(33554435)); \
         UPDATE files SET audio_data = CAST(x'01' || substr(audio_data, 2, 16777215) || x'02' \
         || substr(audio_data, 2, 16777215) || x'030405' AS BLOB); \
         INSERT INTO jobs VALUES (1, 1, NULL, NULL, NULL, 0, NULL, 'long.mp3', 1);";
    taken(&app, &old(sql).await).await.expect("it is taken over");
    let document = "{ job(dialect: PROJECT_W, number: 1) { files { nodes { id size } } } }";
    let file = app.admin().data(document, json!({})).await["job"]["files"]["nodes"][0].take();
    assert_eq!(file["size"], 33_554_435);
    let path = format!("/files/{}", file["id"].as_str().expect("an id"));
    let bytes = app.admin().get(&path).send().await.expect("an answer").bytes().await.expect("bytes");
    assert_eq!((bytes.len(), bytes[0], bytes[1 << 24], &bytes[1 << 25..]), (33_554_435, 1, 2, &[3, 4, 5][..]));
    assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 5);
    app.audit().await;
}

#[tokio::test]
async fn what_is_no_such_database_changes_nothing() {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(taken(&app, &folder).await.expect_err("there is none").code(), Code::BadRequest);
    std::fs::write(folder.path().join("database.db"), "nonsense that is longer than a header of a database")
        .expect("a file");
    assert_eq!(taken(&app, &folder).await.expect_err("nonsense").code(), Code::BadRequest);
    let other = old("DROP TABLE files;").await;
    let error = taken(&app, &other).await.expect_err("a table is missing");
    assert_eq!(error.code(), Code::BadRequest);
    assert!(error.to_string().contains("files"), "{error}");
    // A row that cannot be read at all ends it, and nothing stays.
    let broken = filled(&app).await;
    let url = format!("sqlite://{}?mode=rw", broken.path().join("database.db").display());
    let db = Database::connect(url).await.expect("a database");
    db.execute_unprepared("UPDATE jobs SET user_id = x'ff' WHERE id = 12").await.expect("it is broken");
    db.close().await.expect("it is closed");
    taken(&app, &broken).await.expect_err("it cannot be read");
    assert_eq!(app.stored(), [""; 0], "no recording stays");
    let quiet = Progress::new(|_, _| ());
    let path = folder.path().join("database.db");
    let anybody = import::project_w(&app.server.app, &Viewer::Anonymous, &path, quiet).await;
    assert_eq!(anybody.expect_err("only the operator").code(), Code::Forbidden);
}

#[tokio::test]
async fn it_tells_how_far_it_is_row_by_row() {
    let app = TestApp::new().await;
    let folder = filled(&app).await;
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = heard.clone();
    let progress = Progress::new(move |place, part| told.lock().expect("no panic").push((place.to_owned(), part)));
    let database = folder.path().join("database.db");
    import::project_w(&app.server.app, &Viewer::local_operator(), &database, progress).await.expect("taken over");
    let heard = heard.lock().expect("no panic");
    for (table, rows) in [("users", 5), ("jobs", 6)] {
        let parts: Vec<f64> = heard.iter().filter(|(place, _)| place == table).map(|(_, part)| *part).collect();
        assert_eq!(parts.len(), rows, "{heard:?}");
        assert!(parts.is_sorted() && parts.last() == Some(&1.0), "{parts:?}");
    }
}

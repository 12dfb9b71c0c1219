//! MyBRC, on a server that has taken over its tables.

mod change;
mod errors;
mod list;
mod money;
mod rights;
mod seed;
mod statements;

use std::{fmt::Write as _, fs};

use docket::{
    config::{Config, MybrcProfile},
    domain::import::{self, Progress},
    viewer::Viewer,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// The tables behind the document's examples: 14 users, 3 accounts, and a few jobs.
const ACCOUNTS: &str = "AccountID,AccountName,AccountAllocation,AccountBalance,Type,Description,Created,Updated
1,fc_hasan,1000000,1000000,FCA,Research of potatoes,2018-06-05 13:27:34,2018-06-05 13:27:34
2,fc_lee,500,123,FCA,Leeks,2018-06-05 13:27:34,2018-06-05 13:27:34
3,co_zhang,7,-2,Condo,\"Beets, red\",2018-06-05 13:27:34,2018-06-05 13:27:34
";
const MEMBERS: &str = "id,UserID,AccountID,UserAllocation,UserBalance,Created,Updated
1,1,1,1000,900,2018-06-05 13:27:34,2018-06-05 13:27:34
2,1,3,7,7,2018-06-05 13:27:34,2018-06-05 13:27:34
3,4,1,1000,1000,2018-06-05 13:27:34,2018-06-05 13:27:34
4,2,2,500,123,2018-06-05 13:27:34,2018-06-05 13:27:34
";
const JOBS: &str = "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,Created,Updated
2,1,2017-07-18 08:39:29,2017-07-19 08:39:29,2017-07-20 08:39:29,2,2,2866850,4,1,18,2018-06-05 13:27:35,2018-06-05 13:27:35
3,1,2017-07-18 08:39:29,2017-07-19 08:39:29,,1,1,0.5,2,-3,-300,2018-06-05 13:27:35,2018-06-05 13:27:35
16,7,2017-07-18 08:39:29,\\N,\\N,1,1,12.25,1,3,5,2018-06-05 13:27:36,2018-06-05 13:27:36
17,8,2017-07-18 08:39:29,NULL,NULL,4,1,-3,1,3,5,2018-06-05 13:27:37,2018-06-05 13:27:37
";

fn users() -> String {
    let mut text = "UserID,UserName,UserMetadata,Email,LDAPUID,Created,Updated\n\
        1,shasan,despacito,shasan@ocf.berkeley.edu,1092385,2017-11-18 20:39:17,2017-11-18 20:39:17\n"
        .to_owned();
    for number in 2..=14 {
        writeln!(
            text,
            "{number},user{number},none,user{number}@example.org,{},2017-11-18 20:39:17,2017-11-18 20:39:17",
            1000 + number
        )
        .expect("a text takes what is written to it");
    }
    text
}

/// A server with these tables, on which callers without a credential act as `slurm`, who keeps accounts.
pub struct World {
    pub app: TestApp,
    pub client: Client,
}

impl World {
    pub async fn new(profile: MybrcProfile) -> Self {
        Self::with(profile, &[]).await
    }

    /// The same with more lines of jobs.
    pub async fn with(profile: MybrcProfile, more: &[String]) -> Self {
        Self::of(profile, &format!("{JOBS}{}", more.join("\n")), |_| ()).await
    }

    /// The same with this table of jobs, and with changed settings.
    pub async fn of(profile: MybrcProfile, jobs: &str, change: impl FnOnce(&mut Config)) -> Self {
        let tables = [users(), ACCOUNTS.to_owned(), MEMBERS.to_owned(), jobs.to_owned()];
        Self::imported(profile, tables, change).await
    }

    /// The same with so many more members of the third account, and more accounts of the third user.
    pub async fn crowded(profile: MybrcProfile, more: usize) -> Self {
        let (mut users, mut accounts, mut members) = (users(), ACCOUNTS.to_owned(), MEMBERS.to_owned());
        for number in (101..).take(more) {
            let at = "2018-06-05 13:27:34,2018-06-05 13:27:34";
            let written = writeln!(users, "{number},user{number},none,user{number}@example.org,{number},{at}")
                .and_then(|()| writeln!(accounts, "{number},fc_{number},7,7,FCA,None,{at}"))
                .and_then(|()| writeln!(members, "{number},{number},3,7,7,{at}\n10{number},3,{number},7,7,{at}"));
            written.expect("a text takes what is written to it");
        }
        Self::imported(profile, [users, accounts, members, JOBS.to_owned()], |_| ()).await
    }

    async fn imported(profile: MybrcProfile, tables: [String; 4], change: impl FnOnce(&mut Config)) -> Self {
        let app = TestApp::with(|config| {
            config.mybrc.profile = profile;
            config.mybrc.at.anonymous_as = Some("slurm".to_owned());
            change(config);
        });
        let app = app.await;
        app.user_with("slurm", &["accounting"], false).await;
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in
            ["users.csv", "accounts.csv", "useraccountassociations.csv", "jobs.csv"].into_iter().zip(tables)
        {
            fs::write(folder.path().join(name), text).expect("it is written");
        }
        let (operator, quiet) = (Viewer::local_operator(), Progress::new(|_, _| ()));
        let report = import::mybrc(&app.server.app, &operator, folder.path(), quiet).await.expect("it is taken over");
        assert!(report.refused.is_empty(), "{:?}", report.refused);
        let client = app.anonymous();
        Self { app, client }
    }

    /// Status and JSON of an answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.client.request(method, &format!("/mybrc{path}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        assert!(status.as_u16() < 500, "a defect of the server: {status} at {path}");
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// The numbers of a list.
    pub async fn numbers(&self, path: &str) -> Vec<i64> {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        let results = body["results"].as_object().expect("results").values().next().expect("a column");
        results.as_array().expect("a list").iter().map(|number| number.as_i64().expect("a number")).collect()
    }
}

/// The headers that the document shows.
fn headers(answer: &Response) -> Value {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    json!({
        "Allow": header("allow"),
        "Content-Type": header("content-type"),
        "Content-Length": header("content-length"),
        "Vary": header("vary"),
        "X-Frame-Options": header("x-frame-options"),
    })
}

/// The global id of the user with this number.
async fn user_id(world: &World, number: i32) -> Value {
    let document = "query($number: Int!) { user(dialect: MYBRC, number: $number) { id } }";
    world.app.admin().data(document, json!({ "number": number })).await["user"]["id"].take()
}

/// A job that may be recorded.
fn job() -> Value {
    json!({ "jobslurmid": 5, "submitdate": "2018-06-05T13:27:35Z", "userid": 1, "accountid": 1, "amount": 2,
        "jobstatus": 1, "partition": 1, "qos": 1 })
}

/// Each operation once.
pub async fn every_operation() {
    let world = World::crowded(MybrcProfile::Documented, 1_001).await;
    let sorted = |body: &Value, field: &str| {
        let numbers = body[field].as_array().expect("numbers");
        numbers.iter().map(|number| number.as_i64().expect("a number")).collect::<Vec<_>>()
    };
    let more: Vec<i64> = (101..=1_101).collect();
    for (path, field, first) in [("/accounts/3/", "users", vec![1]), ("/users/3/", "accounts", vec![])] {
        let all = [first, more.clone()].concat();
        assert_eq!(sorted(&world.get(path).await.1, field), all, "all of them are shown");
        assert_eq!(sorted(&world.patch(path, json!({})).await.1, field), all);
    }
    for (path, object) in [
        ("/jobs/", job()),
        ("/users/", json!({ "username": "eve", "usermetadata": "x", "email": "e", "ldapuid": 1 })),
        (
            "/accounts/",
            json!({ "accountname": "a b", "accountallocation": 2, "accountbalance": 1, "type": "t",
            "description": "d" }),
        ),
    ] {
        assert_eq!(world.get(path).await.0, StatusCode::OK);
        let (status, made) = world.post(path, object.clone()).await;
        assert_eq!(status, StatusCode::OK, "{made}");
        let number = made.as_object().expect("an object").values().next().expect("a number").clone();
        let path = format!("{path}{number}/");
        assert_eq!(world.get(&path).await.0, StatusCode::OK);
        assert_eq!(world.patch(&path, object).await.0, StatusCode::OK);
        assert_eq!(world.ask(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    }
    world.app.audit().await;
}

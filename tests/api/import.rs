//! Taking over what older systems have kept.

use std::path::Path;

use docket::{
    domain::import::{self, Counts, Progress, Refused, Report},
    error::Code,
    viewer::Viewer,
};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{TestApp, code};

pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it is written");
    }
    folder
}

async fn mybrc(app: &TestApp, folder: &Path) -> Report {
    let quiet = Progress::new(|_, _| ());
    import::mybrc(&app.server.app, &Viewer::local_operator(), folder, quiet).await.expect("it is taken over")
}

const USERS: (&str, &str) = (
    "users.csv",
    "UserName,UserID,UserMetadata,Email,LDAPUID,Created,Updated\n\
     ann,7,,ann@example.org,12,2017-11-18 20:39:17,2017-11-18 20:39:17\n\
     bob,0,,bob@example.org,12,2017-11-18 20:39:17,2017-11-18 20:39:17\n\
     cat,2147483648,,cat@example.org,12,2017-11-18 20:39:17,2017-11-18 20:39:17\n\
     ann,9,x,ANN@example.org,NULL,2017-11-18 20:39:17,2017-11-18 20:39:17\n\
     dan,x,,,,2017-11-18 20:39:17,2017-11-18 20:39:17\n\
     eve,11,,,,yesterday,\n\
     short,12\n\
     n\0l,13,,,,2017-11-18 20:39:17,\n",
);
const ACCOUNTS: (&str, &str) = (
    "accounts.csv",
    "AccountID,AccountName,AccountAllocation,AccountBalance,Type,Description,Created,Updated\n\
     3,fc_lab,100,40,FCA,,2018-06-05 13:27:34,\n\
     5,fc_lab,1,1,FCA,twice,2018-06-05 13:27:34,\n\
     6,fc_bad,nan,1,FCA,,2018-06-05 13:27:34,\n",
);
const MEMBERS: (&str, &str) = (
    "useraccountassociations.csv",
    "id,UserID,AccountID,UserAllocation,UserBalance,Created,Updated\n\
     1,7,3,50,30,2018-06-05 13:27:34,\n\
     2,8,3,50,30,2018-06-05 13:27:34,\n\
     3,7,4,50,30,2018-06-05 13:27:34,\n",
);
const JOBS: (&str, &str) = (
    "jobs.csv",
    "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,Created,Updated\n\
     900,1,2017-07-18 08:39:29,\\N,\\N,7,3,1.5,1,1,1,2018-06-05 13:27:35,2018-06-05 13:27:36\n\
     901,1,2017-07-18 08:39:29,\\N,\\N,8,3,1.5,1,1,1,2018-06-05 13:27:35,2018-06-05 13:27:36\n\
     902,1,2017-07-18 08:39:29,\\N,\\N,7,3,1.5,200,1,1,2018-06-05 13:27:35,2018-06-05 13:27:36\n\
     900,1,2017-07-18 08:39:29,\\N,\\N,7,3,1.5,1,1,1,2018-06-05 13:27:35,2018-06-05 13:27:36\n\
     903,1,2017-07-18 08:39:29,2017-07-18 08:39:30,2017-07-18 08:39:20.5,9,5,-1e1,1,1,1,2018-06-05 13:27:35,\n",
);

pub fn counted(report: &Report) -> Vec<(&str, [u64; 3])> {
    let counts = |Counts { added, known, refused }: &Counts| [*added, *known, *refused];
    report.counts.iter().map(|(place, of)| (place.as_str(), counts(of))).collect()
}

#[tokio::test]
async fn every_number_is_kept_and_what_cannot_be_taken_is_told_of() {
    let app = TestApp::new().await;
    let exported = folder(&[USERS, ACCOUNTS, MEMBERS, JOBS]);
    let report = mybrc(&app, exported.path()).await;
    let expected = [
        ("users.csv", [2, 0, 6]),
        ("accounts.csv", [2, 0, 1]),
        ("useraccountassociations.csv", [1, 0, 2]),
        ("jobs.csv", [2, 1, 2]),
    ];
    assert_eq!(counted(&report), expected, "{report:?}");
    let told = |place: &str, row: &str, reason: &str| Refused {
        place: place.to_owned(),
        row: row.to_owned(),
        reason: reason.to_owned(),
    };
    for refused in [
        told("users.csv", "3", "UserID is out of range: 0 is not from 1 to 2147483647."),
        told("users.csv", "6", "UserID is no whole number: \"x\"."),
        told("users.csv", "8", "It has too few values."),
        told("users.csv", "9", "It holds a NUL character, which not every database keeps."),
        told("accounts.csv", "4", "AccountAllocation is out of range: nan."),
        told("useraccountassociations.csv", "3", "There is no user 8."),
        told("jobs.csv", "4", "JobStatus is out of range: 200 is not from -128 to 127."),
    ] {
        assert!(report.refused.contains(&refused), "{refused:?}: {:?}", report.refused);
    }
    assert_eq!(report.notes, ["users.csv:5: the users 7 and 9 have the same address, ANN@example.org."]);
    let document = "{ job(dialect: MYBRC, number: 903) { status amount owner { legacyNumber(dialect: MYBRC) }
        startedAt finishedAt createdAt updatedAt account { name title available } }
        a: account(dialect: MYBRC, number: 3) { name title granted spent available overrun chargesRecordedJobs
            members { nodes { limit spent } } } }";
    let found = app.admin().data(document, json!({})).await;
    let job = json!({ "status": "SUCCEEDED", "amount": "-10", "owner": { "legacyNumber": 9 },
        "startedAt": "2017-07-18T08:39:30.000000Z", "finishedAt": "2017-07-18T08:39:20.500000Z",
        "createdAt": "2018-06-05T13:27:35.000000Z", "updatedAt": "2018-06-05T13:27:35.000000Z",
        "account": { "name": "fc_lab-2", "title": "fc_lab", "available": "1" } });
    let account = json!({ "name": "fc_lab", "title": "fc_lab", "granted": "100", "spent": "60", "available": "40",
        "overrun": "ALLOW", "chargesRecordedJobs": false, "members": { "nodes": [{ "limit": "50", "spent": "20" }] } });
    assert_eq!(found, json!({ "job": job, "a": account }));
    app.audit().await;
}

#[tokio::test]
async fn an_import_is_repeated_without_doing_anything_twice() {
    let app = TestApp::new().await;
    let exported = folder(&[USERS, ACCOUNTS, MEMBERS, JOBS]);
    mybrc(&app, exported.path()).await;
    let again = mybrc(&app, exported.path()).await;
    let expected = [
        ("users.csv", [0, 2, 6]),
        ("accounts.csv", [0, 2, 1]),
        ("useraccountassociations.csv", [0, 1, 2]),
        ("jobs.csv", [0, 3, 2]),
    ];
    assert_eq!(counted(&again), expected);
    app.audit().await;
    // New ones get numbers beyond those that were taken over.
    let user = app.user("ada").await;
    let made = app.admin().change("jobRecord", json!({ "ownerId": user.id }), "job { dialectNumber }").await;
    assert_eq!(made["job"]["dialectNumber"], 904);
    app.audit().await;
}

#[tokio::test]
async fn a_number_of_another_here_is_not_theirs() {
    let app = TestApp::new().await;
    let exported = folder(&[USERS, ACCOUNTS, MEMBERS, JOBS]);
    mybrc(&app, exported.path()).await;
    let renamed = (USERS.0, &*USERS.1.replace("ann,7,,ann@example.org,12", "eve,7,,ann@example.org,12"));
    let other = (ACCOUNTS.0, &*ACCOUNTS.1.replace("3,fc_lab", "3,fc_other"));
    let report = mybrc(&app, folder(&[renamed, other, MEMBERS, JOBS]).path()).await;
    let counts = counted(&report);
    assert_eq!(counts[..2], [("users.csv", [0, 1, 7]), ("accounts.csv", [0, 1, 2])], "{report:?}");
    assert_eq!(counts[2..], [("useraccountassociations.csv", [0, 0, 3]), ("jobs.csv", [0, 1, 4])], "{report:?}");
    let reasons: Vec<&str> = report.refused.iter().map(|refused| refused.reason.as_str()).collect();
    assert!(reasons.contains(&"The UserID 7 belongs to another user already."), "{reasons:?}");
    assert!(reasons.contains(&"The AccountID 3 belongs to another account already."), "{reasons:?}");
    // Of the same name, one whose uid or address changed since is the same, and one who differs in both is not.
    for (from, known) in [("other@example.org,12", 2), ("ann@example.org,13", 2), ("other@example.org,13", 1)] {
        let changed = (USERS.0, &*USERS.1.replacen("ann@example.org,12", from, 1));
        let report = mybrc(&app, folder(&[changed, ACCOUNTS, MEMBERS, JOBS]).path()).await;
        assert_eq!(counted(&report)[0].1[1], known, "{from}");
    }
    app.audit().await;
}

const JOB_COLUMNS: &str = "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,Created,Updated\n";

#[tokio::test]
async fn a_number_that_another_job_has_is_refused_with_its_line() {
    let app = TestApp::new().await;
    let row = |number: u32, slurm: u32, day: u32, user: u32| {
        format!("{number},{slurm},2017-07-{day:02} 08:39:29,\\N,\\N,{user},3,1.5,1,1,1,2018-06-05 13:27:35,\n")
    };
    let take = async |rows: &[String]| {
        let jobs = format!("{JOB_COLUMNS}{}", rows.concat());
        mybrc(&app, folder(&[USERS, ACCOUNTS, MEMBERS, ("jobs.csv", &jobs)]).path()).await
    };
    let first = row(1, 5, 18, 7);
    let rows = [first.clone(), first.clone(), row(1, 6, 18, 7), row(1, 5, 19, 7), row(1, 5, 18, 9), row(2, 5, 18, 7)];
    let report = take(&rows).await;
    assert_eq!(counted(&report)[3], ("jobs.csv", [2, 1, 3]), "{report:?}");
    let told: Vec<_> = report.refused.iter().filter(|row| row.place == "jobs.csv").collect();
    assert_eq!(told.iter().map(|row| row.row.as_str()).collect::<Vec<_>>(), ["4", "5", "6"]);
    assert!(told.iter().all(|row| row.reason == "The JobNumber 1 belongs to another job already."), "{told:?}");
    // Of jobs that are here, whoever recorded them, likewise.
    let ada = app.user("ada").await;
    let made = app.admin().change("jobRecord", json!({ "ownerId": ada.id }), "job { dialectNumber }").await;
    assert_eq!(made["job"]["dialectNumber"], 3);
    let report = take(&[first, row(3, 5, 18, 7), row(4, 5, 18, 7)]).await;
    assert_eq!(counted(&report)[3], ("jobs.csv", [1, 1, 1]), "{report:?}");
    app.audit().await;
}

#[tokio::test]
async fn members_come_back_and_what_contradicts_itself_is_refused() {
    let app = TestApp::new().await;
    let exported = folder(&[USERS, ACCOUNTS, MEMBERS, JOBS]);
    mybrc(&app, exported.path()).await;
    let ids = "{ account(dialect: MYBRC, number: 3) { id members { nodes { limit spent user { id } } } } }";
    let found = app.admin().data(ids, json!({})).await["account"].take();
    let member = json!({ "accountId": found["id"], "userId": found["members"]["nodes"][0]["user"]["id"] });
    app.admin().change("accountMemberRemove", member, "member { limit }").await;
    let twice = format!("{}4,7,3,50,30,2018-06-05 13:27:34,\n5,7,3,51,30,2018-06-05 13:27:34,\n", MEMBERS.1);
    let report = mybrc(&app, folder(&[USERS, ACCOUNTS, (MEMBERS.0, &twice), JOBS]).path()).await;
    assert_eq!(counted(&report)[2].1, [1, 1, 3], "{report:?}");
    let refused = report.refused.iter().find(|row| row.place == MEMBERS.0 && row.row == "6").expect("the last line");
    assert_eq!(refused.reason, "Line 2 says of the same user and account something else.");
    let found = app.admin().data(ids, json!({})).await["account"].take();
    let members = &found["members"]["nodes"];
    assert_eq!(members.as_array().map(Vec::len), Some(1));
    assert_eq!((&members[0]["limit"], &members[0]["spent"]), (&json!("50"), &json!("20")), "and nothing twice");
    app.audit().await;
}

#[tokio::test]
async fn how_many_rows_were_refused_is_told_however_many() {
    let app = TestApp::new().await;
    let mut users = vec!["UserName,UserID,UserMetadata,Email,LDAPUID,Created,Updated".to_owned()];
    users.extend((0..1_200).map(|number| format!("u{number},0,,,,,")));
    let users = users.join("\n");
    let report = mybrc(&app, folder(&[("users.csv", &users), ACCOUNTS, MEMBERS, JOBS]).path()).await;
    assert!(!report.is_complete());
    let refused: u64 = report.counts.iter().map(|(_, counts)| counts.refused).sum();
    assert_eq!((report.refused.len(), report.refused_more), (1_000, refused - 1_000));
}

#[tokio::test]
async fn what_is_missing_takes_nothing_over() {
    let app = TestApp::new().await;
    let quiet = || Progress::new(|_, _| ());
    let operator = Viewer::local_operator();
    let incomplete = folder(&[USERS, ACCOUNTS, MEMBERS]);
    let error = import::mybrc(&app.server.app, &operator, incomplete.path(), quiet()).await.expect_err("no jobs");
    assert_eq!(error.code(), Code::BadRequest);
    assert!(error.to_string().contains("jobs.csv"), "{error}");
    let renamed = folder(&[USERS, ACCOUNTS, MEMBERS, ("jobs.csv", "JobNumber\n1\n")]);
    let error = import::mybrc(&app.server.app, &operator, renamed.path(), quiet()).await.expect_err("no columns");
    assert!(error.to_string().contains("JobSlurmID"), "{error}");
    let document = "{ account(dialect: MYBRC, number: 3) { id } }";
    assert_eq!(code(&app.admin().graphql(document, json!({})).await), "NOT_FOUND", "all of it, or nothing");
    let anybody = import::mybrc(&app.server.app, &Viewer::Anonymous, incomplete.path(), quiet()).await;
    assert_eq!(anybody.expect_err("only the operator").code(), Code::Forbidden);
    app.audit().await;
}

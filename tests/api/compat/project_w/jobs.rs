//! Listing, looking, stopping and removing.

use serde_json::json;

use super::{get, job, post, registered, sign_up, submit, user, world};

#[tokio::test]
async fn jobs_are_listed_by_numbers_of_their_own() {
    let (app, mails) = world().await;
    let (ada, bob) = (user(&app, &mails, "ada@test.com").await, user(&app, &mails, "bob@test.com").await);
    // A job of another service has no number here.
    let other = app.service(json!({})).await;
    app.admin().submit(&other, json!({})).await;
    get(&ada, "/jobs/list").await.is(200, "{\"jobIds\":[],\"msg\":\"Returning list of all jobs of your account\"}");
    for (who, id) in [(&ada, 1), (&bob, 2), (&ada, 3)] {
        assert_eq!(submit(who, "x").await, id);
    }
    get(&ada, "/jobs/list").await.is(200, "{\"jobIds\":[1,3],\"msg\":\"Returning list of all jobs of your account\"}");
    let forbidden = "You don't have permission to list other users' jobs";
    for query in ["email=bob@test.com", "email=", "all=", "all=1"] {
        get(&ada, &format!("/jobs/list?{query}")).await.refuses(403, "permission", forbidden);
    }
    let admin = app.admin();
    assert_eq!(get(&admin, "/jobs/list?email=bob@test.com").await.json()["jobIds"], json!([2]));
    get(&admin, "/jobs/list?email=eve@test.com").await.refuses(400, "notInDatabase", "No user exists with that email");
    get(&admin, "/jobs/list?all=").await.refuses(400, "invalidRequest", "The required parameter `email` is missing");
    for all in ["1", "0", "False"] {
        let answer = get(&admin, &format!("/jobs/list?all={all}&email=bob@test.com")).await.json();
        assert_eq!(answer["msg"], "Returning all list of all jobs in database");
        let lists = answer["jobs"].as_array().expect("a list");
        let with: Vec<_> = lists.iter().map(|one| &one["jobIds"]).collect();
        assert!(with.contains(&&json!([1, 3])) && with.contains(&&json!([2])), "{answer}");
        assert!(with.contains(&&json!([])), "users without jobs, too: {answer}");
        assert!(lists.iter().all(|one| one["userId"].is_i64()));
    }
}

#[tokio::test]
async fn what_is_shown_of_a_job() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let form = super::recording("x").text("model", "tiny").text("language", "");
    super::post_parts(&ada, "/jobs/submit", form).await.is(200, "{\"jobId\":1,\"msg\":\"Job successfully submitted\"}");
    submit(&ada, "y").await;
    get(&ada, "/jobs/info?jobIds=2,%201,2").await.is(
        200,
        "{\"jobs\":[{\"fileName\":\"a.mp3\",\"jobId\":2,\"language\":null,\"model\":null,\"status\":{\"step\":\
         \"pendingRunner\"}},{\"fileName\":\"a.mp3\",\"jobId\":1,\"language\":\"\",\"model\":\"tiny\",\"status\":{\
         \"step\":\"pendingRunner\"}},{\"fileName\":\"a.mp3\",\"jobId\":2,\"language\":null,\"model\":null,\"status\":{\
         \"step\":\"pendingRunner\"}}],\"msg\":\"Returning requested jobs\"}",
    );
}

#[tokio::test]
async fn lists_of_numbers_are_checked_before_anything_is_done() {
    let (app, mails) = world().await;
    let (ada, bob) = (user(&app, &mails, "ada@test.com").await, user(&app, &mails, "bob@test.com").await);
    let (own, others) = (submit(&ada, "x").await, submit(&bob, "x").await);
    let wrong = "`jobIds` must be comma-separated list of integers";
    get(&ada, "/jobs/info").await.refuses(400, "invalidRequest", "The required parameter `jobIds` is missing");
    for ids in ["", "a", "1,", "1;2"] {
        get(&ada, &format!("/jobs/info?jobIds={ids}")).await.refuses(400, "invalidRequest", wrong);
        post(&ada, "/jobs/abort", &[("jobIds", ids)]).await.refuses(400, "invalidRequest", wrong);
        post(&ada, "/jobs/delete", &[("jobIds", ids)]).await.refuses(400, "invalidRequest", wrong);
    }
    for id in [others.to_string(), "99".to_owned(), "-1".to_owned(), "99999999999999999999".to_owned()] {
        let ids = format!("{own},{id}");
        let forbidden = format!("You don't have permission to access the job with id {id}");
        get(&ada, &format!("/jobs/info?jobIds={ids}")).await.refuses(403, "permission", &forbidden);
        post(&ada, "/jobs/abort", &[("jobIds", &ids)]).await.refuses(403, "permission", &forbidden);
        post(&ada, "/jobs/delete", &[("jobIds", &ids)]).await.refuses(403, "permission", &forbidden);
    }
    get(&app.admin(), "/jobs/info?jobIds=1,99").await.refuses(404, "notInDatabase", "There exists no job with id 99");
    assert_eq!(job(&ada, own).await["status"]["step"], "pendingRunner", "nothing was done for any");
    assert_eq!(get(&app.admin(), "/jobs/info?jobIds=2,1").await.json()["jobs"][0]["jobId"], others);
}

#[tokio::test]
async fn stopping_ends_what_nobody_works_on_and_asks_who_does() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, number) = registered(&app).await;
    let (one, two) = (submit(&ada, "x").await, submit(&ada, "y").await);
    assert_eq!(job(&ada, one).await["status"], json!({ "step": "runnerAssigned", "runner": number }));
    let stop = async |ids: String| post(&ada, "/jobs/abort", &[("jobIds", &ids)]).await;
    // Assigned and not fetched: the old server broke on it.
    stop(one.to_string()).await.says("Successfully requested to abort all provided jobs.");
    let stopped = job(&ada, one).await;
    assert_eq!((&stopped["status"], &stopped["error_msg"]), (&json!({ "step": "failed" }), &json!("job was aborted")));
    assert_eq!(post(&worker, "/runners/heartbeat", &[]).await.json(), json!({ "jobAssigned": true }));
    post(&worker, "/runners/retrieveJobInfo", &[]).await;
    stop(two.to_string()).await.says("Successfully requested to abort all provided jobs.");
    let asked = json!({ "step": "runnerInProgress", "runner": number, "progress": 0.0 });
    assert_eq!(job(&ada, two).await["status"], asked);
    for fields in [vec![], vec![("progress", "0.5")], vec![("progress", "nonsense")]] {
        assert_eq!(post(&worker, "/runners/heartbeat", &fields).await.json(), json!({ "abort": true }));
    }
    post(&worker, "/runners/submitJobResult", &[("error_msg", "job was aborted")]).await;
    assert_eq!(job(&ada, two).await["status"], json!({ "step": "failed" }));
    let three = submit(&ada, "z").await;
    stop(format!("{three},{two}")).await.refuses(
        400,
        "invalidRequest",
        "At least one of the provided jobs is currently not running",
    );
    assert_eq!(job(&ada, three).await["status"]["step"], "runnerAssigned");
}

#[tokio::test]
async fn only_what_is_finished_is_removed() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (one, two) = (submit(&ada, "x").await, submit(&ada, "y").await);
    post(&ada, "/jobs/abort", &[("jobIds", &one.to_string())]).await;
    let remove = async |ids: String| post(&ada, "/jobs/delete", &[("jobIds", &ids)]).await;
    remove(format!("{one},{two}")).await.refuses(
        400,
        "invalidRequest",
        "At least one of the provided jobs is currently still running",
    );
    remove(one.to_string()).await.says("Successfully deleted all provided jobs");
    assert_eq!(get(&ada, "/jobs/list").await.json()["jobIds"], json!([two]));
    assert_eq!(submit(&ada, "z").await, two + 1, "numbers are not used again");
}

#[tokio::test]
async fn who_has_not_confirmed_may_do_all_but_submit() {
    let (app, _mails) = world().await;
    let fresh = sign_up(&app, "new@test.com").await;
    let refused = "Your account is not activated. Please activate your user account to use this feature.";
    for form in [super::recording("x"), super::Form::new()] {
        super::post_parts(&fresh, "/jobs/submit", form).await.refuses(403, "permission", refused);
    }
    assert_eq!(get(&fresh, "/jobs/list").await.json()["jobIds"], json!([]));
}

#[tokio::test]
async fn who_may_only_look_changes_nothing() {
    let (app, mails) = world().await;
    let (ada, bob) = (user(&app, &mails, "ada@test.com").await, user(&app, &mails, "bob@test.com").await);
    submit(&ada, "one").await;
    let services = ada.data("{ services { nodes { id } } }", json!({})).await;
    let project = ada.project(json!({})).await;
    let shared = json!({ "serviceId": services["services"]["nodes"][0]["id"], "projectId": project, "parameters": {} });
    ada.submit_with(shared.clone()).await;
    let viewer = bob.data("{ viewer { user { id } } }", json!({})).await;
    let watch = json!({ "projectId": project, "userId": viewer["viewer"]["user"]["id"], "role": "WATCHER" });
    ada.change("projectMemberSet", watch, "member { role }").await;
    app.advance(2);
    assert_eq!(job(&bob, 2).await["status"]["step"], "pendingRunner", "it is seen");
    let forbidden = "You don't have permission to access the job with id 2";
    post(&bob, "/jobs/abort", &[("jobIds", "2")]).await.refuses(403, "permission", forbidden);
    assert_eq!(job(&ada, 2).await["status"]["step"], "pendingRunner");
    // Nothing is done for any, also for those that the caller may remove.
    let own = submit(&bob, "own").await;
    for (who, ids) in [(&ada, "2"), (&bob, "3")] {
        post(who, "/jobs/abort", &[("jobIds", ids)]).await.says("Successfully requested to abort all provided jobs.");
    }
    let both = format!("{own},2");
    post(&bob, "/jobs/delete", &[("jobIds", &both)]).await.refuses(403, "permission", forbidden);
    assert_eq!(job(&bob, own).await["status"]["step"], "failed", "it is still there");
    post(&ada, "/jobs/delete", &[("jobIds", "2")]).await.says("Successfully deleted all provided jobs");
}

#[tokio::test]
async fn head_gives_no_numbers_out() {
    let (app, _mails) = world().await;
    app.user("ada").await;
    let admin = app.admin();
    super::head(&admin, "/jobs/list?all=1").await;
    let document = "{ users(first: 10) { nodes { username legacyNumber(dialect: PROJECT_W, draw: false) } } }";
    let mut users = admin.data(document, json!({})).await["users"]["nodes"].take();
    let all = users.as_array_mut().expect("a list");
    assert!(all.iter().all(|user| user["legacyNumber"].is_null()), "{all:?}");
    let listed = get(&admin, "/jobs/list?all=1").await.json();
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(all.len()), "GET gives them out");
}

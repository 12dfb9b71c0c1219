//! Many callers who change the same thing at the same moment: on PostgreSQL their transactions run side by side.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use sea_orm::{
    ConnectionTrait, DbBackend, Statement, TransactionTrait,
    sqlx::{Connection, Executor, PgConnection},
};
use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp, code, mutation, text};

/// The numbers of a job's events.
async fn revisions(app: &TestApp, job: &str) -> Vec<i64> {
    let events = app
        .admin()
        .job(
            job,
            "revision events(first: 100) { nodes {
        ... on JobStatusChanged { revision } ... on JobProgressed { revision } ... on JobLogAppended { revision } } }",
        )
        .await;
    let numbers = events["events"]["nodes"].as_array().expect("a list").iter();
    let numbers: Vec<i64> = numbers.map(|event| event["revision"].as_i64().expect("a number")).collect();
    assert_eq!(numbers.last().copied(), events["revision"].as_i64(), "the job counts its events");
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jobs_events_are_numbered_without_a_gap_whoever_writes_them() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner(&service).await;
    let job = app.admin().submit(&service, json!({})).await;
    let lease = runner.claim().await;
    let replica = app.replica().await;
    let other = replica.as_ref().map_or_else(|| runner.clone(), |replica| runner.at(replica));
    let reports = (0..20).map(|number| {
        let (runner, lease) = (if number % 2 == 0 { &runner } else { &other }, &lease);
        async move {
            let beat = json!({ "leaseToken": lease.token, "message": format!("step {number}") });
            runner.change("workHeartbeat", beat, "expiresAt").await;
            runner.change("workLog", json!({ "leaseToken": lease.token, "text": "x" }), "job { id }").await;
        }
    });
    let admin = app.admin();
    let cancel = admin.change("jobCancel", json!({ "jobId": job }), "job { cancelRequested }");
    tokio::join!(join_all(reports), cancel);
    assert_eq!(revisions(&app, &job).await, (1..=44).collect::<Vec<_>>());
    let read = app.admin().job(&job, "log { text }").await;
    assert_eq!(text(&read["log"]["text"]), "x".repeat(20), "no piece of the log is written over another");
    let end = json!({ "leaseToken": lease.token });
    let ends = join_all((0..5).map(|_| runner.refused("workComplete", end.clone()))).await;
    assert_eq!(ends.iter().filter(|code| *code == "OK").count(), 1, "{ends:?}");
    assert!(ends.iter().all(|code| code == "OK" || code == "LEASE_LOST"), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_asks_at_once_gets_no_more_than_its_slots_and_no_job_twice() {
    at_once(json!({})).await;
    // A limit that never binds, and makes the claim go another way.
    at_once(json!({ "maxRunning": 1000 })).await;
}

async fn at_once(limits: Value) {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({ "limits": limits })).await, app.service(json!({})).await);
    let (narrow, wide) = (
        app.runner_with(json!({ "serviceIds": [one, two], "slots": 5 })).await,
        app.runner_with(json!({ "serviceIds": [two, one], "slots": 1000 })).await,
    );
    let admin = app.admin();
    for service in [&one, &two] {
        join_all((0..15).map(|_| admin.submit_with(json!({ "serviceId": service })))).await;
    }
    let replica = app.replica().await;
    let [narrow_other, wide_other] =
        [&narrow, &wide].map(|runner| replica.as_ref().map_or_else(|| runner.clone(), |replica| runner.at(replica)));
    let claims = [&narrow, &narrow_other, &wide, &wide_other].map(|runner| {
        join_all([1, 3, 100].map(|max| runner.claim_with(json!({ "max": max })))) // side by side
    });
    let taken = join_all(claims).await;
    let of = |shares: &[Vec<Vec<Lease>>]| {
        shares.iter().flatten().flatten().map(|lease| lease.job.clone()).collect::<Vec<_>>()
    };
    assert!(of(&taken[..2]).len() <= 5, "{}", of(&taken[..2]).len());
    let mut all = of(&taken);
    // Whoever locked a head and had no room for it has let it go by now.
    all.extend(wide.claim_with(json!({ "max": 100 })).await.into_iter().map(|lease| lease.job));
    assert_eq!(all.len(), 30);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 30, "a job was given out twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_made_and_changed_at_once_keep_their_names_and_versions_apart() {
    let app = TestApp::new().await;
    let made = join_all((0..12).map(|_| app.service(json!({ "title": "Twin" })))).await;
    let names = app.admin().data("{ services(first: 100) { nodes { name } } }", json!({})).await;
    let names: BTreeSet<String> =
        names["services"]["nodes"].as_array().expect("a list").iter().map(|service| text(&service["name"])).collect();
    assert_eq!(names.len(), 12, "{names:?}");
    assert!(names.contains("twin") && names.contains("twin-12"), "{names:?}");

    let document = "mutation($input: ServiceUpdateInput!) { serviceUpdate(input: $input) { service { version } } }";
    let admin = app.admin();
    let changes = (0..10).map(|number| {
        let input = json!({ "serviceId": made[0], "parametersSchema": { "const": number } });
        admin.graphql(document, json!({ "input": input }))
    });
    let answers = join_all(changes).await;
    let versions: BTreeSet<i64> =
        answers.iter().filter_map(|answer| answer["data"]["serviceUpdate"]["service"]["version"].as_i64()).collect();
    assert_eq!(versions, (2..=11).collect(), "{answers:?}");

    let renames = made.iter().map(|id| admin.refused("serviceUpdate", json!({ "serviceId": id, "name": "wanted" })));
    let outcomes = join_all(renames).await;
    assert_eq!(outcomes.iter().filter(|code| *code == "OK").count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|code| code == "OK" || code == "ALREADY_EXISTS"), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_leaves_while_it_claims_holds_nothing() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner(&service).await;
    let admin = app.admin();
    join_all((0..20).map(|_| admin.submit_with(json!({ "serviceId": service })))).await;
    let leave = || runner.data("mutation { runnerUnregister { runner { id } } }", json!({}));
    tokio::join!(join_all((0..5).map(|_| runner.claim_with(json!({ "max": 3 })))), leave(), leave());
    let delete = admin.refused("runnerDelete", json!({ "runnerId": runner.id }));
    let claim = runner.graphql("mutation { workClaim(input: { max: 20 }) { leases { token } } }", json!({}));
    let (deleted, claimed) = tokio::join!(delete, claim);
    assert_eq!(deleted, "OK");
    assert!(["OK", "UNAUTHENTICATED", "NOT_FOUND"].contains(&code(&claimed).as_str()), "{claimed}");
    let held = admin.data("{ jobs(filter: { status: { in: [CLAIMED, RUNNING] } }) { totalCount } }", json!({})).await;
    assert_eq!(held["jobs"]["totalCount"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_connection_breaks_is_done_once_or_says_that_nobody_knows() {
    let app = TestApp::new().await;
    if !app.database().is_postgres() {
        return println!("nothing to see: SQLite has no connections that break");
    }
    let service = app.service(json!({})).await;
    let admin = app.admin();
    let document = mutation("jobSubmit", "job { id }");
    let submits = (0..100).map(|number| {
        let input = json!({ "serviceId": service, "parameters": { "number": number } });
        admin.graphql(&document, json!({ "input": input }))
    });
    let cut = async {
        let mut cuts = 0;
        for _ in 0..5 {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                       AND pid <> pg_backend_pid()";
            let statement = Statement::from_string(DbBackend::Postgres, sql);
            // It goes over a connection of the same pool, and may meet one that the last cut has ended.
            cuts += usize::from(app.server.app.db.read().query_all_raw(statement).await.is_ok());
        }
        cuts
    };
    let (answers, cuts) = tokio::join!(join_all(submits), cut);
    assert!(cuts > 0, "nothing was cut");
    let unknown = |answer: &&Value| answer["errors"][0]["message"].to_string().contains("may have been stored");
    // The connection that watches the database is cut like the others: while it finds its way back, nothing is begun.
    let refused = |answer: &&Value| answer["errors"][0]["message"].to_string().contains("is not reachable");
    let (done, lost) =
        (answers.iter().filter(|answer| code(answer) == "OK").count(), answers.iter().filter(unknown).count());
    let refused = answers.iter().filter(refused).count();
    println!("done {done}, unknown {lost}, not begun {refused}");
    let odd: Vec<&Value> =
        answers.iter().filter(|answer| !["OK", "UNAVAILABLE"].contains(&code(answer).as_str())).collect();
    assert!(odd.is_empty() && done + lost + refused == 100, "{odd:?}");
    let stored = admin.data("{ jobs(first: 100) { totalCount nodes { parameters } } }", json!({})).await;
    let numbers: BTreeSet<String> =
        stored["jobs"]["nodes"].as_array().expect("a list").iter().map(|job| job["parameters"].to_string()).collect();
    let count = usize::try_from(stored["jobs"]["totalCount"].as_u64().expect("a number")).expect("few");
    assert!((done..=done + lost).contains(&count), "{count} stored, {done} of them for sure, {lost} perhaps");
    assert_eq!(numbers.len(), count, "one was stored twice");
    assert!(done > lost, "what breaks before the commit is run again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_waited_for_its_runner_takes_what_has_come_meanwhile() {
    let app = TestApp::new().await;
    if !app.database().is_postgres() {
        return println!("nothing to see: on SQLite writers wait before they begin");
    }
    let service = app.service(json!({})).await;
    let runner = app.runner(&service).await;
    let other = sea_orm::Database::connect(app.database().settings().url).await.expect("a connection");
    let held = other.begin().await.expect("a transaction");
    held.execute_unprepared("SELECT id FROM runner FOR UPDATE").await.expect("a lock");
    let (claim, job) = tokio::join!(runner.claim_with(json!({})), async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waits = Statement::from_string(DbBackend::Postgres, waits);
        while other.query_one_raw(waits.clone()).await.expect("an answer").is_none() {
            tokio::task::yield_now().await;
        }
        app.advance(1);
        let job = app.admin().submit(&service, json!({})).await;
        held.commit().await.expect("the lock is let go");
        job
    });
    assert_eq!(claim.iter().map(|lease| &lease.job).collect::<Vec<_>>(), [&job]);
}

/// A grant like the one that is there already, with its event: the books are right after it.
const GRANT: [&str; 3] = [
    "INSERT INTO ledger_entry (uid, account_id, kind, granted, held, spent, created_at) \
     SELECT gen_random_uuid(), account_id, kind, granted, held, spent, created_at FROM ledger_entry",
    "UPDATE account SET granted = 2 * granted",
    "INSERT INTO event (account_id, kind, attempt, detail, created_at) \
     SELECT account_id, 'booked', 0, ('{\"booking\": {\"entry_id\": ' || MAX(id) || ', \"kind\": \"grant\", \
         \"deltas\": [10000000, 0, 0], \"sums\": [20000000, 0, 0]}}')::jsonb, MAX(created_at) \
     FROM ledger_entry GROUP BY account_id",
];

/// What an account's follower is told next, in short.
async fn booked(stream: &mut crate::support::Stream) -> Value {
    let mut item = stream.item("accountEvents").await;
    json!([item["event"]["granted"].take(), item["event"]["change"].take()])
}

/// The place in the log is drawn first and filled last: whoever passes it meanwhile misses the event for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_commits_late_is_told_to_everybody_who_waits_and_who_comes_back() {
    let app = TestApp::new().await;
    let Some(replica) = app.replica().await else { return };
    let admin = app.admin();
    let service = app.service(json!({})).await;
    let account = app.account(json!({ "granted": "10" })).await;
    let document = "subscription($id: ID!, $after: Cursor) { accountEvents(accountId: $id, after: $after) { cursor
        event { ... on AccountBooked { granted } ... on AccountChanged { change } } } }";
    let follow =
        async |client: &Client, after: &str| client.subscribe(document, json!({ "id": account, "after": after })).await;
    let servers = [admin.clone(), admin.at(&replica)];
    let (mut streams, mut last) = (Vec::new(), String::new());
    for client in &servers {
        let mut stream = follow(client, "e0").await;
        assert_eq!(booked(&mut stream).await, json!([null, "CREATED"]));
        let item = stream.item("accountEvents").await;
        assert_eq!(item["event"]["granted"], "10");
        last = text(&item["cursor"]);
        streams.push(stream);
    }
    let mut other = PgConnection::connect(&app.database().url).await.expect("a connection");
    let mut transaction = other.begin().await.expect("a transaction");
    for sql in GRANT {
        transaction.execute(sql).await.expect("it is written");
    }
    // Later places are filled, at both servers, and each of these has looked at the hole for a while.
    for client in &servers {
        client.submit(&service, json!({})).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let comers = tokio::spawn({
        let (last, clients, account) = (last.clone(), servers.clone(), account.clone());
        async move {
            let mut streams = Vec::new();
            for client in &clients {
                streams.push(client.subscribe(document, json!({ "id": account, "after": last })).await);
            }
            streams
        }
    });
    transaction.commit().await.expect("it is late");
    streams.extend(comers.await.expect("no panic"));
    for client in &servers {
        streams.push(follow(client, &last).await);
    }
    admin.change("accountGrant", json!({ "accountId": account, "amount": "1" }), "account { id }").await;
    for (number, stream) in streams.iter_mut().enumerate() {
        assert_eq!(booked(stream).await, json!(["20", null]), "{number}: the late one");
        assert_eq!(booked(stream).await, json!(["21", null]), "{number}: and the next");
    }
    app.audit().await;
}

//! The books under whatever owners, workers, accountants and the clock may do, in any order: every sum is that of its
//! entries after every step, and what may not be overdrawn never is.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, prop_oneof},
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp, text};

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit { who: usize, service: usize, account: usize },
    Claim,
    Heartbeat,
    CompleteWell,
    CompleteBadly,
    Fail { user: bool, retryable: bool },
    Release,
    Cancel,
    Retry,
    Override(usize),
    Delete,
    Leave,
    Advance(u64),
    Sweep,
    Grant { account: usize },
    Adjust { account: usize, spent: bool, up: bool },
    Refund,
    Limit { who: usize, account: usize, limit: Option<u32> },
    Overrun { account: usize, rule: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, service, account) = (0..2_usize, 0..2_usize, 0..2_usize);
    prop_oneof![
        8 => (who.clone(), service, account.clone())
            .prop_map(|(who, service, account)| Step::Submit { who, service, account }),
        6 => Just(Step::Claim),
        2 => Just(Step::Heartbeat),
        3 => Just(Step::CompleteWell),
        1 => Just(Step::CompleteBadly),
        3 => (0..2, 0..2).prop_map(|(user, retryable)| Step::Fail { user: user == 0, retryable: retryable == 0 }),
        1 => Just(Step::Release),
        2 => Just(Step::Cancel),
        2 => Just(Step::Retry),
        2 => (0..4_usize).prop_map(Step::Override),
        1 => Just(Step::Delete),
        1 => Just(Step::Leave),
        4 => (1..90_u64).prop_map(Step::Advance),
        3 => Just(Step::Sweep),
        2 => account.clone().prop_map(|account| Step::Grant { account }),
        2 => (account.clone(), 0..2, 0..2)
            .prop_map(|(account, spent, up)| Step::Adjust { account, spent: spent == 0, up: up == 0 }),
        2 => Just(Step::Refund),
        1 => (who, account.clone(), proptest::option::of(0..40_u32))
            .prop_map(|(who, account, limit)| Step::Limit { who, account, limit }),
        1 => (account, 0..3_usize).prop_map(|(account, rule)| Step::Overrun { account, rule }),
    ]
}

struct World {
    app: TestApp,
    users: [Client; 2],
    accounts: [String; 2],
    /// The first costs by the job, the second by the hour as well.
    services: [String; 2],
    runner: Client,
}

#[derive(Default)]
struct Seen {
    jobs: Vec<String>,
    leases: Vec<Lease>,
}

const ENDS: [&str; 4] = ["QUEUED", "SUCCEEDED", "FAILED", "CANCELLED"];
const RULES: [&str; 3] = ["ALLOW", "CAP", "REFUSE"];

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let users = [app.user("ada").await, app.user("bob").await];
        let limits = json!({ "maxRunSeconds": 60, "maxAttempts": 3, "retryTimeouts": true });
        let service = |prices| json!({ "prices": prices, "limits": limits, "resultsSchema": { "type": "integer" } });
        let services = [
            app.service(service(json!({ "perJob": "3.000001" }))).await,
            app.service(service(json!({ "perJob": "1", "perHour": "333.333333" }))).await,
        ];
        let accounts =
            [app.account(json!({ "overrun": "REFUSE" })).await, app.account(json!({ "overrun": "CAP" })).await];
        for account in &accounts {
            for user in &users {
                app.member(account, user, json!({})).await;
            }
        }
        let runner = app.runner_with(json!({ "serviceIds": services })).await;
        Self { app, users, accounts, services, runner }
    }

    async fn live(&self, steps: &[Step]) {
        let mut seen = Seen::default();
        for (index, step) in steps.iter().enumerate() {
            self.take(&mut seen, *step, index).await;
            self.app.audit().await;
        }
        // Everything comes to an end, and nothing stays held.
        for job in &seen.jobs {
            self.app.admin().refused("jobCancel", json!({ "jobId": job })).await;
        }
        self.runner.data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
        self.app.audit().await;
        for account in &self.accounts {
            assert_eq!(self.app.sums(account).await[1], "0", "something is held for nothing");
        }
    }

    async fn take(&self, seen: &mut Seen, step: Step, index: usize) {
        match step {
            Step::Submit { who, service, account } => self.submit(seen, who, service, account).await,
            Step::Claim => seen.leases.extend(self.runner.claim_with(json!({ "max": 2 })).await),
            Step::Advance(seconds) => self.app.advance(seconds),
            Step::Sweep => {
                self.app.sweep().await;
            }
            Step::Leave => {
                self.runner.data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
            }
            other => self.call(seen, other, index).await,
        }
    }

    async fn submit(&self, seen: &mut Seen, who: usize, service: usize, account: usize) {
        let input = json!({ "serviceId": self.services[service], "accountId": self.accounts[account] });
        let document = "mutation($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id } } }";
        let answer = self.users[who].graphql(document, json!({ "input": input })).await;
        match answer["errors"][0]["extensions"]["code"].as_str() {
            None => seen.jobs.push(text(&answer["data"]["jobSubmit"]["job"]["id"])),
            Some(code) => assert_eq!(code, "INSUFFICIENT_FUNDS", "{answer}"),
        }
    }

    /// The steps that are one mutation, of a worker or of somebody who may do everything.
    async fn call(&self, seen: &Seen, step: Step, index: usize) {
        let picked = |length: usize| index * 7 % length.max(1);
        let (field, mut input) = self.input(step);
        let admin = self.app.admin();
        let client = if field.starts_with("work") {
            // Mostly one that lives, sometimes one that is long over.
            let Some(lease) = seen.leases.get(seen.leases.len().wrapping_sub(1 + picked(3))) else { return };
            input["leaseToken"] = json!(lease.token);
            &self.runner
        } else {
            if field.starts_with("job") {
                let Some(job) = seen.jobs.get(picked(seen.jobs.len())) else { return };
                input["jobId"] = json!(job);
            }
            &admin
        };
        let code = client.refused(field, input).await;
        // Nothing but what the state and the money do not allow.
        let allowed = ["OK", "LEASE_LOST", "INVALID_STATE", "INSUFFICIENT_FUNDS", "NOT_FOUND"];
        assert!(allowed.contains(&code.as_str()), "{field}: {code}");
    }

    fn input(&self, step: Step) -> (&'static str, Value) {
        let id = |account: usize| self.accounts[account].as_str();
        match step {
            Step::Heartbeat => ("workHeartbeat", json!({})),
            Step::CompleteWell => ("workComplete", json!({ "results": 1 })),
            Step::CompleteBadly => ("workComplete", json!({ "results": "one" })),
            Step::Fail { user, retryable } => {
                let kind = if user { "USER" } else { "SYSTEM" };
                ("workFail", json!({ "message": "x", "kind": kind, "retryable": retryable }))
            }
            Step::Release => ("workRelease", json!({})),
            Step::Cancel => ("jobCancel", json!({})),
            Step::Retry => ("jobRetry", json!({})),
            Step::Override(end) => ("jobOverride", json!({ "status": ENDS[end], "results": 1 })),
            Step::Delete => ("jobDelete", json!({})),
            Step::Refund => ("jobRefund", json!({})),
            Step::Grant { account } => ("accountGrant", json!({ "accountId": id(account), "amount": "17.5" })),
            Step::Adjust { account, spent, up } => {
                let amount = if up { "4.75" } else { "-4.75" };
                let key = if spent { "spent" } else { "granted" };
                ("accountAdjust", json!({ "accountId": id(account), key: amount, "reason": "x" }))
            }
            Step::Limit { who, account, limit } => {
                let limit = limit.map(|limit| limit.to_string());
                let input = json!({ "accountId": id(account), "userId": self.users[who].id, "limit": limit });
                ("accountMemberSet", input)
            }
            Step::Overrun { account, rule } => {
                ("accountUpdate", json!({ "accountId": id(account), "overrun": RULES[rule] }))
            }
            other => unreachable!("{other:?} is no mutation"),
        }
    }
}

#[test]
fn whatever_happens_the_books_are_right() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::new());
    // One server for all, and so no shrinking by the library's own loop: the steps are printed as they are.
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..20 {
        let steps = vec(step(), 10..40).new_tree(&mut runner).expect("steps").current();
        let lived = runtime.block_on(async {
            let alive = std::panic::AssertUnwindSafe(world.live(&steps));
            futures_util::FutureExt::catch_unwind(alive).await
        });
        assert!(lived.is_ok(), "{steps:?}");
    }
}

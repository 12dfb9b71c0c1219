use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Client, Failed, Site, Turns, sized, soon};

const SUBMITS: usize = 64;
/// What they cost together with their price of 1, at most.
const MONEY: usize = 10;

/// Many submissions race for the money of a few, and their server is killed under them: those that did not hear the
/// answer ask again. As many get through as there is money for, and the books are right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_held_than_there_is() {
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let mut servers = site.serve_several(2).await;
    let addresses = watch::Sender::new(servers.iter().map(|server| server.address).collect::<Vec<_>>());
    let admin = site.admin().await;
    let input = json!({ "title": "Dear", "prices": { "perJob": "1" } });
    let service = admin.mutate("serviceCreate", input, "service { id }").await["service"]["id"].clone();
    for round in 0..sized(10, 2) {
        let account = account(&admin, &format!("round-{round}")).await;
        let answers = watch::Sender::new(0);
        let mut submits = JoinSet::new();
        for number in 0..SUBMITS {
            let client = Turns::new(&admin, addresses.subscribe(), number);
            let key = format!("{round}-{number}");
            let input = json!({ "serviceId": service, "accountId": account, "idempotencyKey": key });
            submits.spawn(submit(client, input, answers.clone()));
        }
        // In the middle of them, each time after a different number of answers.
        let some = 1 + round * 5 % MONEY;
        soon("answers", answers.subscribe().wait_for(|answers| *answers >= some)).await.expect("open");
        servers.remove(0).kill().await;
        servers.insert(0, site.serve().await);
        addresses.send_modify(|addresses| addresses[0] = servers[0].address);

        let taken = soon("the answers", submits.join_all()).await.into_iter().filter(|taken| *taken).count();
        assert_eq!(taken, MONEY, "of {SUBMITS} submissions");
        let document = "query($id: ID!) { node(id: $id) { ... on Account { granted held spent available } } }";
        let sums = admin.call(document, json!({ "id": account })).await["node"].take();
        assert_eq!(sums, json!({ "granted": "10", "held": "10", "spent": "0", "available": "0" }));
        assert_eq!(site.done("db check").await, "The database is sound.");
    }
    for server in servers {
        server.kill().await;
    }
}

/// Makes an account with the money, of which the caller is a member.
async fn account(admin: &Client, name: &str) -> Json {
    let input = json!({ "name": name, "overrun": "REFUSE", "granted": MONEY.to_string() });
    let account = admin.mutate("accountCreate", input, "account { id }").await["account"]["id"].take();
    let user = admin.call("{ viewer { user { id } } }", Json::Null).await["viewer"]["user"]["id"].take();
    let input = json!({ "accountId": account, "userId": user });
    admin.mutate("accountMemberSet", input, "member { held }").await;
    account
}

/// Whether there was money for it, asked until somebody says so. The same key all along: what was done is not done
/// again.
async fn submit(mut client: Turns, input: Json, answers: watch::Sender<usize>) -> bool {
    loop {
        let taken = match client.try_mutate("jobSubmit", &input, "job { held }").await {
            Ok(made) => {
                assert_eq!(made["job"]["held"], "1");
                true
            }
            Err(Failed::Refused { code, .. }) if code == "INSUFFICIENT_FUNDS" => false,
            Err(Failed::Lost(_)) => continue,
            Err(refused) => panic!("{refused:?}"),
        };
        answers.send_modify(|answers| *answers += 1);
        return taken;
    }
}

//! Streams end when the rights that they were opened with do, on every server of the database.

use std::time::{Duration, Instant};

use entity::user::Status;
use serde_json::{Value, json};

use crate::drills::support::full;
use crate::http::support::Socket;
use crate::support::{Client, PASSWORD, Stream, TestApp, text};

const FOLLOW: &str = "subscription { jobEvents(after: \"e0\") { cursor } }";

/// A user with a job, whose events it follows.
struct Case {
    app: TestApp,
    replica: Option<TestApp>,
    ada: Client,
    service: String,
}

impl Case {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let service = app.service(json!({})).await;
        let ada = app.user("ada").await;
        ada.submit(&service, json!({})).await;
        let replica = app.replica().await;
        Self { app, replica, ada, service }
    }

    /// Streams of this caller, begun: at the first server and, where there is one, at the second.
    async fn follow(&self, client: &Client, document: &str, variables: Value) -> Vec<Stream> {
        let other = self.replica.as_ref().map(|replica| client.at(replica));
        let mut streams = Vec::new();
        for client in [Some(client.clone()), other].into_iter().flatten() {
            let mut stream = client.subscribe(document, variables.clone()).await;
            assert_eq!(stream.next().await.expect("what is there already").get("errors"), None);
            streams.push(stream);
        }
        streams
    }
}

/// Within this they end, when there is nothing else to do: what was taken away is believed for a second, and looked for
/// twice a second. A suite on two busy cores has other things to do.
fn promised() -> Duration {
    if full() { Duration::from_secs(2) } else { Duration::from_secs(10) }
}

/// Each of them says why it ends, and ends, soon after `shrunk`.
async fn end(streams: Vec<Stream>, code: &str, shrunk: Instant) {
    for mut stream in streams {
        let last = loop {
            let next = stream.next().await.expect("a reason");
            if next.get("errors").is_some() {
                break next;
            }
        };
        assert_eq!(last["errors"][0]["extensions"]["code"], code);
        assert_eq!(stream.next().await, None, "it says that it is complete");
    }
    assert!(shrunk.elapsed() < promised(), "only after {:?}", shrunk.elapsed());
}

#[tokio::test]
async fn the_streams_of_a_revoked_token_end_and_no_others() {
    let case = Case::new().await;
    let input = json!({ "name": "page", "scopes": ["jobs:read"] });
    let made = case.ada.change("tokenCreate", input, "token apiToken { id }").await;
    let by_token = case.ada.with_token(text(&made["token"]), "");
    let streams = case.follow(&by_token, FOLLOW, json!({})).await;
    let mut others = case.follow(&case.ada, FOLLOW, json!({})).await;
    let shrunk = Instant::now();
    case.ada.change("tokenRevoke", json!({ "tokenId": made["apiToken"]["id"] }), "apiToken { id }").await;
    end(streams, "UNAUTHENTICATED", shrunk).await;
    case.ada.submit(&case.service, json!({})).await;
    for stream in &mut others {
        assert_eq!(stream.next().await.expect("the next event").get("errors"), None);
    }
}

#[tokio::test]
async fn the_streams_of_an_ended_session_end() {
    let case = Case::new().await;
    let streams = case.follow(&case.ada, FOLLOW, json!({})).await;
    let shrunk = Instant::now();
    case.ada.data("mutation { sessionDelete { __typename } }", json!({})).await;
    end(streams, "UNAUTHENTICATED", shrunk).await;
}

#[tokio::test]
async fn a_suspended_users_streams_end_and_those_of_its_runners() {
    let case = Case::new().await;
    let author = case.app.author("author").await;
    let service = author.service(json!({})).await;
    let runner = author.runner(json!({ "serviceIds": [service] })).await;
    author.submit(&service, json!({})).await;
    runner.claim().await;
    let of_user = case.follow(&author, FOLLOW, json!({})).await;
    let of_runner = case.follow(&runner, FOLLOW, json!({})).await;
    let shrunk = Instant::now();
    case.app.set_status("author", Status::Suspended).await;
    end(of_user, "UNAUTHENTICATED", shrunk).await;
    end(of_runner, "UNAUTHENTICATED", shrunk).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let case = Case::new().await;
    let soon = case.app.clock.now() + Duration::from_millis(1_500);
    let input = json!({ "name": "page", "scopes": ["jobs:read"], "expiresAt": soon.to_rfc3339() });
    let made = case.ada.change("tokenCreate", input, "token").await;
    let by_token = case.ada.with_token(text(&made["token"]), "");
    let streams = case.follow(&by_token, FOLLOW, json!({})).await;
    let ends = Instant::now() + (soon - case.app.clock.now()).to_std().unwrap_or_default();
    end(streams, "UNAUTHENTICATED", ends).await;
}

#[tokio::test]
async fn who_leaves_an_account_hears_no_more_of_it() {
    let case = Case::new().await;
    let account = case.app.account(json!({})).await;
    case.app.member(&account, &case.ada, json!({})).await;
    let document = "subscription($id: ID!) { accountEvents(accountId: $id, after: \"e0\") { cursor } }";
    let streams = case.follow(&case.ada, document, json!({ "id": account })).await;
    let input = json!({ "accountId": account, "userId": case.ada.id });
    let shrunk = Instant::now();
    case.app.admin().change("accountMemberRemove", input, "member { user { id } }").await;
    for mut stream in streams {
        while stream.next().await.is_some() {}
    }
    assert!(shrunk.elapsed() < promised(), "only after {:?}", shrunk.elapsed());
    let again = case.ada.subscribe(document, json!({ "id": account })).await.code().await;
    assert_eq!(again, "NOT_FOUND");
}

#[tokio::test]
async fn a_socket_is_closed_with_its_credential_and_kept_when_rights_only_shrink() {
    let case = Case::new().await;
    let token = case.ada.api_token(&["jobs:read"]).await.token.expect("it outlives a suspension");
    let servers = [Some(&case.app), case.replica.as_ref()];
    for app in servers.into_iter().flatten() {
        let mut socket = Socket::at(app.server.address, &token).await;
        socket.subscribe("1", FOLLOW).await;
        assert_eq!(socket.message().await["type"], "next");
        case.app.set_status("ada", Status::Suspended).await;
        let last = socket.message().await;
        assert_eq!((&last["type"], &last["id"]), (&json!("error"), &json!("1")), "{last}");
        assert_eq!(last["payload"][0]["extensions"]["code"], "FORBIDDEN");
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.message().await["type"], "pong");
        case.app.set_status("ada", Status::Active).await;
        socket.subscribe("2", FOLLOW).await;
        assert_eq!(socket.message().await["type"], "next", "it may ask again");
    }
    let ada = case.app.anonymous().log_in("ada").await;
    let session = ada.token.clone().expect("a session");
    let mut socket = Socket::at(case.app.server.address, &session).await;
    socket.subscribe("1", FOLLOW).await;
    assert_eq!(socket.message().await["type"], "next");
    ada.data("mutation { sessionDelete { __typename } }", json!({})).await;
    assert_eq!(socket.closed().await.0, 4403);
}

#[tokio::test]
async fn who_leaves_a_project_hears_no_more_of_it_and_the_others_go_on() {
    let case = Case::new().await;
    let (admin, bob) = (case.app.admin(), case.app.user("bob").await);
    let project = admin.change("projectCreate", json!({ "title": "Lab" }), "project { id }").await["project"].take();
    let group = admin.change("groupCreate", json!({ "name": "crew" }), "group { id }").await["group"].take();
    admin.change("groupMemberAdd", json!({ "groupId": group["id"], "userId": case.ada.id }), "group { id }").await;
    for holder in [json!({ "userId": bob.id }), json!({ "groupId": group["id"] })] {
        let mut input = json!({ "projectId": project["id"], "role": "CONTRIBUTOR" });
        input.as_object_mut().expect("an object").extend(holder.as_object().expect("an object").clone());
        admin.change("projectMemberSet", input, "member { role }").await;
    }
    admin.submit_with(json!({ "serviceId": case.service, "projectId": project["id"] })).await;
    let document = "subscription($id: ID!) { jobEvents(after: \"e0\", filter: { projectId: { eq: $id } }) { cursor } }";
    let of_ada = case.follow(&case.ada, document, json!({ "id": project["id"] })).await;
    let mut of_bob = case.follow(&bob, document, json!({ "id": project["id"] })).await;
    let shrunk = Instant::now();
    admin.change("groupMemberRemove", json!({ "groupId": group["id"], "userId": case.ada.id }), "group { id }").await;
    end(of_ada, "FORBIDDEN", shrunk).await;
    admin.submit_with(json!({ "serviceId": case.service, "projectId": project["id"] })).await;
    for stream in &mut of_bob {
        assert_eq!(stream.next().await.expect("the next event").get("errors"), None);
    }
    let lower = json!({ "projectId": project["id"], "userId": bob.id, "role": "WATCHER" });
    let shrunk = Instant::now();
    admin.change("projectMemberSet", lower, "member { role }").await;
    end(of_bob, "FORBIDDEN", shrunk).await;
}

/// Each way in which a session ends, other than by its own log-out, reaches what it follows.
#[tokio::test]
async fn the_streams_of_a_session_that_something_else_ends_end() {
    let case = Case::new().await;
    let admin = case.app.admin();
    for way in ["sessionRevoke", "sessionsDeleteAll", "passwordChange", "userPasswordSet"] {
        let (other, own) = (case.app.anonymous().log_in("ada").await, case.app.anonymous().log_in("ada").await);
        let streams = case.follow(&other, FOLLOW, json!({})).await;
        let mut kept = case.follow(&own, FOLLOW, json!({})).await;
        let shrunk = Instant::now();
        match way {
            "sessionRevoke" => {
                let session = other.data("{ viewer { session { id } } }", json!({})).await["viewer"]["session"].take();
                own.change(way, json!({ "sessionId": session["id"] }), "session { id }").await;
            }
            "sessionsDeleteAll" => drop(own.change(way, json!({ "keepCurrent": true }), "count").await),
            "passwordChange" => {
                let input = json!({ "confirmPassword": PASSWORD, "newPassword": PASSWORD });
                own.change(way, input, "user { id }").await;
            }
            _ => {
                let input = json!({ "userId": case.ada.id, "newPassword": PASSWORD, "confirmPassword": PASSWORD });
                admin.change(way, input, "user { id }").await;
                end(kept, "UNAUTHENTICATED", shrunk).await;
                kept = Vec::new();
            }
        }
        end(streams, "UNAUTHENTICATED", shrunk).await;
        admin.submit(&case.service, json!({})).await;
        case.app.anonymous().log_in("ada").await.submit(&case.service, json!({})).await;
        for stream in &mut kept {
            assert_eq!(stream.next().await.expect("the next event").get("errors"), None, "{way}");
        }
    }
}

#[tokio::test]
async fn the_streams_of_a_deleted_user_and_of_an_admin_no_more_end() {
    let case = Case::new().await;
    let admin = case.app.admin();
    let token = case.ada.api_token(&["jobs:read"]).await;
    let of_session = case.follow(&case.ada, FOLLOW, json!({})).await;
    let of_token = case.follow(&token, FOLLOW, json!({})).await;
    let root = case.app.user_with("root", &[], true).await;
    let of_root = case.follow(&root, FOLLOW, json!({})).await;
    let accountant = case.app.user_with("accountant", &["accounting"], false).await;
    accountant.submit(&case.service, json!({})).await;
    let of_accountant = case.follow(&accountant, FOLLOW, json!({})).await;
    let of = |client: &Client| json!({ "userId": client.id, "confirmPassword": PASSWORD });
    let shrunk = Instant::now();
    admin.change("userDemote", of(&root), "user { id }").await;
    end(of_root, "FORBIDDEN", shrunk).await;
    let mut roles = of(&accountant);
    roles["roles"] = json!([]);
    let shrunk = Instant::now();
    admin.change("userUpdate", roles, "user { roles }").await;
    end(of_accountant, "FORBIDDEN", shrunk).await;
    let shrunk = Instant::now();
    admin.change("userDelete", of(&case.ada), "user { id }").await;
    end(of_session, "UNAUTHENTICATED", shrunk).await;
    end(of_token, "UNAUTHENTICATED", shrunk).await;
}

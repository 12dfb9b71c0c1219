use std::process::Stdio;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::support::{Client, Failed, Follower, Site, answered, mutation, soon};
use crate::support::{Mail, form};

const PASSWORD: &str = "an-unmistakable-passphrase";
const MISTYPED: &str = "an-unmistakable-slip";
/// The right shape, and of nobody.
const MADE_UP: &str = "dkt_UnmistakableTokenThatNobodyEverMadeForDocket";

/// A server that logs all it can is given every kind of secret in every place where one can stand. None of them is in
/// its log or its files afterwards.
#[tokio::test]
async fn no_secret_is_logged_or_stored() {
    let site = Site::on_file("[log]\nfilter = \"trace\"\n");
    let server = site.serve().await;
    let mut secrets = vec![PASSWORD.to_owned(), MISTYPED.to_owned(), MADE_UP.to_owned()];
    let admin = site.admin().await;
    secrets.extend(admin.token.clone());
    by_command(&site, &mut secrets).await;
    by_mutation(&admin, &mut secrets).await;
    by_mail(&site, &mut secrets).await;
    by_oauth(&site, &mut secrets).await;
    misplaced(&site, &admin).await;
    let session = answered(log_in(&site.client(None), PASSWORD).await);
    secrets.push(session.clone());

    let database = || ["docket.db", "docket.db-wal"].map(|name| std::fs::read(site.path(name)).unwrap_or_default());
    let running = database().concat();
    let metrics = reqwest::get(admin.url("/metrics")).await.expect("an answer").text().await.expect("a body");
    server.terminate();
    assert!(server.ended().await.success());
    let (stopped, log) = (database().concat(), site.log());

    // That the search finds what is there: the digest of a token that works, and the log of its requests.
    assert!(holds(&stopped, &Sha256::digest(session.as_bytes())), "this is not the database");
    assert!(log.contains("docket::access") && log.contains("TRACE"), "this is not the log");
    for secret in &secrets {
        assert!(secret.len() >= 16, "{secret} is too short to be searched for");
        let places =
            [("the log", log.as_bytes()), ("the metrics", metrics.as_bytes()), ("the running database", &running)];
        for (place, bytes) in places.into_iter().chain([("the database", stopped.as_slice())]) {
            assert!(!holds(bytes, secret.as_bytes()), "{secret} is in {place}");
            assert!(raw(secret).is_none_or(|raw| !holds(bytes, &raw)), "the bytes of {secret} are in {place}");
        }
    }
    println!("{} secrets, {} bytes of log, {} of database", secrets.len(), log.len(), stopped.len());
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The random bytes at the end of a token.
fn raw(secret: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(secret.get(4..)?).ok()?;
    bytes.len().checked_sub(32).map(|start| bytes[start..].to_vec())
}

async fn by_command(site: &Site, secrets: &mut Vec<String>) {
    site.done("user create ada --no-password").await;
    secrets.push(site.done("user set-password ada --generate").await);
    let mut command = site.command("user set-password ada --password-stdin");
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(PASSWORD.as_bytes()).await.expect("it reads");
    drop(stdin);
    assert!(soon("the command", child.wait()).await.expect("it ends").success());
    secrets.push(site.done("token create ci --user ada --scope jobs:read").await);
    std::fs::write(site.path("any.json"), "true").expect("written");
    site.done("service create tool --parameters-schema any.json --results-schema any.json").await;
    secrets.push(site.done("runner create one --service tool").await);
}

async fn by_mutation(admin: &Client, secrets: &mut Vec<String>) {
    let input = json!({ "name": "api", "scopes": ["jobs:read", "jobs:write"] });
    let made = admin.mutate("tokenCreate", input, "token apiToken { id }").await;
    secrets.push(made["token"].as_str().expect("a token").to_owned());
    admin.mutate("tokenRevoke", json!({ "tokenId": made["apiToken"]["id"] }), "apiToken { id }").await;
    let service = admin.service(json!({})).await;
    let runner = admin.runner("worker", &service, 5).await;
    secrets.extend(runner.token.clone());
    answered(admin.submit(&service).await);
    let lease = answered(runner.claim(1, 0).await).pop().expect("a job");
    secrets.push(lease.token.clone());
    answered(runner.report(&lease, 0.5, "half").await);
    answered(runner.complete(&lease, json!({})).await);
    // Of a lease that is over, and in documents that are refused.
    runner.complete(&lease, json!({})).await.expect_err("it is over");
    let inline =
        format!("mutation {{ workRelease(input: {{ leaseToken: \"{}\", nothing: 1 }}) {{ x }} }}", lease.token);
    runner.try_call(&inline, Json::Null).await.expect_err("no such field");
    Follower::new(&runner, "e0").await;
}

/// Links in mails: one that is followed, one that is not.
async fn by_mail(site: &Site, secrets: &mut Vec<String>) {
    let anonymous = site.client(None);
    let input = json!({ "email": "mia@example.org", "password": PASSWORD, "username": "mia" });
    anonymous.mutate("userSignUp", input, "__typename").await;
    let activation = mailed(site, 1).await;
    anonymous.mutate("userActivate", json!({ "token": activation[0] }), "__typename").await;
    anonymous.mutate("passwordResetRequest", json!({ "email": "mia@example.org" }), "__typename").await;
    let links = mailed(site, 2).await;
    for token in &links {
        in_a_path(&anonymous, token).await;
    }
    secrets.extend(links);
}

/// Where a link's secret stands in the path, as in backrest's: asked for what it is not good for, so that it stays
/// good.
async fn in_a_path(anonymous: &Client, token: &str) {
    let http = reqwest::Client::new();
    for request in [
        http.put(anonymous.url(&format!("/-/reset/{token}"))).json(&json!({})),
        http.get(anonymous.url(&format!("/-/email/{token}"))),
        http.get(anonymous.url(&format!("/-/{token}"))),
    ] {
        let status = request.send().await.expect("an answer").status();
        assert!(status.is_client_error(), "{status}");
    }
}

/// The secrets of so many mailed links, as soon as they are there.
async fn mailed(site: &Site, count: usize) -> Vec<String> {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    let mails = async {
        loop {
            looks.tick().await;
            let Ok(entries) = std::fs::read_dir(site.path("docket-mail")) else { continue };
            let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
            // One whose name begins with a dot is being written.
            paths.retain(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.ends_with(".eml") && !name.starts_with('.')
            });
            if paths.len() >= count {
                return paths;
            }
        }
    };
    let paths = soon("the mails", mails).await;
    let mail = |path: &std::path::PathBuf| Mail::read(&std::fs::read_to_string(path).expect("text"));
    paths.iter().map(|path| mail(path).token()).collect()
}

/// A client's secret, and a token that it was given.
async fn by_oauth(site: &Site, secrets: &mut Vec<String>) {
    let made = site.done("client create nightly --user ada --scope jobs:read").await;
    let (id, secret) = made.split_once(':').expect("an id and a secret");
    secrets.push(secret.to_owned());
    let fields = [("grant_type", "client_credentials")];
    let request = reqwest::Client::new().post(site.client(None).url("/oauth/token")).basic_auth(id, Some(secret));
    let answer: Json = form(request, &fields).send().await.expect("an answer").json().await.expect("JSON");
    secrets.push(answer["access_token"].as_str().expect("a token").to_owned());
    let wrong = reqwest::Client::new().post(site.client(None).url("/oauth/token")).basic_auth(id, Some(MISTYPED));
    let status = form(wrong, &fields).send().await.expect("an answer").status();
    assert!(status.is_client_error(), "{status}");
}

/// Secrets where they do not belong: wrong ones, and in texts that are refused.
async fn misplaced(site: &Site, admin: &Client) {
    log_in(&site.client(None), MISTYPED).await.expect_err("mistyped");
    let nobody = admin.with_token(MADE_UP);
    nobody.try_call("{ viewer { id } }", Json::Null).await.expect_err("nobody's token");
    let document =
        format!("mutation {{ sessionCreate(input: {{ login: \"ada\", password: \"{MISTYPED}\" }}) {{ token }} }}");
    let anonymous = site.client(None);
    anonymous.try_call(&document, Json::Null).await.expect_err("mistyped");
    anonymous.try_call(&document[..document.len() - 3], Json::Null).await.expect_err("half a document");
    let url = reqwest::Url::parse_with_params(&anonymous.url("/graphql"), [("query", &document)]).expect("a URL");
    let status = reqwest::get(url).await.expect("an answer").status();
    assert!(status.is_client_error(), "{status}");
    let body =
        json!({ "query": mutation("sessionCreate", "token"), "variables": { "input": { "password": MISTYPED } } });
    let basic = reqwest::Client::new().post(anonymous.url("/graphql")).basic_auth("ada", Some(MISTYPED)).json(&body);
    let status = basic.send().await.expect("an answer").status();
    assert!(status.is_client_error(), "{status}");
}

async fn log_in(client: &Client, password: &str) -> Result<String, Failed> {
    let input = json!({ "login": "ada", "password": password });
    let made = client.try_mutate("sessionCreate", input, "token").await?;
    Ok(made["token"].as_str().expect("a token").to_owned())
}

//! A server for one test.

mod client;
mod schema;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use docket::error::Error;
use docket::http::{HttpConfig, HttpState, Stopped, install_metrics, serve};
use docket::origin::Client;
use docket::viewer::{RunnerViewer, Viewer};
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use client::{Socket, exchange, read_to_end};
pub use schema::World;

/// Longer than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestServer {
    pub address: SocketAddr,
    pub world: Arc<World>,
    pub shutdown: CancellationToken,
    serving: JoinHandle<Stopped>,
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A server whose configuration was changed.
    pub async fn with(change: impl FnOnce(&mut HttpConfig)) -> Self {
        install_metrics();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut config = HttpConfig { public_url: format!("http://{address}"), ..HttpConfig::default() };
        change(&mut config);
        let world = Arc::new(World::default());
        let shutdown = CancellationToken::new();
        let state = state(config, &world, shutdown.clone());
        let serving = tokio::spawn(serve(listener, state));
        Self { address, world, shutdown, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request to the endpoint that takes `application/graphql-response+json`.
    pub fn post(&self, document: &str) -> reqwest::RequestBuilder {
        self.request(document, "application/graphql-response+json")
    }

    /// A request to the endpoint that takes an event stream.
    pub fn stream(&self, document: &str) -> reqwest::RequestBuilder {
        self.request(document, "text/event-stream")
    }

    fn request(&self, document: &str, accept: &str) -> reqwest::RequestBuilder {
        let body = serde_json::json!({ "query": document });
        reqwest::Client::new().post(self.url("/graphql")).header("accept", accept).json(&body)
    }

    /// Stops the server and waits for its end.
    pub async fn stop(self) -> Stopped {
        self.shutdown.cancel();
        self.stopped().await
    }

    pub async fn stopped(self) -> Stopped {
        tokio::time::timeout(PATIENCE, self.serving).await.expect("the server ends").expect("no panic")
    }
}

fn state(config: HttpConfig, world: &Arc<World>, shutdown: CancellationToken) -> HttpState {
    let authenticate = |bearer: Option<String>| {
        async move {
            match bearer.as_deref() {
                None => Ok(Viewer::Anonymous),
                Some("ada-token") => Ok(Viewer::Runner(Arc::new(RunnerViewer {
                    id: 1,
                    owner_id: 1,
                    name: "ada".to_owned(),
                    expires_at: None,
                    client: Client::default(),
                }))),
                Some("offline") => Err(Error::unavailable("The database is away.")),
                Some(_) => Err(Error::Unauthenticated("This token is not valid.".to_owned())),
            }
        }
        .boxed()
    };
    let database = Arc::clone(world);
    let readiness = move || {
        let up = !database.database_away.load(Ordering::Relaxed);
        async move { if up { Ok(()) } else { Err(Error::internal("no such file")) } }.boxed()
    };
    let door = Arc::new(schema::door(world));
    HttpState::new(door, Arc::new(authenticate), config, Arc::new(readiness), shutdown)
}

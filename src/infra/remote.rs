//! Asking other servers over HTTP, without trusting them: bounded in time and bytes, no redirects, no credentials, no
//! proxy of the environment. hyper's own client does none of that by itself.

use std::{
    error::Error,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{
    Method, Request,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::crypto::ring;
use serde_json::Value;

/// Longest part of a foreign text that is shown.
const SHOWN: usize = 100;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Why there is no answer, in words for an admin. Nothing that the other side sent stands in them but a status.
pub type Fault = String;

/// A way to ask other servers. It is set up when it is first used, since most installations never do.
#[derive(Debug, Default)]
pub struct Remote(OnceLock<Client>);

/// Questions to one server that share a bound on what its answers may weigh.
#[derive(Debug)]
pub struct Conversation<'a> {
    client: &'a Client,
    base: &'a str,
    left: AtomicUsize,
}

impl Remote {
    /// Begins to ask the server at `base`, a URL without a slash at the end. Its answers may have `bytes` in all. The
    /// caller bounds the time.
    pub fn ask<'a>(&'a self, base: &'a str, bytes: usize) -> Conversation<'a> {
        Conversation { client: self.0.get_or_init(build), base, left: AtomicUsize::new(bytes) }
    }
}

fn build() -> Client {
    // Whom the system trusts; on a system that trusts nobody, such as a bare container, whom browsers do.
    let system = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider());
    let tls = system.unwrap_or_else(|_| {
        HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(ring::default_provider())
            .expect("ring knows the default protocol versions")
    });
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    let mut client = legacy::Client::builder(TokioExecutor::new());
    client.pool_max_idle_per_host(0).retry_canceled_requests(false).build(connector)
}

impl Conversation<'_> {
    /// The JSON at `path`.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.answer(Method::GET, path, Bytes::new()).await
    }

    /// The JSON that a JSON body is answered with at `path`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.answer(Method::POST, path, body.to_string().into()).await
    }

    async fn answer(&self, method: Method, path: &str, body: Bytes) -> Result<Value, Fault> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("docket/", env!("CARGO_PKG_VERSION")));
        let request = if body.is_empty() { request } else { request.header(CONTENT_TYPE, "application/json") };
        let request = request.body(Full::new(body)).map_err(|_| "its address cannot be asked".to_owned())?;
        let mut response = self.client.request(request).await.map_err(|error| unanswered(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!("it answered {}: redirects are not followed", status.as_u16()));
        }
        if !status.is_success() {
            return Err(format!("it answered {}", status.as_u16()));
        }
        let mut text = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            let frame = frame.map_err(|error| format!("the connection failed: {}", cause(&error)))?;
            if let Ok(data) = frame.into_data() {
                self.take(data.len())?;
                text.extend_from_slice(&data);
            }
        }
        serde_json::from_slice(&text).map_err(|_| "it answered something that is not JSON".to_owned())
    }

    /// Counts bytes that have come.
    fn take(&self, bytes: usize) -> Result<(), Fault> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| "its answers are too long".to_owned())
    }
}

fn unanswered(error: &legacy::Error) -> Fault {
    let what = if error.is_connect() { "it cannot be reached" } else { "the connection failed" };
    format!("{what}: {}", cause(error))
}

/// What went wrong in the end.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        return "it takes too long".to_owned();
    }
    cause.to_string().chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

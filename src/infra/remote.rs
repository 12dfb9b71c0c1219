//! Asking other servers over HTTP, without trusting them: bounded in time and bytes, no redirects, no credentials, no
//! proxy of the environment.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, RequestBuilder, header::ACCEPT, redirect::Policy};
use serde_json::Value;

/// Longest part of a foreign text that is shown.
const SHOWN: usize = 100;

/// Why there is no answer, in words for an admin. Nothing that the other side sent stands in them but a status.
pub type Fault = String;

/// A way to ask other servers. It is set up when it is first used, since most installations never do.
#[derive(Debug, Default)]
pub struct Remote(OnceLock<Result<Client, Fault>>);

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
    pub fn ask<'a>(&'a self, base: &'a str, bytes: usize) -> Result<Conversation<'a>, Fault> {
        let client = self.0.get_or_init(|| build().map_err(|error| describe(&error))).as_ref().map_err(Clone::clone)?;
        Ok(Conversation { client, base, left: AtomicUsize::new(bytes) })
    }
}

fn build() -> reqwest::Result<Client> {
    // Fails when one is there already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .referer(false)
        .redirect(Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(5))
        .user_agent(concat!("docket/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Conversation<'_> {
    /// The JSON at `path`.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.answer(self.client.get(format!("{}{path}", self.base))).await
    }

    /// The JSON that a JSON body is answered with at `path`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.answer(self.client.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Fault> {
        let mut response = request.header(ACCEPT, "application/json").send().await.map_err(|error| describe(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!("it answered {}: redirects are not followed", status.as_u16()));
        }
        if !status.is_success() {
            return Err(format!("it answered {}", status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
            self.take(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| "it answered something that is not JSON".to_owned())
    }

    /// Counts bytes that have come.
    fn take(&self, bytes: usize) -> Result<(), Fault> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| "its answers are too long".to_owned())
    }
}

/// What went wrong, down to its cause, without the URL.
fn describe(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let text: String = cause.to_string().chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if error.is_connect() { format!("it cannot be reached: {text}") } else { format!("the connection failed: {text}") }
}

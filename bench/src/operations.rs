//! What connections repeat.

use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use memchr::memmem;

use crate::Result;
use crate::client::Connection;
use crate::load::Operation;
use crate::requests::Requests;

/// A request, and what its answer must contain.
pub struct Expect {
    /// The request.
    pub request: Vec<u8>,
    /// Bytes that only a right answer has.
    pub part: String,
}

impl Expect {
    async fn ask(&self, connection: &mut Connection) -> Result<()> {
        let body = connection.send(&self.request).await?;
        check(body, self.part.as_bytes())
    }
}

/// Fails unless an answer contains `part`, and no errors.
pub fn check(body: &[u8], part: &[u8]) -> Result<()> {
    if memmem::find(body, part).is_none() || memmem::find(body, b"\"errors\"").is_some() {
        let (part, body) = (String::from_utf8_lossy(part), String::from_utf8_lossy(body));
        return Err(format!("expected {part} in an answer without errors:\n{body}").into());
    }
    Ok(())
}

/// Fails unless an answer says that a job came to a good end.
pub fn ended(body: &[u8]) -> Result<()> {
    check(body, b"\"SUCCEEDED\"")
}

/// Asks one after the other of a list of requests, for ever.
pub struct Ask {
    /// The requests, shared by all connections.
    pub list: Rc<[Expect]>,
    /// Where this connection stands in the list.
    pub next: usize,
}

impl Operation for Ask {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<()>> {
        self.next = (self.next + 1) % self.list.len();
        self.list[self.next].ask(connection).boxed_local()
    }
}

/// Puts a job into a queue, takes the first one out and completes it.
pub struct Life<'a> {
    /// Whom to ask.
    pub requests: Requests<'a>,
    /// Whose queue.
    pub service: &'a str,
}

impl Operation for Life<'_> {
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<()>> {
        async move {
            let body = connection.send(&self.requests.submit(self.service)?).await?;
            check(body, b"\"QUEUED\"")?;
            let claimed = connection.send_json(&self.requests.claim(self.service)?).await?;
            let lease = self.requests.lease(&claimed)?;
            ended(connection.send(&self.requests.complete(lease)?).await?)
        }
        .boxed_local()
    }
}

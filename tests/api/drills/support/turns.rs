//! A client of several servers.

use std::net::SocketAddr;

use serde_json::Value as Json;
use tokio::sync::watch;

use super::{Client, Failed, soon};

/// Calls whichever server takes the request, as clients behind a balancer do: one that cannot be reached, or says that
/// it cannot work now, is left for the next.
pub struct Turns {
    client: Client,
    /// The servers there are, and were until a moment ago.
    servers: watch::Receiver<Vec<SocketAddr>>,
    turn: usize,
}

impl Turns {
    /// The same caller at these servers, at `turn` first.
    pub fn new(client: &Client, servers: watch::Receiver<Vec<SocketAddr>>, turn: usize) -> Self {
        Self { client: client.clone(), servers, turn }
    }

    /// The client at the server whose turn it is.
    fn here(&self) -> Client {
        let servers = self.servers.borrow();
        self.client.at(servers[self.turn % servers.len()])
    }

    /// What the first server says that takes it.
    pub async fn call<T, F: Future<Output = Result<T, Failed>>>(
        &mut self,
        call: impl Fn(Client) -> F,
    ) -> Result<T, Failed> {
        soon("a server that takes a request", async {
            loop {
                let servers = self.servers.borrow_and_update().len();
                for _ in 0..servers {
                    match call(self.here()).await {
                        Err(failed) if failed.is_not_taken() => self.turn += 1,
                        taken => return taken,
                    }
                }
                // All of them are away for a moment: until the next one is there.
                self.servers.changed().await.expect("the drill goes on");
            }
        })
        .await
    }

    /// The payload of a mutation that takes one `input`.
    pub async fn try_mutate(&mut self, field: &str, input: &Json, selection: &str) -> Result<Json, Failed> {
        let call = |client: Client| async move { client.try_mutate(field, input.clone(), selection).await };
        self.call(call).await
    }
}

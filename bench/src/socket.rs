//! Websocket subscribers that count what they are sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Result;

/// How a server's sockets are spoken to.
#[derive(Clone, Debug)]
pub enum Dialect {
    /// Every text frame after the greeting is a delivery.
    Plain,
    /// `graphql-transport-ws`: deliveries are `next` messages.
    GraphQl {
        /// The bearer token for `connection_init`.
        token: String,
        /// The subscription.
        query: String,
        /// Its variables.
        variables: Value,
    },
}

#[derive(Default)]
struct Heard {
    arrivals: Vec<Instant>,
    last: String,
    fault: Option<String>,
}

/// One open subscription. Dropping it closes the connection without ceremony.
pub struct Subscriber {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl Subscriber {
    /// Connects and subscribes. Whether the server has taken the subscription in is seen by the first delivery.
    pub async fn open(address: SocketAddr, dialect: &Dialect) -> Result<Self> {
        let path = if matches!(dialect, Dialect::Plain) { "ws" } else { "graphql" };
        let mut request = format!("ws://{address}/{path}").into_client_request()?;
        if matches!(dialect, Dialect::GraphQl { .. }) {
            request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = client_async(request, stream).await?;
        greet(&mut socket, dialect).await?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (writer, plain) = (Arc::clone(&heard), matches!(dialect, Dialect::Plain));
        let task = tokio::spawn(async move {
            if let Err(error) = listen(socket, &writer, plain).await {
                writer.lock().unwrap_or_else(PoisonError::into_inner).fault = Some(error.to_string());
            }
        });
        Ok(Self { heard, task })
    }

    /// How many deliveries have come, or why no more will.
    pub fn count(&self) -> Result<usize> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.fault.as_ref().map_or(Ok(heard.arrivals.len()), |fault| Err(format!("a subscriber: {fault}").into()))
    }

    /// The moments of the deliveries from number `first` on.
    pub fn arrivals_from(&self, first: usize) -> Vec<Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).arrivals[first..].to_vec()
    }

    /// The text of the last delivery.
    pub fn last(&self) -> String {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn greet(socket: &mut WebSocketStream<TcpStream>, dialect: &Dialect) -> Result<()> {
    let expected = match dialect {
        Dialect::Plain => "subscribed",
        Dialect::GraphQl { token, .. } => {
            let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
            socket.send(Message::text(init.to_string())).await?;
            "connection_ack"
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), socket.next()).await?;
    let answer = answer.ok_or("the socket closed at once")??;
    if !answer.to_text()?.contains(expected) {
        return Err(format!("expected {expected}, the socket said {answer}").into());
    }
    if let Dialect::GraphQl { query, variables, .. } = dialect {
        let payload = json!({ "query": query, "variables": variables });
        let subscribe = json!({ "id": "1", "type": "subscribe", "payload": payload });
        socket.send(Message::text(subscribe.to_string())).await?;
    }
    Ok(())
}

async fn listen(mut socket: WebSocketStream<TcpStream>, heard: &Mutex<Heard>, plain: bool) -> Result<()> {
    while let Some(message) = socket.next().await {
        let message = match message? {
            Message::Text(text) => text,
            Message::Close(frame) => return Err(format!("closed by the server: {frame:?}").into()),
            _ => continue,
        };
        if !plain && message.contains("\"type\":\"ping\"") {
            socket.send(Message::text("{\"type\":\"pong\"}")).await?;
            continue;
        }
        if !plain && (!message.contains("\"type\":\"next\"") || message.contains("\"errors\"")) {
            return Err(format!("an unexpected message: {message}").into());
        }
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.arrivals.push(Instant::now());
        message.as_str().clone_into(&mut heard.last);
    }
    Err("the stream ended".into())
}

//! Clients that see every byte, and every close code.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{PATIENCE, TestServer};

/// A websocket client.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket with one header more than usual.
    pub async fn open(
        server: &TestServer,
        protocol: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<Self, Error> {
        Self::connect(server.address, protocol, header).await
    }

    async fn connect(
        address: SocketAddr,
        protocol: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header value"));
        }
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().expect("a header value"));
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    /// Opens one at any server, in the protocol of today, with a credential.
    pub async fn at(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::connect(address, Some("graphql-transport-ws"), None).await.expect("an upgrade");
        socket.send(json!({ "type": "connection_init", "payload": { "token": token } })).await;
        assert_eq!(socket.message().await["type"], "connection_ack");
        socket
    }

    /// Opens a socket in the protocol of today.
    pub async fn new(server: &TestServer) -> Self {
        Self::open(server, Some("graphql-transport-ws"), None).await.expect("an upgrade")
    }

    /// The same, past its `connection_init`.
    pub async fn ready(server: &TestServer) -> Self {
        let mut socket = Self::new(server).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.message().await["type"], "connection_ack");
        socket
    }

    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the socket is open");
    }

    pub async fn subscribe(&mut self, id: &str, document: &str) {
        self.send(json!({ "type": "subscribe", "id": id, "payload": { "query": document } })).await;
    }

    async fn receive(&mut self) -> Message {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("an answer").expect("an open socket");
            match message.expect("no error") {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    }

    /// The next message of the protocol.
    pub async fn message(&mut self) -> Value {
        match self.receive().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The code and the reason of the close frame that is next.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.receive().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not a close frame: {other:?}"),
        }
    }
}

/// Sends raw bytes on a connection of its own and returns everything that comes back until the server closes.
pub async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes.as_ref()).await.expect("written");
    read_to_end(&mut stream).await
}

/// Everything until the server closes.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes").expect("no reset");
    String::from_utf8_lossy(&answer).into_owned()
}

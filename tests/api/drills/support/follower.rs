//! Followers of the event log, over websockets and server-sent events.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::client::text;
use super::{Client, soon};

/// What is asked of an event. The gap's ends have other names, since `from` is a state elsewhere.
pub const EVENT: &str = "__typename \
    ... on JobStatusChanged { jobId revision to } \
    ... on JobProgressed { jobId revision message } \
    ... on JobLogAppended { jobId revision } \
    ... on StreamGap { reason gapFrom: from gapTo: to }";

/// One event, or a gap, as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub cursor: String,
    /// Empty for a gap.
    pub job: String,
    pub revision: i64,
    pub kind: String,
    pub to: Option<String>,
}

impl Event {
    pub fn new(cursor: &Json, event: &Json) -> Self {
        Self {
            cursor: text(cursor),
            job: event["jobId"].as_str().unwrap_or_default().to_owned(),
            revision: event["revision"].as_i64().unwrap_or_default(),
            kind: text(&event["__typename"]),
            to: event["to"].as_str().map(str::to_owned),
        }
    }

    pub fn is_gap(&self) -> bool {
        self.kind == "StreamGap"
    }

    pub fn is_final(&self) -> bool {
        matches!(self.to.as_deref(), Some("SUCCEEDED" | "FAILED" | "CANCELLED"))
    }

    fn of(answer: &Json) -> Self {
        let delivery = &answer["data"]["jobEvents"];
        assert!(delivery.is_object(), "no event: {answer}");
        Self::new(&delivery["cursor"], &delivery["event"])
    }
}

fn document(selection: &str) -> String {
    format!("subscription($after: Cursor) {{ jobEvents(after: $after) {{ cursor event {{ {EVENT} {selection} }} }} }}")
}

/// A websocket that follows all events.
pub struct Follower {
    socket: WebSocketStream<TcpStream>,
    /// How it was closed, when it was.
    pub closed: Option<(u16, String)>,
}

impl Follower {
    /// Follows from `after` on, exclusive; `e0` is before the first event.
    pub async fn new(client: &Client, after: &str) -> Self {
        let stream = TcpStream::connect(client.address()).await.expect("a connection");
        Self::on(stream, client, after, "").await
    }

    /// Follows on a connection with as little room as the system gives, so that what is not read soon waits in the
    /// server; `selection` makes events larger.
    pub async fn narrow(client: &Client, after: &str, selection: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let address: SocketAddr = client.address();
        let stream = socket.connect(address).await.expect("a connection");
        Self::on(stream, client, after, selection).await
    }

    async fn on(stream: TcpStream, client: &Client, after: &str, selection: &str) -> Self {
        let mut request = format!("ws://{}/graphql", client.address()).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a value"));
        let opened = soon("an upgrade", tokio_tungstenite::client_async(request, stream)).await;
        let (socket, _) = opened.expect("an upgrade");
        let mut follower = Self { socket, closed: None };
        follower.send(json!({ "type": "connection_init", "payload": { "token": client.token } })).await;
        assert_eq!(follower.message().await.expect("open")["type"], "connection_ack");
        let payload = json!({ "query": document(selection), "variables": { "after": after } });
        follower.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        follower
    }

    async fn send(&mut self, message: Json) {
        self.socket.send(Message::text(message.to_string())).await.expect("open");
    }

    /// The next message; `None` when the connection has ended.
    async fn message(&mut self) -> Option<Json> {
        loop {
            match soon("a message", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => {
                    self.closed = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    return None;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next event; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Event> {
        let message = self.message().await?;
        assert_eq!(message["type"], "next", "{message}");
        Some(Event::of(&message["payload"]))
    }
}

/// Follows by server-sent events from `after` on, and hands each event to `take` until that says false (then the
/// connection is cut) or the stream ends. Returns whether it ended with `complete`.
pub async fn follow_sse(client: &Client, after: &str, mut take: impl FnMut(Event) -> bool) -> bool {
    let request = client.request(&document(""), &Json::Null).header("accept", "text/event-stream");
    let mut response = soon("an answer", request.header("last-event-id", after).send()).await.expect("an answer");
    let mut rest = String::new();
    while let Ok(Some(chunk)) = soon("an event", response.chunk()).await {
        rest.push_str(std::str::from_utf8(&chunk).expect("events are ASCII here"));
        while let Some((event, tail)) = rest.split_once("\n\n") {
            let event = event.to_owned();
            rest = tail.to_owned();
            if event.contains("event: complete") {
                return true;
            }
            let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
            let parsed = Event::of(&serde_json::from_str(data).expect("JSON"));
            let id = event.lines().find_map(|line| line.strip_prefix("id: "));
            assert_eq!(id, Some(parsed.cursor.as_str()), "the id is the cursor");
            if !take(parsed) {
                return false;
            }
        }
    }
    false
}

//! One socket.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::Request;
use async_graphql::http::{ClientMessage, WebSocketProtocols};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::operation::{Handle, Operation, Said, Spoken};
use super::protocol::{self, Close};
use crate::error::Code;
use crate::http::client::{RequestInfo, bearer_token};
use crate::http::metrics::Open;
use crate::http::reply::Refusal;
use crate::http::state::Shared;
use crate::http::{Params, operation};

/// Pings that may stay unanswered.
const PATIENCE: u32 = 3;
/// How long a client may take over the closing handshake.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a step of a session ends: it goes on, or the socket closes.
type Step = Result<(), Close>;

pub(super) struct Session {
    state: Shared,
    info: RequestInfo,
    protocol: WebSocketProtocols,
    /// From the handshake's header, until `connection_init` brings another.
    bearer: Option<String>,
    socket: WebSocket,
    initialised: bool,
    operations: HashMap<String, Handle>,
    serial: u64,
    out: mpsc::Sender<Spoken>,
    spoken: mpsc::Receiver<Spoken>,
    /// Pings since the client was last heard of. Counted and not timed: while a message waits for a slow reader, this
    /// task does not listen either.
    unanswered: u32,
    stopping: bool,
    _open: Open,
}

impl Session {
    pub(super) fn new(
        state: Shared,
        info: RequestInfo,
        protocol: WebSocketProtocols,
        bearer: Option<String>,
        socket: WebSocket,
    ) -> Self {
        let (out, spoken) = mpsc::channel(1);
        Self {
            state,
            info,
            protocol,
            bearer,
            socket,
            initialised: false,
            operations: HashMap::new(),
            serial: 0,
            out,
            spoken,
            unanswered: 0,
            stopping: false,
            _open: Open::socket(),
        }
    }

    pub(super) async fn run(mut self) {
        let keepalive = self.state.config.keepalive;
        let mut ticks = interval_at(Instant::now() + keepalive, keepalive);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let init_until = Instant::now() + self.state.config.socket_init;
        let close = loop {
            if let Err(close) = self.step(&mut ticks, init_until).await {
                break close;
            }
        };
        // Ends the operations before the farewell, which can take a while.
        self.operations.clear();
        refuse(self.socket, &close).await;
    }

    async fn step(&mut self, ticks: &mut Interval, init_until: Instant) -> Step {
        if self.stopping && self.operations.is_empty() {
            return Err(Close::RESTART);
        }
        let shutdown = self.state.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled(), if !self.stopping => {
                self.stopping = true;
                Ok(())
            }
            received = self.socket.recv() => match received {
                Some(Ok(message)) => self.hear(message).await,
                Some(Err(error)) => Err(broken(&error)),
                None => Err(Close::NORMAL),
            },
            Some(spoken) = self.spoken.recv() => self.pass_on(spoken).await,
            _ = ticks.tick() => self.keep_alive().await,
            () = sleep_until(init_until), if !self.initialised => Err(Close::INIT_TIMEOUT),
        }
    }

    async fn hear(&mut self, message: Message) -> Step {
        self.unanswered = 0;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::bad_message("only text is understood")),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Close::NORMAL),
        };
        match protocol::read(self.protocol, &text).map_err(Close::bad_message)? {
            ClientMessage::ConnectionInit { payload } => self.initialise(payload.as_ref()).await,
            ClientMessage::Start { id, payload } => self.start(id, payload).await,
            ClientMessage::Stop { id } => self.stop(&id).await,
            ClientMessage::ConnectionTerminate => Err(Close::NORMAL),
            ClientMessage::Ping { payload } => self.send(protocol::pong(payload)).await,
            ClientMessage::Pong { .. } => Ok(()),
        }
    }

    async fn initialise(&mut self, payload: Option<&Value>) -> Step {
        if std::mem::replace(&mut self.initialised, true) {
            return Err(Close::TOO_MANY_INITS);
        }
        let checked = match credential(payload) {
            Ok(None) => operation::authenticate(&self.state, self.bearer.clone()).await,
            Ok(given) => {
                self.bearer = given;
                operation::authenticate(&self.state, self.bearer.clone()).await
            }
            Err(error) => Err(error.into()),
        };
        let Err(refusal) = checked else {
            self.send(protocol::ack()).await?;
            return self.sign_of_life().await;
        };
        let reason = refusal.to_error(&self.info.id).message;
        if self.protocol == WebSocketProtocols::SubscriptionsTransportWS {
            self.send(protocol::connection_error(&reason)).await?;
        }
        match refusal.code() {
            Code::Unauthenticated | Code::Forbidden => Err(Close::forbidden(reason)),
            Code::Unavailable | Code::RateLimited => Err(Close::later(reason)),
            _ => Err(Close::internal(reason)),
        }
    }

    async fn start(&mut self, id: String, request: Request) -> Step {
        if !self.initialised {
            return Err(Close::UNACKNOWLEDGED);
        }
        if id.is_empty() {
            return Err(Close::bad_message("the id is empty"));
        }
        if self.stopping {
            return Ok(());
        }
        if self.operations.contains_key(&id) {
            match self.protocol {
                WebSocketProtocols::GraphQLWS => return Err(Close::duplicate(&id)),
                // There the new one takes the place of the old.
                WebSocketProtocols::SubscriptionsTransportWS => drop(self.operations.remove(&id)),
            }
        }
        let bound = self.state.config.streams_per_socket;
        if self.operations.len() >= bound {
            let message = format!("{bound} operations are running on this socket, which is all it may have.");
            let refusal = Refusal::new(axum::http::StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
            return self.send(protocol::error(self.protocol, &id, &[refusal.to_error(&self.info.id)])).await;
        }
        self.serial += 1;
        let Request { query, operation_name, variables, .. } = request;
        let operation = Operation {
            state: self.state.clone(),
            info: self.info.clone(),
            protocol: self.protocol,
            bearer: self.bearer.clone(),
            id: id.clone(),
            serial: self.serial,
            params: Params { query, operation_name, variables },
            out: self.out.clone(),
        };
        self.operations.insert(id, Handle::start(operation));
        Ok(())
    }

    async fn stop(&mut self, id: &str) -> Step {
        let running = self.operations.remove(id).is_some();
        if running && self.protocol == WebSocketProtocols::SubscriptionsTransportWS {
            return self.send(protocol::complete(id)).await;
        }
        Ok(())
    }

    async fn pass_on(&mut self, spoken: Spoken) -> Step {
        let Spoken { id, serial, said } = spoken;
        if self.operations.get(&id).is_none_or(|handle| handle.serial != serial) {
            return Ok(());
        }
        match said {
            Said::Text(text) => self.send(text).await,
            Said::Last(text) => {
                self.operations.remove(&id);
                self.send(text).await
            }
            Said::Ended => {
                self.operations.remove(&id);
                Ok(())
            }
            Said::Close(close) => Err(close),
        }
    }

    /// Asks the client whether it lives. Whoever leaves [`PATIENCE`] pings unanswered is gone, and its operations
    /// with it: a cut cable sends nothing.
    async fn keep_alive(&mut self) -> Step {
        if self.unanswered >= PATIENCE {
            return Err(Close::SILENT);
        }
        self.unanswered += 1;
        self.send_message(Message::Ping(axum::body::Bytes::new())).await?;
        if self.initialised { self.sign_of_life().await } else { Ok(()) }
    }

    async fn sign_of_life(&mut self) -> Step {
        match self.protocol {
            WebSocketProtocols::SubscriptionsTransportWS => self.send(protocol::alive()).await,
            WebSocketProtocols::GraphQLWS => Ok(()),
        }
    }

    async fn send(&mut self, text: String) -> Step {
        self.send_message(Message::Text(text.into())).await
    }

    /// One message, all of it, before anything else happens on this socket: so no more than one waits here. How long
    /// that may take is the connection's business, see `Wire`; only a stop has less patience.
    async fn send_message(&mut self, message: Message) -> Step {
        let shutdown = self.state.shutdown.clone();
        let hurry = async {
            shutdown.cancelled().await;
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::select! {
            sent = self.socket.send(message) => sent.map_err(|error| broken(&error)),
            () = hurry => Err(Close::RESTART),
        }
    }
}

/// The token in `connection_init`: as a header would carry it, or bare under `token`.
fn credential(payload: Option<&Value>) -> crate::error::Result<Option<String>> {
    let Some(Value::Object(payload)) = payload else {
        return Ok(None);
    };
    let header = ["Authorization", "authorization"].iter().find_map(|key| payload.get(*key));
    match (header, payload.get("token")) {
        (Some(Value::String(header)), _) => bearer_token(header).map(Some),
        (None | Some(Value::Null), Some(Value::String(token))) => Ok(Some(token.clone())),
        (None | Some(Value::Null), None | Some(Value::Null)) => Ok(None),
        _ => Err(crate::error::Error::Unauthenticated("The credential must be a string.".to_owned())),
    }
}

/// Says why, and waits a little for the answer: a socket that is dropped on unread bytes loses what was sent last.
pub(super) async fn refuse(mut socket: WebSocket, close: &Close) {
    let frame = CloseFrame { code: close.code, reason: close.short_reason().into() };
    let farewell = async {
        // When the client has closed first, this fails, and receiving sends the answer that lies ready.
        let _closed_already = socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    // A client that does not answer has been told.
    let _unanswered = timeout(FAREWELL, farewell).await;
}

fn broken(error: &axum::Error) -> Close {
    let text = error.to_string();
    // The kind of the error is of a crate that axum does not show; its words are all there is.
    if text.contains("Message too long") { Close::TOO_LARGE } else { Close::bad_message(text) }
}

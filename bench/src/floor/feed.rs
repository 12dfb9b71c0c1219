//! A bare broadcast: what is posted goes to every open socket.

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;

use super::ready_made::Next;
use super::{Answer, Floor};

/// Sends the body to all subscribers as one text frame.
pub async fn publish(State(floor): State<Floor>, body: String) -> StatusCode {
    // Without a subscriber there is nobody to miss it.
    drop(floor.frames.send(Utf8Bytes::from(body)));
    StatusCode::OK
}

/// Sends the event in the body to the subscribers of the ready-made socket.
pub async fn publish_parsed(State(floor): State<Floor>, body: String) -> Answer<StatusCode> {
    let next: Next = serde_json::from_str(&body)?;
    drop(floor.deliveries.send(next.delivery()));
    Ok(StatusCode::OK)
}

/// A socket that gets every frame from here on; the first frame says that it is subscribed.
pub async fn subscribe(State(floor): State<Floor>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| async move {
        // It ends when the subscriber goes away or falls behind; the harness notices both by what it counts.
        drop(forward(floor, socket).await);
    })
}

async fn forward(floor: Floor, mut socket: WebSocket) -> crate::Result<()> {
    let mut frames = floor.frames.subscribe();
    socket.send(Message::Text("subscribed".into())).await?;
    loop {
        tokio::select! {
            frame = frames.recv() => socket.send(Message::Text(frame?)).await?,
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {}
            },
        }
    }
}

//! A connection byte by byte, for clients that do not behave.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::mutation;
use super::{Client, soon};

/// A connection for one request.
pub struct Wire(pub TcpStream);

impl Wire {
    pub async fn new(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// The bytes of a mutation.
    pub fn request(client: &Client, field: &str, input: &Json, selection: &str) -> Vec<u8> {
        let body = json!({ "query": mutation(field, selection), "variables": { "input": input } }).to_string();
        let token = client.token.as_deref().expect("a credential");
        format!(
            "POST /graphql HTTP/1.1\r\nHost: drill\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\
             \r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the connection takes it");
    }

    /// The status and the body of the answer; `None` when the connection ends without a whole one.
    pub async fn answer(&mut self) -> Option<(u16, String)> {
        let mut read = Vec::new();
        loop {
            if let Some(answer) = parse(&String::from_utf8_lossy(&read)) {
                return Some(answer);
            }
            let mut chunk = [0; 4096];
            match soon("an answer", self.0.read(&mut chunk)).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => read.extend_from_slice(&chunk[..count]),
            }
        }
    }
}

fn parse(text: &str) -> Option<(u16, String)> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    (body.len() >= length).then(|| (status, body.to_owned()))
}

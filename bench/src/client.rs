//! The load client: HTTP/1.1 over one kept-alive connection, as little work per request as can be, because it
//! shares the machine with the server that it measures.

use std::net::SocketAddr;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// One kept-alive connection to a server.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects; the server is known to be ready, so there is no second try.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request, and gives the body of the answer when its status is 200.
    pub async fn send(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (start, end) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(bounds) = body_bounds(&self.buffer)? {
                break bounds;
            }
        };
        while self.buffer.len() < end {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection within a body".into());
            }
        }
        Ok(&self.buffer[start..end])
    }

    /// Sends a request and decodes the body of its answer.
    pub async fn send_json(&mut self, request: &[u8]) -> Result<Value> {
        Ok(serde_json::from_slice(self.send(request).await?)?)
    }
}

/// Where the body starts and ends, once the head has arrived.
fn body_bounds(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes)? else { return Ok(None) };
    if head.code != Some(200) {
        let answer = String::from_utf8_lossy(bytes);
        return Err(format!("expected status 200, the answer is:\n{answer}").into());
    }
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.ok_or("the answer has no content-length")?;
    let length: usize = str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((start, start + length)))
}

/// A GET request as bytes, ready to be sent as often as one likes.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// A POST request of a JSON body as bytes. Without a token it is anonymous.
pub fn post(path: &str, token: Option<&str>, body: &impl Serialize) -> Result<Vec<u8>> {
    let body = serde_json::to_string(body)?;
    let credential = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let length = body.len();
    Ok(format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{credential}content-type: application/json\r\n\
         accept: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes())
}

/// A PATCH request of a JSON body as bytes.
pub fn patch(path: &str, token: &str, body: &impl Serialize) -> Result<Vec<u8>> {
    let request = post(path, Some(token), body)?;
    Ok([b"PATCH", request.strip_prefix(b"POST").unwrap_or(&request)].concat())
}

/// A POST request of a text.
pub fn post_text(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::body_bounds;

    #[test]
    fn a_body_is_found_once_its_head_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert!(body_bounds(&answer[..20]).expect("half a head is no error").is_none());
        let (start, end) = body_bounds(answer).expect("a right answer").expect("a whole head");
        assert_eq!(&answer[start..end], b"hello");
    }

    #[test]
    fn any_other_status_is_an_error_that_shows_the_answer() {
        let error = body_bounds(b"HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy").expect_err("not 200");
        assert!(error.to_string().contains("busy"), "{error}");
    }
}

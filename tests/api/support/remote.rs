//! Another server, as far as the one under test can tell: it answers HTTP on loopback with what a test made up.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    task::JoinHandle,
};

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// 200 and this.
    Json(Value),
    /// These bytes, head included, and the end.
    Raw(String),
    /// A head, and a body that never ends.
    Endless,
    /// Nothing at all.
    Silence,
    /// Nothing until it is told to go on, and then the end.
    Held(Arc<Notify>),
}

/// A server that answers as it was told to. It stops when it is dropped.
pub struct Remote {
    address: SocketAddr,
    reply: Arc<Mutex<Arc<Answers>>>,
    heads: mpsc::UnboundedReceiver<String>,
    accepting: JoinHandle<()>,
}

type Answers = dyn Fn(&str) -> Reply + Send + Sync;

impl Remote {
    /// Answers each request by its path.
    pub async fn new(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answers: Arc<Answers> = Arc::new(reply);
        let reply = Arc::new(Mutex::new(answers));
        let (tell, heads) = mpsc::unbounded_channel();
        let shared = Arc::clone(&reply);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), tell.clone()));
            }
        });
        Self { address, reply, heads, accepting }
    }

    /// From now on it answers so.
    pub fn answer(&self, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.reply.lock().expect("nobody panicked") = Arc::new(reply);
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The head of the next request, in lower case; waits for it.
    pub async fn head(&mut self) -> String {
        tokio::time::timeout(super::PATIENCE, self.heads.recv()).await.expect("a request").expect("it still listens")
    }

    /// The heads of the requests that have come so far.
    pub fn heads(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.heads.try_recv().ok()).collect()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, reply: Arc<Mutex<Arc<Answers>>>, tell: mpsc::UnboundedSender<String>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&request).split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    // A test that is over listens no more.
    let _ = tell.send(head);
    let answer = Arc::clone(&reply.lock().expect("nobody panicked"));
    let text = match answer(&path) {
        Reply::Json(value) => ok(&value.to_string()),
        Reply::Raw(text) => text,
        Reply::Endless => return endless(stream).await,
        Reply::Silence => return silent(stream).await,
        Reply::Held(go) => return go.notified().await,
    };
    // The other side may have enough before the end.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Whether the head is there, and the body that it announces.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn endless(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[";
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        sent = stream.write_all(&[b' '; 4096]).await;
    }
}

/// Until the other side has enough.
async fn silent(mut stream: TcpStream) {
    let mut buffer = [0; 1];
    let _ = stream.read(&mut buffer).await;
}

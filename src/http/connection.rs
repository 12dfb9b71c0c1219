//! One connection: its bytes, and whether its client does its part.
//!
//! hyper's own header timeout also ends connections that merely wait for their next request. At the same 10 s it would
//! meet a worker's heartbeat every 10 s on the wire, and requests would die for nothing. And it does not run while the
//! protocol is being detected, so that a single byte `P` would hold a connection for ever. Hence [`Activity`].

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::metrics::Open;

/// Stands for "not" where milliseconds are kept in an atomic.
const NEVER: u64 = u64::MAX;

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    running: AtomicUsize,
    /// Since when the head of a request is arriving.
    head_since: AtomicU64,
    /// Since when there is no request.
    idle_since: AtomicU64,
    multiplexed: AtomicBool,
    used: AtomicBool,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Keep,
    /// It has been without a request for long: it is closed in good manners.
    Retire,
    /// It keeps the server waiting for the head of a request: it is cut.
    Cut,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            running: AtomicUsize::new(0),
            head_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
            multiplexed: AtomicBool::new(false),
            used: AtomicBool::new(false),
        }
    }

    /// A request has begun; it runs until the guard is dropped with the answer's body.
    pub(super) fn begin(self: &Arc<Self>, version: axum::http::Version) -> Running {
        self.used.store(true, Relaxed);
        self.multiplexed.store(version == axum::http::Version::HTTP_2, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.running.fetch_add(1, Relaxed);
        Running(Arc::clone(self))
    }

    /// Whether the connection has had a request.
    fn used(&self) -> bool {
        self.used.load(Relaxed)
    }

    /// Whether it has had a request of HTTP/2.
    pub(super) fn multiplexed(&self) -> bool {
        self.multiplexed.load(Relaxed)
    }

    pub(super) fn verdict(&self, header: Duration, idle: Duration) -> Verdict {
        if self.running.load(Relaxed) > 0 {
            return Verdict::Keep;
        }
        if self.longer_than(&self.head_since, header) {
            Verdict::Cut
        } else if self.used() && self.longer_than(&self.idle_since, idle) {
            Verdict::Retire
        } else {
            Verdict::Keep
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn longer_than(&self, since: &AtomicU64, limit: Duration) -> bool {
        match since.load(Relaxed) {
            NEVER => false,
            since => u128::from(self.now().saturating_sub(since)) >= limit.as_millis(),
        }
    }

    fn bytes_arrived(&self) {
        // HTTP/2 also exchanges frames while there is nothing to do; its own pings tell whether the peer lives.
        if self.running.load(Relaxed) == 0 && !self.multiplexed() {
            let _already_arriving = self.head_since.compare_exchange(NEVER, self.now(), Relaxed, Relaxed);
        }
    }
}

/// A request that is running.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.running.fetch_sub(1, Relaxed);
    }
}

/// The body of an answer. Its request runs as long as it.
pub(super) struct Answer {
    pub body: Body,
    pub _running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The bytes of a connection. It holds the connection's place among those that may be open, so that a websocket keeps
/// it after HTTP has let go; and it ends a client that leaves what was sent to it unread.
pub(super) struct Wire {
    stream: TcpStream,
    activity: Arc<Activity>,
    stall: Duration,
    blocked: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
    _open: Open,
}

impl Wire {
    pub(super) fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        stall: Duration,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self { stream, activity, stall, blocked: None, _place: place, _open: Open::connection() }
    }

    fn watch<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let stall = self.stall;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        match blocked.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_arrived();
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

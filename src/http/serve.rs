//! The accept loop, and how it ends.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{interval, sleep, timeout};
use tower::ServiceExt;

use super::client::Peer;
use super::connection::{Activity, Answer, Verdict, Wire};
use super::state::Shared;
use super::{HttpState, metrics, router};

/// The largest head of a request, in bytes; a query in a URL must fit.
const HEAD_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MULTIPLEXED: u32 = 100;
/// How long after the stop a connection without a request may still bring one. It may be on its way, or have arrived
/// and not been read, and closing on it would reset the connection: a client cannot know whether it was done. HTTP/2
/// tells clients which requests were not begun, and needs no such time.
const LAST_CALL: Duration = Duration::from_millis(250);
/// Connections over the bound that are being told so at once; beyond these they are dropped without a word.
const REFUSALS: usize = 64;
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n\
    Retry-After: 1\r\nConnection: close\r\nContent-Length: 122\r\n\r\n\
    {\"errors\":[{\"message\":\"Too many connections. Try again in a second.\",\
    \"extensions\":{\"code\":\"UNAVAILABLE\",\"retryAfter\":1}}]}";

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections and streams that did not end in time and were cut.
    pub cut: usize,
}

/// A listener and what stands behind it.
#[derive(Debug)]
pub struct Listening {
    /// Where connections come in.
    pub listener: TcpListener,
    /// What answers them.
    pub routes: Router,
}

/// Serves until the state's `shutdown` is cancelled, then stops: no new connections, streams closed with a reason,
/// running requests answered, and after the configured time everything else cut.
pub async fn serve(listener: TcpListener, state: HttpState) -> Stopped {
    serve_all(listener, Vec::new(), state).await
}

/// The same with further listeners. They share one bound on connections, one set of limits and one end.
pub async fn serve_all(listener: TcpListener, others: Vec<Listening>, state: HttpState) -> Stopped {
    let routes = router(state.clone());
    let server = Server::new(state);
    let upkeep = tokio::spawn(async {
        let mut ticks = interval(metrics::UPKEEP);
        loop {
            ticks.tick().await;
            metrics::upkeep();
        }
    });
    let all = std::iter::once(Listening { listener, routes }).chain(others);
    futures_util::future::join_all(all.map(|listening| server.accept(listening))).await;
    let stopped = server.drain().await;
    upkeep.abort();
    stopped
}

struct Server {
    state: Shared,
    builder: Arc<Builder<TokioExecutor>>,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Server {
    fn new(state: HttpState) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // No header timeout of hyper's: see `connection`.
        builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(state.config.keepalive)
            .keep_alive_timeout(state.config.stall)
            .max_concurrent_streams(MULTIPLEXED)
            .max_header_list_size(HEAD_BYTES.try_into().unwrap_or(u32::MAX));
        Self {
            places: Arc::new(Semaphore::new(state.config.connections)),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            state: Arc::new(state),
            builder: Arc::new(builder),
        }
    }

    /// Takes connections until the end, and then those that have come already.
    async fn accept(&self, Listening { listener, routes }: Listening) {
        loop {
            tokio::select! {
                biased;
                () = self.state.shutdown.cancelled() => break,
                accepted = listener.accept() => self.admit(accepted, &routes).await,
            }
        }
        self.admit_the_last(listener, &routes).await;
    }

    /// Over the bound a connection is accepted and told so. Left in the kernel's queue it would look like a server that
    /// hangs, to clients and to whoever checks its health; a 503 sends them elsewhere at once.
    async fn admit(&self, accepted: std::io::Result<(TcpStream, SocketAddr)>, routes: &Router) {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: without a pause the loop would spin until one is free.
                tracing::warn!(%error, "a connection could not be accepted");
                return sleep(Duration::from_millis(50)).await;
            }
        };
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            // Fails only when the client is gone already, which the first read will show.
            let _unknown = stream.set_nodelay(true);
            self.state.tasks.spawn(self.connection(stream, routes.clone(), Peer(peer), place));
        } else {
            metrics::count_refused_connection();
            if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
                self.state.tasks.spawn(async move {
                    refuse(stream).await;
                    drop(permit);
                });
            }
        }
    }

    /// The kernel has shaken hands with these already; closing the listener would reset them. The runtime is not asked,
    /// because it may not have heard of them yet: clients that were just told to close their connections come back in
    /// this moment.
    async fn admit_the_last(&self, listener: TcpListener, routes: &Router) {
        let Ok(listener) = listener.into_std() else { return };
        loop {
            match listener.accept() {
                // Only the listener does not block by itself.
                Ok((stream, peer)) => {
                    let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                    self.admit(stream.map(|stream| (stream, peer)), routes).await;
                }
                // That client has gone; the next one may wait.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => return,
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        router: Router,
        peer: Peer,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + use<> {
        let activity = Arc::new(Activity::new());
        let (state, builder) = (Arc::clone(&self.state), Arc::clone(&self.builder));
        let wire = Wire::new(stream, Arc::clone(&activity), state.config.stall, place);
        async move {
            let service = service_fn(|request: hyper::Request<Incoming>| {
                let running = activity.begin(request.version());
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                let answer = router.clone().oneshot(request);
                async move {
                    let response: Response<Body> = answer.await?;
                    Ok::<_, Infallible>(response.map(|body| Answer { body, _running: running }))
                }
            });
            let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(wire), service));
            let mut stopping = std::pin::pin!(async {
                state.shutdown.cancelled().await;
                if !activity.multiplexed() {
                    sleep(LAST_CALL).await;
                }
            });
            let mut stopped = false;
            let mut checks = interval(state.config.header.div_f32(4.0).max(Duration::from_millis(10)));
            loop {
                tokio::select! {
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::debug!(error, peer = %peer.0, "a connection broke");
                        }
                        return;
                    }
                    () = stopping.as_mut(), if !stopped => {
                        stopped = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    () = state.cut.cancelled() => return,
                    _ = checks.tick() => match activity.verdict(state.config.header, state.config.idle) {
                        Verdict::Keep => {}
                        Verdict::Retire => connection.as_mut().graceful_shutdown(),
                        Verdict::Cut => return,
                    },
                }
            }
        }
    }

    async fn drain(self) -> Stopped {
        let tasks = &self.state.tasks;
        tasks.close();
        if timeout(self.state.config.shutdown, tasks.wait()).await.is_ok() {
            return Stopped { cut: 0 };
        }
        let cut = tasks.len();
        self.state.cut.cancel();
        // What is cut ends at its next step; a task in the middle of a long computation has no such step.
        if timeout(Duration::from_secs(1), tasks.wait()).await.is_err() {
            tracing::warn!(left = tasks.len(), "connections did not end when they were cut");
        }
        Stopped { cut }
    }
}

/// Answers without reading the request, then lets the client read the answer: closing on bytes that were not read
/// would reset the connection and with it destroy the answer.
async fn refuse(mut stream: TcpStream) {
    let told = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A client that is gone, or that keeps sending, needs no more of an answer.
    let _told = timeout(Duration::from_secs(1), told).await;
}

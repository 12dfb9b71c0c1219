//! The bounds of the transports.

use std::time::Duration;

use ipnet::IpNet;

use crate::config::Config;

/// What the transports need to know of the configuration.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// How clients reach this server, without a slash at the end.
    pub public_url: String,
    /// Other origins whose pages may call it, as a browser spells them (`https://lab.example`).
    pub cors_origins: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections open at once; one more is answered 503.
    pub connections: usize,
    /// How long the head of a request may take, from its first byte (of a new connection: from its start).
    pub header: Duration,
    /// The largest body, in bytes; also the largest websocket message.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body: Duration,
    /// How long a query or a mutation may run.
    pub request: Duration,
    /// How long a stop waits for what is running.
    pub shutdown: Duration,
    /// Operations running at once on one websocket.
    pub streams_per_socket: usize,
    /// How long a websocket may take to say `connection_init`.
    pub socket_init: Duration,
    /// The silence after which a stream says that it is alive.
    pub keepalive: Duration,
    /// How long a connection without a request is kept.
    pub idle: Duration,
    /// How long a client may leave what was sent to it unread before its connection ends.
    pub stall: Duration,
}

impl From<&Config> for HttpConfig {
    fn from(config: &Config) -> Self {
        let http = &config.http;
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            public_url: config.public_url.clone(),
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            connections: http.connections,
            header: seconds(http.header_seconds),
            body_bytes: http.body_bytes,
            body: seconds(http.body_seconds),
            request: seconds(http.request_seconds),
            shutdown: seconds(http.shutdown_seconds),
            streams_per_socket: http.streams_per_socket,
            socket_init: seconds(http.socket_init_seconds),
            keepalive: seconds(http.keepalive_seconds),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self::from(&Config::default())
    }
}

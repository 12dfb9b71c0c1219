//! The figures of the server, in Prometheus' text format at `/metrics`.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics::{
    Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::OperationKind;

/// Upper bounds of the duration histogram, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// How often collected samples are folded into the histograms. Without it they pile up while nobody scrapes.
pub(super) const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// How an operation reached the server.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    /// One request, one answer.
    Http,
    /// Server-sent events.
    Sse,
    /// A websocket.
    Socket,
    /// A route of an old API.
    Mounted,
}

impl Transport {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sse => "sse",
            Self::Socket => "websocket",
            Self::Mounted => "compat",
        }
    }
}

/// Starts counting, once for the whole process; later calls change nothing.
pub fn install() {
    HANDLE.get_or_init(|| match recorder() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(%error, "figures are not collected");
            None
        }
    });
}

fn recorder() -> Result<PrometheusHandle, Box<dyn std::error::Error>> {
    let durations = Matcher::Full("docket_http_request_duration_seconds".to_owned());
    let recorder = PrometheusBuilder::new().set_buckets_for_metric(durations, &SECONDS)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe_counter!("docket_http_requests_total", "Answered HTTP requests.");
    describe_histogram!(
        "docket_http_request_duration_seconds",
        Unit::Seconds,
        "From a request's head to its answer's."
    );
    describe_counter!("docket_compat_requests_total", "Answers of the old APIs, by dialect and route.");
    describe_gauge!("docket_http_connections", "Open connections, websockets included.");
    describe_counter!("docket_http_connections_refused_total", "Connections over the bound, answered 503.");
    describe_gauge!("docket_graphql_sockets", "Open websockets.");
    describe_gauge!("docket_graphql_streams", "Operations that are running as a stream.");
    describe_counter!("docket_graphql_operations_total", "GraphQL operations by kind, outcome and transport.");
    Ok(handle)
}

/// Folds samples; see [`UPKEEP`].
pub(super) fn upkeep() {
    if let Some(Some(handle)) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// The page that Prometheus reads.
pub(super) async fn page() -> Response {
    match HANDLE.get() {
        Some(Some(handle)) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, "Figures are not collected.\n").into_response(),
    }
}

pub(super) fn count_request(route: &str, method: &Method, status: u16, took: Duration) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        // Clients may invent methods; one figure for all of those.
        _ => "other",
    };
    let known = REQUESTS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(figures) = known.get(route).and_then(|route| route.get(&(method, status))) {
        return figures.count(took);
    }
    drop(known);
    let figures = Figures::of(route, method, status);
    figures.count(took);
    let mut known = REQUESTS.write().unwrap_or_else(PoisonError::into_inner);
    known.entry(route.into()).or_default().insert((method, status), figures);
}

/// The figures of requests that were counted before. To look them up by their labels took a thirtieth of a small request.
/// There are as many routes as the program has, and few methods and statuses.
static REQUESTS: LazyLock<RwLock<HashMap<Box<str>, OfRoute>>> = LazyLock::new(RwLock::default);

/// By method and status.
type OfRoute = HashMap<(&'static str, u16), Figures>;

struct Figures {
    count: Counter,
    seconds: Histogram,
}

impl Figures {
    fn of(route: &str, method: &'static str, status: u16) -> Self {
        let labels = [("route", route.to_owned()), ("method", method.to_owned())];
        let seconds = histogram!("docket_http_request_duration_seconds", &labels);
        let [route, method] = labels;
        let labels = [route, method, ("status", status.to_string())];
        Self { count: counter!("docket_http_requests_total", &labels), seconds }
    }

    fn count(&self, took: Duration) {
        self.count.increment(1);
        self.seconds.record(took);
    }
}

/// Counts an answer of a route of an old API.
pub fn count_mounted(dialect: &'static str, route: &'static str, method: &'static str, status: u16) {
    let labels = [("dialect", dialect), ("route", route), ("method", method)];
    let [dialect, route, method] = labels.map(|(name, value)| (name, value.to_owned()));
    let labels = [dialect, route, method, ("status", status.to_string())];
    counter!("docket_compat_requests_total", &labels).increment(1);
}

pub(super) fn count_operation(kind: OperationKind, outcome: &'static str, transport: Transport) {
    let kind = match kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    };
    count(kind, outcome, transport);
}

/// A document that could not be executed: its kind is not known.
pub(super) fn count_refused(transport: Transport) {
    count("unknown", "refused", transport);
}

fn count(kind: &'static str, outcome: &'static str, transport: Transport) {
    let labels = [("kind", kind), ("outcome", outcome), ("transport", transport.as_str())];
    counter!("docket_graphql_operations_total", &labels).increment(1);
}

pub(super) fn count_refused_connection() {
    counter!("docket_http_connections_refused_total").increment(1);
}

/// Something that is open, counted until it is dropped.
pub(super) struct Open(metrics::Gauge);

impl Open {
    fn counted(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }

    pub(super) fn connection() -> Self {
        Self::counted(gauge!("docket_http_connections"))
    }

    pub(super) fn socket() -> Self {
        Self::counted(gauge!("docket_graphql_sockets"))
    }

    pub(super) fn stream(transport: Transport) -> Self {
        Self::counted(gauge!("docket_graphql_streams", "transport" => transport.as_str()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

//! Counters for `/metrics`, in the OpenMetrics text format. Names only: no user, account or query.

use std::{sync::atomic::AtomicI64, time::Duration};

use axum::http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

/// What the page is, for its reader.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    running: Gauge<i64, AtomicI64>,
    latencies: Family<RouteLabel, Histogram, fn() -> Histogram>,
    calls: Family<CallLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    tool: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::default();
        let running = Gauge::default();
        let latencies = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        let calls = Family::default();
        let mut registry = Registry::with_prefix("postroom");
        // the format puts `_info` and `_total` behind the names, and a full stop behind the sentences
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running version", build);
        registry.register("http_requests", "Answered requests", requests.clone());
        registry.register("http_requests_running", "Requests being worked on", running.clone());
        registry.register("http_request_seconds", "Time to the head of the answer", latencies.clone());
        registry.register("tool_calls", "Finished tool calls", calls.clone());
        Self { registry, requests, running, latencies, calls }
    }
}

impl Metrics {
    /// Counts an answered request. `route` is the pattern of the route, never the path.
    pub(crate) fn count_request(&self, route: &str, status: StatusCode, took: Duration) {
        let status = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status }).inc();
        let label = RouteLabel { route: route.to_owned() };
        self.latencies.get_or_create(&label).observe(took.as_secs_f64());
    }

    /// Counts a finished tool call.
    pub(crate) fn count_call(&self, tool: &'static str, outcome: &'static str) {
        self.calls.get_or_create(&CallLabels { tool, outcome }).inc();
    }

    /// The page that Prometheus reads. `running` is the number of requests being worked on.
    pub(crate) fn page(&self, running: usize) -> String {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        let mut page = String::with_capacity(4096);
        if let Err(error) = encode(&mut page, &self.registry) {
            tracing::error!(%error, "metrics not written");
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_calls_are_counted_by_their_labels() {
        let metrics = Metrics::default();
        metrics.count_request("/mcp", StatusCode::OK, Duration::from_millis(3));
        metrics.count_request("/mcp", StatusCode::UNAUTHORIZED, Duration::from_mins(1));
        metrics.count_call("mail_read", "ok");
        metrics.count_call("mail_read", "ok");
        let page = metrics.page(7);
        for line in [
            concat!("postroom_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "postroom_http_requests_total{route=\"/mcp\",status=\"2xx\"} 1",
            "postroom_http_requests_total{route=\"/mcp\",status=\"4xx\"} 1",
            "postroom_http_request_seconds_bucket{le=\"0.0025\",route=\"/mcp\"} 0",
            "postroom_http_request_seconds_bucket{le=\"0.005\",route=\"/mcp\"} 1",
            "postroom_http_request_seconds_bucket{le=\"+Inf\",route=\"/mcp\"} 2",
            "postroom_http_request_seconds_count{route=\"/mcp\"} 2",
            "postroom_http_requests_running 7",
            "postroom_tool_calls_total{tool=\"mail_read\",outcome=\"ok\"} 2",
        ] {
            assert!(page.lines().any(|there| there == line), "{line}\n{page}");
        }
        assert!(page.ends_with("# EOF\n"), "{page}");
    }
}

//! Counters for `/metrics`, in Prometheus' text format. Names only: no user, account or query.
//!
//! Our own few lines instead of a metrics framework: its clock alone would cost more of the start than
//! everything else that `serve` does before it is ready.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::StatusCode;

/// Upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, char), u64>>,
    latencies: Mutex<BTreeMap<String, Histogram>>,
    calls: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// Counts an answered request. `route` is the pattern of the route, never the path.
    pub(crate) fn count_request(&self, route: &str, status: StatusCode, took: Duration) {
        let class = char::from_digit(u32::from(status.as_u16() / 100), 10).unwrap_or('0');
        *lock(&self.requests).entry((route.to_owned(), class)).or_default() += 1;
        let mut latencies = lock(&self.latencies);
        let histogram = latencies.entry(route.to_owned()).or_default();
        let seconds = took.as_secs_f64();
        histogram.count += 1;
        histogram.sum += seconds;
        for (bound, bucket) in BOUNDS.iter().zip(&mut histogram.buckets) {
            *bucket += u64::from(seconds <= *bound);
        }
    }

    /// Counts a finished tool call.
    pub(crate) fn count_call(&self, tool: &'static str, outcome: &'static str) {
        *lock(&self.calls).entry((tool, outcome)).or_default() += 1;
    }

    /// The page that Prometheus reads. `running` is the number of requests being worked on.
    pub(crate) fn page(&self, running: usize) -> String {
        let mut page = String::with_capacity(4096);
        let version = env!("CARGO_PKG_VERSION");
        describe(&mut page, "postroom_build_info", "gauge", "The running version.");
        let _ = writeln!(page, "postroom_build_info{{version=\"{version}\"}} 1");
        describe(&mut page, "postroom_http_requests_total", "counter", "Answered requests.");
        for ((route, class), count) in &*lock(&self.requests) {
            let _ = writeln!(
                page,
                "postroom_http_requests_total{{route=\"{route}\",status=\"{class}xx\"}} {count}"
            );
        }
        describe(&mut page, "postroom_http_requests_running", "gauge", "Requests being worked on.");
        let _ = writeln!(page, "postroom_http_requests_running {running}");
        describe(&mut page, "postroom_http_request_seconds", "histogram", "Time to the head of the answer.");
        for (route, histogram) in &*lock(&self.latencies) {
            let name = "postroom_http_request_seconds";
            for (bound, count) in BOUNDS.iter().zip(&histogram.buckets) {
                let _ = writeln!(page, "{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}");
            }
            let Histogram { count, sum, .. } = histogram;
            let _ = writeln!(page, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}");
            let _ = writeln!(page, "{name}_sum{{route=\"{route}\"}} {sum}");
            let _ = writeln!(page, "{name}_count{{route=\"{route}\"}} {count}");
        }
        describe(&mut page, "postroom_tool_calls_total", "counter", "Finished tool calls.");
        for ((tool, outcome), count) in &*lock(&self.calls) {
            let _ =
                writeln!(page, "postroom_tool_calls_total{{tool=\"{tool}\",outcome=\"{outcome}\"}} {count}");
        }
        page
    }
}

fn describe(page: &mut String, name: &str, kind: &str, about: &str) {
    let _ = writeln!(page, "# HELP {name} {about}\n# TYPE {name} {kind}");
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
            "postroom_http_requests_total{route=\"/mcp\",status=\"2xx\"} 1",
            "postroom_http_requests_total{route=\"/mcp\",status=\"4xx\"} 1",
            "postroom_http_request_seconds_bucket{route=\"/mcp\",le=\"0.0025\"} 0",
            "postroom_http_request_seconds_bucket{route=\"/mcp\",le=\"0.005\"} 1",
            "postroom_http_request_seconds_bucket{route=\"/mcp\",le=\"+Inf\"} 2",
            "postroom_http_request_seconds_count{route=\"/mcp\"} 2",
            "postroom_http_requests_running 7",
            "postroom_tool_calls_total{tool=\"mail_read\",outcome=\"ok\"} 2",
        ] {
            assert!(page.lines().any(|there| there == line), "{line}\n{page}");
        }
    }
}

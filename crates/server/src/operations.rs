//! `/health`, `/ready` and `/metrics`: for whoever operates the server, and for nobody else.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use domain::Secret;
use storage::Store;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    envelope::Running,
    metrics::{self, Metrics},
};

/// How long readiness waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the operator's routes look at.
#[derive(Clone)]
pub(crate) struct Operations {
    /// Database and key.
    pub(crate) store: Store,
    /// The counters.
    pub(crate) metrics: Arc<Metrics>,
    /// Who may read them on the public address.
    pub(crate) metrics_token: Option<Secret>,
    /// Set when the server is asked to stop.
    pub(crate) stopping: CancellationToken,
    /// The requests being worked on.
    pub(crate) running: Running,
}

/// The routes of the public address; `/metrics` among them only if there is a token for it.
pub(crate) fn routes(operations: Operations) -> Router {
    let mut routes = Router::new().route("/health", get(health)).route("/ready", get(ready));
    if operations.metrics_token.is_some() {
        routes = routes.route("/metrics", get(metrics_by_token));
    }
    routes.with_state(operations)
}

/// The route of the address that is for metrics alone.
pub(crate) fn metrics_routes(operations: Operations) -> Router {
    Router::new().route("/metrics", get(metrics_page)).with_state(operations)
}

async fn health() -> Response {
    answer(StatusCode::OK, "{\"status\":\"alive\"}")
}

async fn ready(State(operations): State<Operations>) -> Response {
    if operations.stopping.is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"stopping\"}");
    }
    match timeout(PATIENCE, operations.store.check_key()).await {
        Ok(Ok(())) => answer(StatusCode::OK, "{\"status\":\"ready\"}"),
        Ok(Err(error)) => {
            tracing::error!(%error, "not ready");
            let what = if matches!(error, storage::Error::WrongKey) { "key" } else { "database" };
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!("{{\"status\":\"unavailable\",\"failed\":\"{what}\"}}"),
            )
        }
        Err(_) => {
            tracing::error!("not ready: the database does not answer");
            answer(StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"unavailable\",\"failed\":\"database\"}")
        }
    }
}

async fn metrics_by_token(State(operations): State<Operations>, headers: HeaderMap) -> Response {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.split_once(' '));
    let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let sent = sent.map(|(_, token)| Secret::new(token.trim()));
    if sent.is_some() && sent == operations.metrics_token {
        return metrics_page(State(operations)).await;
    }
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "The token of the metrics is needed.\n")
        .into_response()
}

async fn metrics_page(State(operations): State<Operations>) -> Response {
    let page = operations.metrics.page(operations.running.count());
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response()
}

fn answer(status: StatusCode, json: &str) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], json.to_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use storage::{Database, MasterKey};

    use super::*;
    use crate::wire::{SystemClock, SystemRandom};

    #[tokio::test]
    async fn readiness_ends_with_the_database_and_with_the_request_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_file(&folder.path().join("x.db")).await.unwrap();
        let key = MasterKey::generate(&SystemRandom);
        let store = Store::open(database, key, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
        let operations = Operations {
            store: store.clone(),
            metrics: Arc::default(),
            metrics_token: None,
            stopping: CancellationToken::new(),
            running: Running::default(),
        };
        let ask = async || ready(State(operations.clone())).await.status();
        assert_eq!(ask().await, StatusCode::OK);
        store.close().await;
        assert_eq!(ask().await, StatusCode::SERVICE_UNAVAILABLE);
        operations.stopping.cancel();
        let answer = ready(State(operations.clone())).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(health().await.status(), StatusCode::OK);
    }
}

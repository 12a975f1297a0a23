//! Pages and OAuth endpoints answer only to the names that the server goes by, so that a page elsewhere whose
//! name was bound anew to this address learns nothing. The MCP door checks for itself.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Refuses a request that is addressed to another host than the `allowed` ones.
pub(crate) async fn check(State(allowed): State<Arc<Vec<String>>>, request: Request, next: Next) -> Response {
    if mcp::host_is_allowed(request.uri(), request.headers(), &allowed) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This server does not go by that name.\n").into_response()
}

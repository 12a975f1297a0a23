//! `POST /oauth/revoke`: a client gives a token back, and with it its whole sign-in (RFC 7009).

use std::sync::Arc;

use access::TokenRefusal;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    middleware::from_fn,
    response::{IntoResponse as _, Response},
    routing::post,
};

use crate::{
    Desk, client_proof, cors,
    error::{Code, NOT_KEPT, Refusal},
    token::{form, refused},
};

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/oauth/revoke", post(revoke).options(async || ()))
        .route_layer(from_fn(cors::allow_all))
}

async fn revoke(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    match answer(&desk, &uri, &headers, body).await {
        Ok(()) => (StatusCode::OK, NOT_KEPT).into_response(),
        Err(refusal) => {
            tracing::info!(error = refusal.code().as_str(), reason = refusal.why(), "token not given back");
            refusal.into_response()
        }
    }
}

async fn answer(desk: &Desk, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let form = form(uri, headers, body).await?;
    let proof = client_proof::of(headers, &form)?;
    // `token_type_hint` only saves a server a search (RFC 7009, 2.1)
    let token = form.secret("token").ok_or(Refusal::new(Code::InvalidRequest, "token is missing"))?;
    match desk.access.token_end(&token, &proof).await {
        // RFC 7009, 2.2: of a token that holds no more the client need not know
        Ok(()) | Err(TokenRefusal::Grant(_)) => Ok(()),
        Err(refusal) => Err(refused(refusal)),
    }
}

#[cfg(test)]
mod tests;

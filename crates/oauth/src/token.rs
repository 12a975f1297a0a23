//! `POST /oauth/token`: codes and refresh tokens against tokens (OAuth 2.1, 4.1.3 and 4.3; RFC 8707, 2.2).

use domain::chain;
use std::sync::Arc;

use access::{Issued, TokenRefusal};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Uri, header::CONTENT_TYPE},
    middleware::from_fn,
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde::Serialize;

use crate::{
    Desk, client_proof, cors,
    error::{Code, NOT_KEPT, Refusal},
    parameters::Parameters,
};

/// Octets of a form.
const MAX_BODY: usize = 64 << 10;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/oauth/token", post(token).options(async || ()))
        .route_layer(from_fn(cors::allow_all))
}

/// RFC 6749, 5.1.
#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: &'a str,
    scope: String,
}

async fn token(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    match answer(&desk, &uri, &headers, body).await {
        Ok(issued) => {
            let answer = Answer {
                access_token: issued.access.expose(),
                token_type: "Bearer",
                expires_in: issued.expires_in,
                refresh_token: issued.refresh.expose(),
                scope: issued.scopes.to_string(),
            };
            (NOT_KEPT, Json(answer)).into_response()
        }
        Err(refusal) => {
            tracing::info!(error = refusal.code().as_str(), reason = refusal.why(), "tokens refused");
            refusal.into_response()
        }
    }
}

async fn answer(desk: &Desk, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Issued, Refusal> {
    let form = form(uri, headers, body).await?;
    let proof = client_proof::of(headers, &form)?;
    let missing = |why| Refusal::new(Code::InvalidRequest, why);
    let resource = resource(desk, &form)?;
    let issued = match form.one("grant_type") {
        Some("authorization_code") => {
            let code = form.secret("code").ok_or(missing("code is missing"))?;
            let verifier = form.secret("code_verifier").ok_or(missing("code_verifier is missing"))?;
            let redirect_uri = form.one("redirect_uri");
            desk.access.exchange_code(&code, &verifier, redirect_uri, &proof, resource).await
        }
        Some("refresh_token") => {
            let refresh = form.secret("refresh_token").ok_or(missing("refresh_token is missing"))?;
            desk.access.exchange_refresh(&refresh, &proof, form.one("scope"), resource).await
        }
        None => return Err(missing("grant_type is missing")),
        Some(_) => {
            let why = "grant_type must be authorization_code or refresh_token";
            return Err(Refusal::new(Code::UnsupportedGrantType, why));
        }
    };
    issued.map_err(refused)
}

/// Of several resources each must be ours; which one is passed on is then the same.
fn resource<'a>(desk: &Desk, form: &'a Parameters) -> Result<Option<&'a str>, Refusal> {
    if form.repeats("resource") && form.all("resource").any(|name| desk.access.resource(Some(name)).is_none())
    {
        return Err(refused(TokenRefusal::Target));
    }
    Ok(form.one("resource"))
}

/// The form of a request to this endpoint or to revocation.
pub(crate) async fn form(uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Parameters, Refusal> {
    let invalid = |why| Refusal::new(Code::InvalidRequest, why);
    // what stands in a URL lies in logs
    if uri.query().is_some() {
        return Err(invalid("parameters belong into the body, not into the URL"));
    }
    if !has_type(headers, "application/x-www-form-urlencoded") {
        return Err(invalid("the body must be application/x-www-form-urlencoded"));
    }
    let body = axum::body::to_bytes(body, MAX_BODY).await;
    let body = body.map_err(|_| invalid("the body is larger than 64 kB, or did not come whole"))?;
    let form = Parameters::parse(&body).ok_or(invalid("there are too many parameters"))?;
    if form.has_repeated() {
        return Err(invalid("a parameter came more than once"));
    }
    Ok(form)
}

/// Whether the body is said to be of that type.
pub(crate) fn has_type(headers: &HeaderMap, kind: &str) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// What a client learns: of a code or token that does not hold not why, and of a client not whether its id or
/// its secret is wrong. The log has the reason.
pub(crate) fn refused(refusal: TokenRefusal) -> Refusal {
    match refusal {
        TokenRefusal::Client(reason) => {
            tracing::info!(reason, "client not believed");
            Refusal::new(Code::InvalidClient, "the client is unknown or its secret is wrong")
        }
        TokenRefusal::Grant(reason) => {
            tracing::info!(reason, "code or refresh token not taken");
            let why = "the code or refresh token is unknown, used, expired or revoked, or was given to another \
                       request; connect again";
            Refusal::new(Code::InvalidGrant, why)
        }
        TokenRefusal::Target => Refusal::new(Code::InvalidTarget, "the resource is not this server"),
        TokenRefusal::Scope => Refusal::new(Code::InvalidScope, "the scope is more than was granted"),
        TokenRefusal::Unavailable(error) => {
            tracing::error!(error = %chain(&error), "tokens not to be had");
            Refusal::new(Code::TemporarilyUnavailable, "something is out of order on this server")
        }
    }
}

#[cfg(test)]
mod tests;

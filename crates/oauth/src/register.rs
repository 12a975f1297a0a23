//! `POST /oauth/register`: a client makes itself known (RFC 7591). Nobody is believed for it; the person sees
//! the name and the host that answers go to.

use std::sync::Arc;

use access::{AuthMethod, Client, NewClient, RegistrationRefusal};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware::from_fn,
    response::{IntoResponse as _, Response},
    routing::post,
};
use domain::{Secret, chain};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Desk, cors,
    error::{Code, NOT_KEPT, Refusal},
    token::has_type,
};

/// Octets of a document.
const MAX_BODY: usize = 64 << 10;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/oauth/register", post(register).options(async || ()))
        .route_layer(from_fn(cors::allow_all))
}

/// The fields that count (RFC 7591, 2); all others are passed over, as its section 3.1 allows.
#[derive(Deserialize)]
struct Sent {
    redirect_uris: Option<Vec<String>>,
    client_name: Option<String>,
    client_uri: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
}

async fn register(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Response {
    match answer(&desk, &headers, body).await {
        Ok((client, secret)) => {
            tracing::info!(client = client.id.as_str(), "client registered");
            (StatusCode::CREATED, NOT_KEPT, Json(registered(&client, secret.as_ref()))).into_response()
        }
        Err(refusal) => {
            tracing::info!(error = refusal.code().as_str(), reason = refusal.why(), "client not registered");
            refusal.into_response()
        }
    }
}

async fn answer(desk: &Desk, headers: &HeaderMap, body: Body) -> Result<(Client, Option<Secret>), Refusal> {
    let invalid = |why| Refusal::new(Code::InvalidClientMetadata, why);
    if !has_type(headers, "application/json") {
        return Err(invalid("the body must be application/json"));
    }
    let body = axum::body::to_bytes(body, MAX_BODY).await;
    let body = body.map_err(|_| invalid("the body is larger than 64 kB, or did not come whole"))?;
    let sent: Sent = serde_json::from_slice(&body)
        .map_err(|_| invalid("the body is not a JSON object whose fields have the types of RFC 7591"))?;
    let new = understand(sent)?;
    desk.access.client_register(&new).await.map_err(|refusal| match refusal {
        RegistrationRefusal::Redirect(why) => Refusal::new(Code::InvalidRedirectUri, why),
        RegistrationRefusal::Metadata(why) => invalid(why),
        RegistrationRefusal::TooMany(seconds) => {
            let why = "too many clients register just now; try again later";
            Refusal::new(Code::SlowDown, why).retry_after(seconds)
        }
        RegistrationRefusal::Unavailable(error) => {
            tracing::error!(error = %chain(&error), "registration not kept");
            Refusal::new(Code::TemporarilyUnavailable, "something is out of order on this server")
        }
    })
}

fn understand(sent: Sent) -> Result<NewClient, Refusal> {
    let invalid = |why| Err(Refusal::new(Code::InvalidClientMetadata, why));
    let lists = |list: &Option<Vec<String>>, name: &str| {
        list.as_ref().is_none_or(|list| list.iter().any(|one| one == name))
    };
    if !lists(&sent.grant_types, "authorization_code") {
        return invalid("grant_types must have authorization_code");
    }
    if !lists(&sent.response_types, "code") {
        return invalid("response_types must have code");
    }
    // RFC 7591, 2: Basic is what is meant if nothing is said
    let named = sent.token_endpoint_auth_method.as_deref().unwrap_or(AuthMethod::Basic.as_str());
    let Some(auth_method) = AuthMethod::named(named) else {
        return invalid("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post");
    };
    let missing = || Refusal::new(Code::InvalidRedirectUri, "redirect_uris is missing");
    Ok(NewClient {
        name: sent.client_name.unwrap_or_default(),
        uri: sent.client_uri.unwrap_or_default(),
        redirect_uris: sent.redirect_uris.ok_or_else(missing)?,
        auth_method,
    })
}

/// All that is kept, as RFC 7591, 3.2.1 wants it told.
fn registered(client: &Client, secret: Option<&Secret>) -> Value {
    let mut told = json!({
        "client_id": client.id.as_str(),
        "client_id_issued_at": client.created.unix_timestamp(),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": client.auth_method.as_str(),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    if let Some(fields) = told.as_object_mut() {
        if !client.uri.is_empty() {
            fields.insert("client_uri".to_owned(), client.uri.as_str().into());
        }
        if let Some(secret) = secret {
            fields.insert("client_secret".to_owned(), secret.expose().into());
            fields.insert("client_secret_expires_at".to_owned(), 0.into());
        }
    }
    told
}

#[cfg(test)]
mod tests;

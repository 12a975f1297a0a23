//! Which calls a principal may make: its own sessions, tools and resources within its scopes.
//!
//! A tool cannot set an HTTP status, so missing scopes are answered here; the call checks them again.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::Principal;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    authenticate::insufficient_scope,
    resources,
    sessions::{SessionEnd, Sessions},
    settings::Settings,
    tools,
};

const SESSION: &str = "mcp-session-id";
/// From this version on there are no sessions, and headers repeat what the body says.
const STATELESS: &str = "2026-07-28";

/// What the checks of a call need.
#[derive(Clone)]
pub(crate) struct Checking {
    /// Whose session is whose.
    pub sessions: Arc<Sessions>,
    /// Bounds, and where the metadata is.
    pub settings: Arc<Settings>,
}

/// Lets a request on to the transport if its principal may send it.
pub(crate) async fn check(State(checking): State<Checking>, mut request: Request, next: Next) -> Response {
    let Some(principal) = request.extensions().get::<Arc<Principal>>().cloned() else {
        tracing::error!("a request passed authentication without a principal");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(session) = session_of(request.headers()) else { return not_found() };
    if let Some(session) = &session {
        if !checking.sessions.belongs(session, &principal.grant).await {
            return not_found();
        }
        request.extensions_mut().insert(checking.sessions.end_of(session));
    }
    let answer = request.extensions().get::<SessionEnd>().map(SessionEnd::answer);
    let is_post = request.method() == Method::POST;
    let is_delete = request.method() == Method::DELETE;
    if is_post {
        welcome(request.headers_mut());
        request = match read_call(request, &checking.settings, &principal).await {
            Ok(request) => request,
            Err(response) => return *response,
        };
    }
    let mut response = next.run(request).await;
    match &session {
        Some(session) if is_delete && response.status().is_success() => {
            checking.sessions.release(session, &principal.grant).await;
            // the transport says 202, which the Python client takes for a failure
            *response.status_mut() = StatusCode::OK;
        }
        None if is_post => {
            if let Ok(Some(opened)) = session_of(response.headers())
                && checking.sessions.bind(&opened, &principal.grant).await.is_err()
            {
                return (StatusCode::SERVICE_UNAVAILABLE, "No session could be opened.\n").into_response();
            }
        }
        _ => {}
    }
    match answer {
        Some(answer) if is_post && is_stream(&response) => {
            // lives as long as the body, and tells by its end that the answer is through
            let held = move |_: &_| {
                let _ = &answer;
            };
            response.map(|body| Body::from_stream(body.into_data_stream().inspect(held)))
        }
        _ => response,
    }
}

fn is_stream(response: &Response) -> bool {
    header(response.headers(), "content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "No such session.\n").into_response()
}

/// The session that the headers name, if any; an error if they name several or none that can be read.
fn session_of(headers: &HeaderMap) -> Result<Option<String>, ()> {
    let mut sent = headers.get_all(SESSION).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => one.to_str().map(|text| Some(text.to_owned())).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

/// The transport wants both of its media types named; a client that takes anything takes them too.
fn welcome(headers: &mut HeaderMap) {
    let takes_anything = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| text.split(',').any(|one| one.trim_start().starts_with("*/*")))
    };
    if !headers.contains_key(ACCEPT) || headers.get_all(ACCEPT).iter().any(takes_anything) {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    }
}

/// Finds out which tool is called or which resource is read, from the headers where the transport holds
/// them to the body, else from the body, and refuses it if its scope is missing.
async fn read_call(
    request: Request,
    settings: &Settings,
    principal: &Principal,
) -> Result<Request, Box<Response>> {
    let (parts, body) = request.into_parts();
    if header(&parts.headers, "mcp-protocol-version").is_some_and(|version| version >= STATELESS)
        && let Some(method) = header(&parts.headers, "mcp-method")
    {
        if let Some(name) = header(&parts.headers, "mcp-name") {
            allow(method, name, settings, principal)?;
        }
        return Ok(Request::from_parts(parts, body));
    }
    let Ok(bytes) = axum::body::to_bytes(body, settings.max_body).await else {
        let told = format!("A request may have {} octets.\n", settings.max_body);
        return Err(Box::new((StatusCode::PAYLOAD_TOO_LARGE, told).into_response()));
    };
    if let Some((method, name)) = called(&bytes)? {
        allow(&method, &name, settings, principal)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn allow(method: &str, name: &str, settings: &Settings, principal: &Principal) -> Result<(), Box<Response>> {
    let entry = match method {
        "tools/call" => tools::find(name),
        "resources/read" => resources::find(name).ok().map(|asked| asked.entry),
        _ => None,
    };
    match entry {
        Some(entry) if !entry.is_open_to(principal) => {
            Err(Box::new(insufficient_scope(&settings.resource_metadata(), entry.scopes)))
        }
        // an unknown tool or resource is told as such by the server itself
        _ => Ok(()),
    }
}

/// The method and the name of the tool or resource that a body calls.
fn called(body: &Bytes) -> Result<Option<(String, String)>, Box<Response>> {
    let message: Value =
        serde_json::from_slice(body).map_err(|_| Box::new(malformed(-32700, "the body is not JSON")))?;
    if !message.is_object() {
        return Err(Box::new(malformed(-32600, "the body is not one JSON-RPC message")));
    }
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let method = text("/method");
    let name = match method.as_deref() {
        Some("tools/call") => text("/params/name"),
        Some("resources/read") => text("/params/uri"),
        _ => None,
    };
    Ok(method.zip(name))
}

fn malformed(code: i32, message: &str) -> Response {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
    let headers = [(CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
}

//! The HTTP side of the door: `/mcp` for both eras, and the metadata that leads to it.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use domain::Random;
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};

use crate::{
    authenticate::{self, Asking},
    authorize::{self, Checking},
    files::{self, Downloads, Files, Receiving},
    gate::Gate,
    mail::Mail,
    metadata, origin,
    server::Server,
    sessions::{Closer, Sessions},
    settings::Settings,
};

/// The routes `/mcp`, `/files`, `/files/{token}`, `/.well-known/oauth-protected-resource` and `…/mcp`.
///
/// From the outside in: host and origin, bearer, session and scope, then the transport; a file's link stands
/// for its bearer. A request that carries a [`crate::RequestId`] in its extensions is named by it in internal
/// errors. What comes with the routes ends their sessions and downloads.
pub fn router(
    mail: Arc<dyn Mail>,
    gate: Arc<dyn Gate>,
    random: Arc<dyn Random>,
    settings: Settings,
) -> (Router, Closer) {
    let downloads = Downloads::new(settings.downloads_per_grant);
    let files = Files {
        gate: Arc::clone(&gate),
        mail: Arc::clone(&mail),
        downloads: downloads.clone(),
        deadline: settings.deadline,
        idle: settings.download_idle,
        longest: settings.download_longest,
        every: settings.download_check,
    };
    let receiving = Receiving {
        gate: Arc::clone(&gate),
        mail: Arc::clone(&mail),
        uploads: Downloads::new(settings.uploads_per_grant),
        most: settings.max_upload,
        idle: settings.download_idle,
        longest: settings.download_longest,
        metadata: settings.resource_metadata(),
    };
    let asking = Asking { gate: Arc::clone(&gate), settings: Arc::new(settings.clone()) };
    let files = files::routes(files, receiving, asking);
    let server = Server::new(mail, Arc::clone(&gate), random, &settings);
    mount(server, files, downloads, gate, settings)
}

/// The same around any server of the protocol: every check of a request is here, none in the server. The
/// routes of `files` see only what host and origin let through.
pub(crate) fn mount(
    server: impl ServerHandler + Clone,
    files: Router,
    downloads: Downloads,
    gate: Arc<dyn Gate>,
    settings: Settings,
) -> (Router, Closer) {
    let sessions = Arc::new(Sessions::new(Arc::clone(&gate), &settings));
    // host and origin are checked further out, where a token is not looked at yet
    let config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(settings.max_body);
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions.manager(), config);
    let settings = Arc::new(settings);
    let closer = Closer { sessions: Arc::clone(&sessions), downloads };
    let asking = Asking { gate, settings: Arc::clone(&settings) };
    let checking = Checking { sessions, settings: Arc::clone(&settings) };
    let routes = Router::new()
        .route_service("/mcp", service)
        .layer(from_fn_with_state(checking, authorize::check))
        .layer(from_fn_with_state(asking, authenticate::check))
        .merge(files)
        .layer(from_fn_with_state(Arc::clone(&settings), origin::check))
        .merge(metadata::routes(&settings));
    (routes, closer)
}

//! The same server over stdin and stdout, for one local person.
//!
//! Nothing but MCP is ever written to stdout. Process isolation is the door, so no bearer is asked for; who the
//! person is and what they may is asked again for each request.

use std::sync::Arc;

use domain::{Principal, Random};
use rmcp::ServiceExt as _;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    gate::{Boxed, Gate, Refusal},
    mail::Mail,
    server::Server,
    settings::Settings,
};

/// Who the local person is just now, from the live grant. Asked for each request; a refusal refuses the request.
pub type Who = Arc<dyn Fn() -> Boxed<'static, Result<Arc<Principal>, Refusal>> + Send + Sync>;

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client did not open the conversation as the protocol says.
    #[error("the client did not start an MCP session")]
    Handshake(#[source] Box<rmcp::service::ServerInitializeError>),
    /// The task that serves it ended badly.
    #[error("serving over stdio ended unexpectedly")]
    Task(#[source] tokio::task::JoinError),
}

/// Serves the process's stdin and stdout until the client closes them.
pub async fn serve_stdio(
    mail: Arc<dyn Mail>,
    gate: Arc<dyn Gate>,
    random: Arc<dyn Random>,
    who: Who,
    settings: &Settings,
) -> Result<(), Error> {
    let (reader, writer) = rmcp::transport::io::stdio();
    serve_stream(mail, gate, random, who, settings, reader, writer).await
}

/// Serves any pair of streams, one JSON-RPC message a line, until the reader ends.
pub async fn serve_stream(
    mail: Arc<dyn Mail>,
    gate: Arc<dyn Gate>,
    random: Arc<dyn Random>,
    who: Who,
    settings: &Settings,
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), Error> {
    let server = Server::new(mail, gate, random, settings).of(who, settings);
    let service = match server.serve((reader, writer)).await {
        Ok(service) => service,
        // a client that leaves before it said anything is no fault
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(Error::Handshake(Box::new(error))),
    };
    service.waiting().await.map(drop).map_err(Error::Task)
}

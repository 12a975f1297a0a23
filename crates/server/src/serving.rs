//! The hosted server from its first to its last second: bind, announce, serve, stop.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use access::Access;
use axum::{Router, middleware::from_fn_with_state};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tower_http::limit::RequestBodyLimitLayer;

use crate::{
    about::{About, Works},
    authority::Stored,
    background,
    config::{Config, LogFormat, PublicUrl},
    connections::{self, Bounds},
    envelope::{self, Envelope, Running},
    error::{Error, Result},
    gate::Gate,
    metrics::Metrics,
    operations::{self, Operations},
    signals::Signals,
    terminal::say,
    wire,
};

/// Octets of a request's body.
const MAX_BODY: usize = 32 << 20;

/// How long running calls may take to finish once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long connections without running calls get to close, and the last writes to end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Serves until the process is asked to stop.
pub(crate) async fn run(config: &Config) -> Result<()> {
    // before anything is announced, so that a signal which comes then is not lost
    let mut signals = Signals::new()?;
    let store = wire::open_store(config).await?;
    let outgoing = wire::outgoing(config, false);
    outgoing.check_own_authorities()?;
    let listener = bind(config.network.listen).await?;
    let bound = listener.local_addr().map_err(|source| bind_error(config.network.listen, source))?;
    let public_url = config.network.public_url(bound);
    let access = wire::hosted_access(config, &store, &public_url, &outgoing);
    let engine = wire::sending_engine(config, &store, outgoing, Some(&public_url));
    let metrics = Arc::new(Metrics::default());
    let stopping = CancellationToken::new();
    let running = Running::default();
    let operations = Operations {
        store: store.clone(),
        metrics: Arc::clone(&metrics),
        metrics_token: config.operations.metrics_token.clone(),
        stopping: stopping.clone(),
        running: running.clone(),
    };
    let envelope = Arc::new(Envelope {
        metrics: Arc::clone(&metrics),
        random: Arc::new(wire::SystemRandom),
        trusted_proxies: config.network.trusted_proxies.clone().unwrap_or_default(),
        is_https: public_url.is_https(),
        stopping: stopping.clone(),
        running: running.clone(),
    });
    let gate = Gate::new(access.clone(), metrics);
    let (mcp_routes, closer) = wire::mcp_router(config, &public_url, engine.clone(), gate)?;
    let works = Works::default();
    let about = About::new(config, &public_url, works.clone());
    let pages = wire::page_router(config, &public_url, &access, engine.clone(), about)?;
    let doors = operations::routes(operations.clone()).merge(mcp_routes).merge(pages);
    let mut servers = vec![serve(listener, doors, &envelope, &stopping)];
    if let Some(address) = config.operations.metrics_listen {
        let listener = bind(address).await?;
        servers.push(serve(listener, operations::metrics_routes(operations), &envelope, &stopping));
    }
    let sweeper = background::sweep_sessions(access.clone(), closer.clone(), works.clone());
    let forgetter = background::forget_what_is_over(access.clone(), works.clone());
    let remover = background::remove_who_goes(access.clone(), engine.clone(), works);
    let teller = background::tell_people(engine.clone(), access.clone());
    let authority = Stored { access: access.clone(), ceiling: wire::ceiling(config) };
    let sender = background::Sender::start(engine.clone(), Arc::new(authority));
    announce(config, &access, bound, &public_url).await;

    signals.next().await;
    tracing::info!(running = running.count(), "stopping");
    stopping.cancel();
    tokio::select! {
        done = timeout(GRACE, running.wait_until_none()) => {
            if done.is_err() {
                tracing::warn!(running = running.count(), "calls did not finish in time");
            }
        }
        () = signals.next() => tracing::warn!("stopping at once"),
    }
    if timeout(GRACE, closer.end_downloads()).await.is_err() {
        tracing::error!("the last downloads could not be put on record");
    }
    let deadline = Instant::now() + LAST_WORDS;
    for mut server in servers {
        if timeout_at(deadline, &mut server).await.is_err() {
            server.abort();
        }
    }
    sweeper.abort();
    forgetter.abort();
    remover.abort();
    teller.abort();
    sender.stop().await;
    engine.close();
    if timeout(GRACE, access.flush()).await.is_err() {
        tracing::error!("the last audit rows could not be written");
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| bind_error(address, source))
}

fn bind_error(address: SocketAddr, source: io::Error) -> Error {
    Error::Bind { address: address.to_string(), source }
}

fn serve(
    listener: TcpListener,
    routes: Router,
    envelope: &Arc<Envelope>,
    stopping: &CancellationToken,
) -> JoinHandle<()> {
    let routes = routes
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(envelope), envelope::wrap));
    tokio::spawn(connections::serve(listener, routes, Bounds::default(), stopping.clone()))
}

/// Tells where it listens and what to do next; the last line says that it is ready.
async fn announce(config: &Config, access: &Access, bound: SocketAddr, public_url: &PublicUrl) {
    let data = config.data_directory().map(|path| path.display().to_string()).unwrap_or_default();
    let url = public_url.as_str();
    let code = access.setup_code().await.unwrap_or_else(|error| {
        tracing::error!(%error, "no link to set up the server by");
        None
    });
    // it is of use once, and this is how the operator learns of it
    let setup_link = code.map(|code| format!("{url}/setup?code={}", code.expose()));
    if config.operations.log_format == LogFormat::Json {
        tracing::info!(data_dir = data, public_url = url, setup_link, "listening on http://{bound}");
        return;
    }
    say(format_args!("postroom {}, data in {data}", env!("CARGO_PKG_VERSION")));
    say(format_args!("MCP clients connect to {url}/mcp"));
    if let Some(link) = setup_link {
        say("there is no user yet; open this link to become the first one:");
        say(format_args!("  {link}"));
    } else {
        say(format_args!("people sign in at {url}"));
    }
    say(format_args!("listening on http://{bound}"));
}

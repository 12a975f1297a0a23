//! `postroom stdio`: MCP over stdin and stdout for one local person. Nothing else is written to stdout.

use std::sync::Arc;

use access::{Access, Ceiling};
use domain::Scope;
use mcp::{Boxed, Refusal, Who};
use net::Outgoing;

use crate::{
    authority::{Own, Stored},
    background::Sender,
    config::Config,
    error::{Error, Result},
    signals::Signals,
    wire,
};

/// Serves the account of the environment (IMAP_HOST, IMAP_USERNAME, IMAP_PASSWORD, …), or the stored accounts of
/// a user.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Serve the stored accounts of this user instead of the environment's
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Within the limits of this token of the user
    #[arg(long, value_name = "LABEL", requires = "user")]
    grant: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<()> {
    let mut signals = Signals::new()?;
    // the person's own program on their own machine: private hosts are theirs too
    let outgoing = wire::outgoing(config, true);
    outgoing.check_own_authorities()?;
    let Some(user) = &arguments.user else {
        return serve_environment(config, outgoing, &mut signals).await;
    };
    let store = wire::open_store(config).await?;
    let access = wire::access(config, &store);
    let ceiling = wire::ceiling(config);
    // what cannot be served at all is told here, not to the client
    access.stdio_principal(user, arguments.grant.as_deref(), ceiling).await?;
    let who = live(access.clone(), user.clone(), arguments.grant.clone(), ceiling);
    let engine = wire::sending_engine(config, &store, outgoing, config.network.public_url.as_ref());
    let sender = Sender::start(engine.clone(), Arc::new(Stored { access: access.clone(), ceiling }));
    let served = tokio::select! {
        served = wire::serve_stdio(config, engine.clone(), access.clone(), who) => served,
        () = signals.next() => Ok(()),
    };
    sender.stop().await;
    engine.close();
    access.flush().await;
    store.close().await;
    served
}

/// Serves the account of the environment. Only where mail may leave anything is kept: what is on its way.
async fn serve_environment(config: &Config, outgoing: Outgoing, signals: &mut Signals) -> Result<()> {
    let account = config.environment_account()?.ok_or_else(|| {
        Error::setting(
            "there is no account to serve",
            "Set IMAP_HOST, IMAP_USERNAME and IMAP_PASSWORD (or IMAP_PASSWORD_FILE), or name a user of the data \
             directory with `--user NAME`.",
        )
    })?;
    let sends = account.settings.smtp.is_some() && config.agents.scopes.has(Scope::Send);
    let (access, principal) = wire::carried(config, account);
    let principal = Arc::new(principal);
    let store = if sends { Some(wire::open_store(config).await?) } else { None };
    let (engine, sender) = match &store {
        Some(store) => {
            let engine = wire::sending_engine(config, store, outgoing, None);
            let sender = Sender::start(engine.clone(), Arc::new(Own(Arc::clone(&principal))));
            (engine, Some(sender))
        }
        None => (wire::engine_without_store(outgoing), None),
    };
    let who: Who = Arc::new(move || {
        let principal = Arc::clone(&principal);
        Box::pin(async move { Ok(principal) })
    });
    let served = tokio::select! {
        served = wire::serve_stdio(config, engine.clone(), access, who) => served,
        () = signals.next() => Ok(()),
    };
    if let Some(sender) = sender {
        sender.stop().await;
    }
    engine.close();
    if let Some(store) = store {
        store.close().await;
    }
    served
}

/// The user under the grant as both are when a request comes: accounts, scopes and limits that were changed
/// hold at once, and so does the end of either.
fn live(access: Access, user: String, label: Option<String>, ceiling: Ceiling) -> Who {
    let person = Arc::new((access, user, label));
    Arc::new(move || -> Boxed<'static, _> {
        let person = Arc::clone(&person);
        Box::pin(async move {
            let (access, user, label) = &*person;
            access.stdio_principal(user, label.as_deref(), ceiling).await.map(Arc::new).map_err(|error| {
                tracing::warn!(%error, "a request was refused");
                if matches!(error, access::Error::Storage(_)) {
                    Refusal::Unavailable
                } else {
                    Refusal::Invalid
                }
            })
        })
    })
}

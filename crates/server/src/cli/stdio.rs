//! `postroom stdio`: MCP over stdin and stdout for one local person. Nothing else is written to stdout.

use std::time::Duration;

use access::Access;
use domain::Scopes;
use tokio::time::sleep;

use crate::{
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

/// How often it is looked whether the person may still use it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<()> {
    let mut signals = Signals::new()?;
    // the person's own program on their own machine: private hosts are theirs too
    let outgoing = wire::outgoing(config, true);
    outgoing.check_own_authorities()?;
    let Some(user) = &arguments.user else {
        let account = config.environment_account()?.ok_or_else(|| {
            Error::setting(
                "there is no account to serve",
                "Set IMAP_HOST, IMAP_USERNAME and IMAP_PASSWORD (or IMAP_PASSWORD_FILE), or name a user of the data \
                 directory with `--user NAME`.",
            )
        })?;
        let (access, principal) = wire::carried(config, account);
        let engine = wire::engine_without_store(outgoing);
        let served = tokio::select! {
            served = wire::serve_stdio(config, engine.clone(), access, principal) => served,
            () = signals.next() => Ok(()),
        };
        engine.close();
        return served;
    };
    let store = wire::open_store(config).await?;
    let access = wire::access(&store);
    let label = arguments.grant.as_deref();
    let principal = access.stdio_principal(user, label, config.agents.scopes).await?;
    let engine = wire::engine(&store, outgoing);
    let served = tokio::select! {
        served = wire::serve_stdio(config, engine.clone(), access.clone(), principal) => served,
        ended = wait_until_ended(&access, user, label, config.agents.scopes) => Err(ended.into()),
        () = signals.next() => Ok(()),
    };
    engine.close();
    access.flush().await;
    store.close().await;
    served
}

/// Waits until the user is disabled, or the grant revoked or expired meanwhile.
async fn wait_until_ended(
    access: &Access,
    user: &str,
    label: Option<&str>,
    ceiling: Scopes,
) -> access::Error {
    loop {
        sleep(LOOK_EVERY).await;
        match access.stdio_principal(user, label, ceiling).await {
            Ok(_) => {}
            // nobody was told to go; each call finds out by itself whether the database answers
            Err(access::Error::Storage(error)) => tracing::warn!(%error, "the grant was not checked"),
            Err(ended) => return ended,
        }
    }
}

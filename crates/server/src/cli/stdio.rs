//! `postroom stdio`: MCP over stdin and stdout for one local person. Nothing else is written to stdout.

use crate::{
    config::Config,
    error::{Error, Result},
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
        let served = wire::serve_stdio(config, engine.clone(), access, principal).await;
        engine.close();
        return served;
    };
    let store = wire::open_store(config).await?;
    let access = wire::access(&store);
    let principal = access.stdio_principal(user, arguments.grant.as_deref(), config.agents.scopes).await?;
    let engine = wire::engine(&store, outgoing);
    let served = wire::serve_stdio(config, engine.clone(), access.clone(), principal).await;
    engine.close();
    access.flush().await;
    store.close().await;
    served
}

//! `postroom serve`: the hosted server, on all cores.

use crate::{
    config::Config,
    error::{Error, Result},
    serving,
};

pub(super) fn run(config: &Config) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Io { what: "the program cannot be started", source })?;
    let done = runtime.block_on(serving::run(config));
    runtime.shutdown_background();
    done
}

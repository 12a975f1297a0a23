//! Log lines to stderr, as text or JSON, by the operator's filter.
//!
//! Our own rooms keep content out of their events; other crates do not promise that, so of theirs only
//! warnings are shown, whatever the filter says, and of the MCP library only faults.

use std::panic::PanicHookInfo;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{LogFormat, Operations, is_color_unwanted},
    error::{Error, Result},
};

/// Starts logging for the rest of the process.
pub(crate) fn start(settings: &Operations) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|_| {
        Error::setting(
            "`POSTROOM_LOG` is not a filter",
            "Write `error`, `warn`, `info`, `debug` or `trace`, or levels by room: `info,postroom_mail=debug`.",
        )
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.log_format {
        LogFormat::Text => registry.with(lines(fmt::layer().with_ansi(shows_colors()))).try_init(),
        LogFormat::Json => registry.with(lines(fmt::layer().json().flatten_event(true))).try_init(),
    };
    started.map_err(|_| Error::setting("logging was started twice", ""))?;
    std::panic::set_hook(Box::new(note_panic));
    Ok(())
}

fn lines<S, N, F>(layer: fmt::Layer<S, N, F>) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> fmt::FormatFields<'writer> + 'static,
    F: fmt::FormatEvent<S, N> + 'static,
    fmt::Layer<S, N, F, fn() -> std::io::Stderr>: Layer<S>,
{
    layer.with_writer(std::io::stderr as fn() -> std::io::Stderr).with_filter(filter_fn(is_shown))
}

fn is_shown(event: &Metadata<'_>) -> bool {
    let target = event.target();
    if target.starts_with("postroom") {
        true
    } else if target.starts_with("rmcp") {
        // the rest of its errors are clients that went away
        *event.level() == Level::ERROR && target.starts_with("rmcp::transport::common")
    } else {
        *event.level() <= Level::WARN
    }
}

fn shows_colors() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr()) && !is_color_unwanted()
}

/// Notes where it happened, but not the message: that may quote what was being worked on.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "a fault in the program itself");
}

//! Where log lines go: to stderr, as text or JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Loaded, LogFormat, Origin};

/// Starts logging for a one-shot command: nothing unless somebody asked, since what went wrong is its result.
pub(super) fn start_quiet(loaded: &Loaded) {
    let asked = *loaded.origin("log.filter") != Origin::Default;
    start(loaded.config.log.format, if asked { &loaded.config.log.filter } else { "off" });
}

/// Starts logging with this filter; the configuration has checked it.
pub(super) fn start(format: LogFormat, filter: &str) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // Fails when logging was started already, and then the lines have a place to go.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

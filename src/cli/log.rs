//! Where log lines go: to stderr, as text or JSON.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Loaded, LogFormat, Origin};

/// Starts logging for a one-shot command: nothing unless somebody asked, since what went wrong is its result.
pub(super) fn start_quiet(loaded: &Loaded) {
    let asked = *loaded.origin("log.filter") != Origin::Default;
    start(loaded.config.log.format, if asked { &loaded.config.log.filter } else { "off" });
}

/// Starts logging with this filter; the configuration has checked it.
pub(super) fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::new(filter);
    let messages = without_messages(filter.max_level_hint());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // Fails when logging was started already, and then the lines have a place to go.
    let _ = match format {
        LogFormat::Text => builder.finish().with(messages).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().with(messages).try_init(),
    };
}

/// Whatever the filter says, the websocket library does not log the messages that it reads and writes: the first one of
/// a socket carries a token.
fn without_messages(most: Option<LevelFilter>) -> FilterFn {
    let kept: fn(&Metadata<'_>) -> bool =
        |line| *line.level() < Level::TRACE || !line.target().starts_with("tungstenite");
    filter_fn(kept).with_max_level_hint(most.unwrap_or(LevelFilter::TRACE))
}

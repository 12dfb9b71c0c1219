//! Where log lines go: to stderr, as text or JSON.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{Loaded, LogFormat, Origin, log_targets};

/// Starts logging for a one-shot command: nothing unless somebody asked, since what went wrong is its result.
pub(super) fn start_quiet(loaded: &Loaded) {
    let asked = *loaded.origin("log.filter") != Origin::Default;
    start(loaded.config.log.format, if asked { &loaded.config.log.filter } else { "off" });
}

/// Starts logging with this filter; the configuration has checked it.
pub(super) fn start(format: LogFormat, filter: &str) {
    // By target alone: what looks at the spans around a line has work to do each time that one of them is entered.
    let targets = log_targets(filter).expect("the configuration has checked the filter");
    let messages = without_messages(Layer::<Registry>::max_level_hint(&targets));
    let kept = tracing_subscriber::registry().with(targets).with(messages);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // Fails when logging was started already, and then the lines have a place to go.
    let _ = match format {
        LogFormat::Text => kept.with(lines).try_init(),
        LogFormat::Json => kept.with(lines.json().flatten_event(true)).try_init(),
    };
}

/// Whatever the filter says, the websocket library does not log the messages that it reads and writes: the first one of
/// a socket carries a token.
fn without_messages(most: Option<LevelFilter>) -> FilterFn {
    let kept: fn(&Metadata<'_>) -> bool =
        |line| *line.level() < Level::TRACE || !line.target().starts_with("tungstenite");
    filter_fn(kept).with_max_level_hint(most.unwrap_or(LevelFilter::TRACE))
}

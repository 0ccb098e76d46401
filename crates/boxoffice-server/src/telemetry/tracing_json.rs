//! What the program says of itself: JSON lines, into the same log as the access lines.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use super::LogSink;
use crate::config::LogLevel;

/// Makes the subscriber that writes events to the log. Whoever starts the program makes it the global one.
#[must_use]
pub fn subscriber(sink: &LogSink, level: LogLevel) -> impl tracing::Subscriber + Send + Sync + 'static {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Libraries know addresses and headers that we never log (operations.md, section 6): they are heard when something
    // is wrong, and not while it is well.
    let said = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("boxoffice", level);
    let sink = sink.clone();
    let written = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level)
        .with_writer(move || sink.clone())
        .finish();
    written.with(said)
}

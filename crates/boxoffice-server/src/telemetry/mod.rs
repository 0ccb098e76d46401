//! What operators are told: logs, and metrics.

mod access_log;
mod log_sink;
mod metrics;
mod thread_group;
mod tracing_json;

pub use access_log::{AccessLine, AccessLog};
pub use log_sink::LogSink;
pub use metrics::Metrics;
pub use tracing_json::subscriber;

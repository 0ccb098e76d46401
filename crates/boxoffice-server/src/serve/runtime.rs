//! The runtime that the service is made for.

use tokio::runtime::Builder;

use crate::app::Overload;

/// After so many polls a thread looks whom other threads have woken: those whose licences are written and may leave. By
/// itself it looks so rarely that in an overload they wait behind hundreds who are only refused.
const LOOKS_AT_OTHERS: u32 = 2;

/// A runtime of as many threads as processors, for a service that is started with the same `overload`.
#[must_use]
pub fn runtime(overload: &Overload) -> Builder {
    let overload = overload.clone();
    let mut runtime = Builder::new_multi_thread();
    runtime.global_queue_interval(LOOKS_AT_OTHERS).on_thread_park(move || overload.rest());
    runtime
}

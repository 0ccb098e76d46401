//! The time to the first answer, and memory at rest.

use super::Bench;
use super::service::Service;
use crate::chore::{Failure, say};

/// Starts the service on an empty data directory, and then as often as there are rounds on what it made.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let first = Service::start(bench)?;
    say(&format!(
        "first start, to the first answer: {:.2} s (5 s at most)",
        first.first_answer.as_secs_f64()
    ));
    drop(first);
    let mut times = Vec::with_capacity(bench.rounds);
    let mut memory = 0.0_f64;
    for _ in 0..bench.rounds {
        let service = Service::start(bench)?;
        times.push(service.first_answer);
        memory = memory.max(service.process.memory("VmRSS")?);
    }
    times.sort();
    let milliseconds = |at: usize| times.get(at).map_or(0, std::time::Duration::as_millis);
    say(&format!(
        "further starts: {} ms ({} to {}; 300 at most); memory at rest {memory:.0} MiB (40 at most)",
        milliseconds(times.len() / 2),
        milliseconds(0),
        milliseconds(times.len() - 1),
    ));
    Ok(())
}

//! Token requests against a handler that returns a constant of the same length.

use super::ratios::{Round, report};
use super::service::Service;
use super::wrk::Clients;
use super::{Bench, baseline, http, wrk};
use crate::chore::{Failure, say};

/// Loads both in turn.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let target = service.token_target();
    let answer = http::ask(service.address, "GET", &target, b"")?;
    let (_baseline, constant) = baseline::start(answer.len(), "text/uri-list")?;
    let mut rounds = Vec::with_capacity(bench.rounds);
    for _ in 0..bench.rounds {
        let baseline = wrk::load(constant, &target, None, (Clients::Many, bench.seconds))?;
        let service = wrk::load(service.address, &target, None, (Clients::Many, bench.seconds))?;
        rounds.push(Round { service: service.a_second(), baseline: baseline.a_second() });
    }
    report("token request", "requests a second", &rounds, 0.85);
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

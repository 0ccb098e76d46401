//! Reads by KID, each with its audit record on stable storage before the key leaves, against a handler that returns
//! a constant of the same length.

use super::super::ratios::{Round, report};
use super::super::service::Service;
use super::super::wrk::Clients;
use super::super::{Bench, baseline, http, wrk};
use super::keys::Keys;
use crate::chore::{Failure, say};

/// How many keys there are.
const KEYS: u64 = 10_000;

/// Loads both in turn.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let keys = Keys::write(bench.directory.path(), KEYS)?;
    service.import(&keys.file)?.finish()?;
    let target = format!("/keystore/keys/{}?customerAuthenticator={}", keys.first()?, service.authenticator);
    let answer = http::ask(service.address, "GET", &target, b"")?;
    let script = keys.reading_script(&service.authenticator)?;
    let (_baseline, constant) = baseline::start(answer.len(), "application/json")?;
    let mut rounds = Vec::with_capacity(bench.rounds);
    for _ in 0..bench.rounds {
        let baseline = wrk::load(constant, "/", Some(&script), (Clients::Many, bench.seconds))?;
        let service = wrk::load(service.address, "/", Some(&script), (Clients::Many, bench.seconds))?;
        rounds.push(Round { service: service.a_second(), baseline: baseline.a_second() });
    }
    report("key storage, read with its durable record", "requests a second", &rounds, 0.50);
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

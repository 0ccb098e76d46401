//! Clear Key redemptions, each with its durable record and debit, against a handler that returns a constant of the same
//! length. There is no cryptography to hide behind: this is the measure of the books.

use std::fs;
use std::path::PathBuf;

use drm_primitives::Kid;

use super::ratios::{Round, report};
use super::service::Service;
use super::wrk::Clients;
use super::{Bench, baseline, http, wrk};
use crate::chore::{Failure, say};

/// Loads both in turn.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let url = String::from_utf8(http::ask(service.address, "GET", &service.clearkey_token_target(), b"")?)?;
    let target =
        url.find("/hms/").and_then(|at| url.get(at..)).ok_or("the token request gave no such URL")?;
    let (script, length) = write_request(bench, &service, target)?;
    let (_baseline, constant) = baseline::start(length, "application/json")?;
    let mut rounds = Vec::with_capacity(bench.rounds);
    for _ in 0..bench.rounds {
        let baseline = wrk::load(constant, target, Some(&script), (Clients::Many, bench.seconds))?;
        let service = wrk::load(service.address, target, Some(&script), (Clients::Many, bench.seconds))?;
        rounds.push(Round { service: service.a_second(), baseline: baseline.a_second() });
    }
    report("Clear Key redemption, record durable", "licences a second", &rounds, 0.50);
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

/// Writes the request into a file, and the script that sends it; gives the length of its answer too.
fn write_request(bench: &Bench<'_>, service: &Service, target: &str) -> Result<(PathBuf, usize), Failure> {
    let kid = Kid::parse(b"80ea8bc8a58f990ad1f76bc665b30bfa")?;
    let request = clearkey::lab_client::request(&[kid]);
    let answer = http::ask(service.address, "POST", target, &request)?;
    clearkey::lab_client::accept(&answer, &[kid])?;
    let directory = bench.directory.path().join("clearkey");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("1"), &request)?;
    Ok((wrk::replay(&directory, 1)?, answer.len()))
}

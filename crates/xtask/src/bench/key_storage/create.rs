//! Creates, each on stable storage with its audit record before it is acknowledged, against one row a transaction
//! and, where the disk is so quick that this says nothing, against a handler that returns a constant.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::ratios::{Round, median, report};
use super::super::service::Service;
use super::super::wrk::Clients;
use super::super::{Bench, baseline, wrk};
use super::keys::creating_script;
use super::one_row;
use crate::chore::{Failure, say};

/// What is asked for of one row a transaction, and of the constant.
const OF_ONE_ROW: f64 = 10.0;
const OF_CONSTANT: f64 = 0.30;

/// About the length of an answer.
const LENGTH: usize = 150;

/// How often an fsync is measured.
const SYNCS: usize = 200;

/// Loads all three in turn.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let directory = bench.directory.path();
    say(&format!("one fsync of 4 KiB on this disk: {} µs (median)", fsync(directory)?.as_micros()));
    let service = Service::start(bench)?;
    let (_constant, constant) = baseline::start(LENGTH, "application/json")?;
    let (_one_row, one_row) = one_row::start(directory, LENGTH)?;
    let (mut of_one_row, mut of_constant) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        let script = creating_script(directory, &service.authenticator, round)?;
        let load = |address| wrk::load(address, "/", Some(&script), (Clients::Many, bench.seconds));
        let (constant, one_row) = (load(constant)?.a_second(), load(one_row)?.a_second());
        let service = load(service.address)?.a_second();
        of_one_row.push(Round { service, baseline: one_row });
        of_constant.push(Round { service, baseline: constant });
    }
    let middle = |rounds: &[Round]| median(rounds.iter().map(|round| round.baseline));
    let by_constant = OF_CONSTANT * middle(&of_constant) < OF_ONE_ROW * middle(&of_one_row);
    let (unit, what) = ("requests a second", "key storage, durable create");
    if by_constant {
        let ratio = median(of_one_row.iter().map(|round| round.service / round.baseline));
        say(&format!("{what}: {ratio:.1} times one row a transaction; here the constant is what counts:"));
        report(what, unit, &of_constant, OF_CONSTANT);
    } else {
        let ratio = median(of_constant.iter().map(|round| round.service / round.baseline));
        say(&format!(
            "{what}: {ratio:.2} of the constant handler; here one row a transaction is what counts:"
        ));
        report(what, unit, &of_one_row, OF_ONE_ROW);
    }
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

/// What it costs to bring a page to stable storage.
fn fsync(directory: &Path) -> Result<Duration, Failure> {
    let mut file = File::create(directory.join("fsync"))?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times.get(SYNCS / 2).copied().unwrap_or_default())
}

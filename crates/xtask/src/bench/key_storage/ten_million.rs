//! Ten million keys: how long the import takes and in how much memory, and what look-ups and creates cost then,
//! beside a service with ten thousand.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::ratios::median;
use super::super::service::{Importing, Service};
use super::super::{Bench, http, wrk};
use super::keys::{Keys, creating_script};
use crate::chore::{Failure, say};

const FEW: u64 = 10_000;
const MANY: u64 = 10_000_000;

/// Clients at once: so few that none waits for another.
const CLIENTS: u32 = 4;

/// What is asked for.
const TIMES: f64 = 1.5;
const MINUTES: u64 = 30;

/// How often the import's memory is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Imports, and then loads both services in turn.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let directory = bench.directory.path();
    let (few, few_keys) = filled(bench, directory, FEW)?;
    let (many, many_keys) = filled(bench, directory, MANY)?;
    let reading = [&few_keys, &many_keys]
        .into_iter()
        .zip([&few, &many])
        .map(|(keys, service)| keys.reading_script(&service.authenticator))
        .collect::<Result<Vec<_>, _>>()?;
    compare(bench, "look-ups", &few, &many, |service, at, _| {
        let script = reading.get(at).ok_or("no such script")?;
        wrk::percentile_99(service.address, script, CLIENTS, bench.seconds)
    })?;
    compare(bench, "creates", &few, &many, |service, at, round| {
        let script = creating_script(directory, &service.authenticator, 2 * round + at)?;
        wrk::percentile_99(service.address, &script, CLIENTS, bench.seconds)
    })?;
    compare(bench, "counts", &few, &many, |service, _, _| {
        let target = format!("/keystore/keycount?customerAuthenticator={}", service.authenticator);
        let begun = Instant::now();
        http::ask(service.address, "GET", &target, b"")?;
        Ok(begun.elapsed())
    })
}

/// A service with so many keys.
fn filled(bench: &Bench<'_>, directory: &Path, count: u64) -> Result<(Service, Keys), Failure> {
    let service = Service::start_in(bench, &format!("data-{count}"))?;
    let keys = Keys::write(directory, count)?;
    let begun = Instant::now();
    let memory = watch(service.import(&keys.file)?)?;
    let took = begun.elapsed();
    std::fs::remove_file(&keys.file)?;
    #[expect(clippy::cast_precision_loss, reason = "far below what a float holds exactly")]
    let a_second = count as f64 / took.as_secs_f64();
    let verdict = if took < Duration::from_secs(60 * MINUTES) { "reached" } else { "NOT REACHED" };
    say(&format!(
        "import of {count} keys: {:.1} min ({MINUTES} at most: {verdict}), {a_second:.0} a second",
        took.as_secs_f64() / 60.0
    ));
    let at = |part: usize| memory.get(memory.len() * part / 10).copied().unwrap_or_default();
    let peak = memory.iter().copied().fold(0.0, f64::max);
    say(&format!(
        "  resident memory of the import: {:.0} MiB after a tenth, {:.0} MiB half way, {peak:.0} MiB at most; \
         of the service: {:.0} MiB at most",
        at(1),
        at(5),
        service.process.memory("VmHWM")?
    ));
    Ok((service, keys))
}

/// The import's memory from time to time, until it ends.
#[expect(clippy::disallowed_methods, reason = "a program's memory announces no changes: it is looked at")]
fn watch(mut import: Importing) -> Result<Vec<f64>, Failure> {
    let mut memory = Vec::new();
    while !import.has_ended()? {
        // A program that has just ended has none any more.
        memory.extend(import.memory().ok());
        std::thread::sleep(LOOK.min(Duration::from_millis(100 * (memory.len() as u64 + 1))));
    }
    import.finish()?;
    Ok(memory)
}

/// Measures both in turn, and prints the ratio of what is measured.
fn compare(
    bench: &Bench<'_>,
    what: &str,
    few: &Service,
    many: &Service,
    measure: impl Fn(&Service, usize, usize) -> Result<Duration, Failure>,
) -> Result<(), Failure> {
    let mut pairs = Vec::with_capacity(bench.rounds);
    for round in 0..bench.rounds {
        pairs.push((measure(few, 0, round)?.as_secs_f64(), measure(many, 1, round)?.as_secs_f64()));
    }
    let ratio = median(pairs.iter().map(|(few, many)| many / few));
    let verdict = if ratio <= TIMES { "reached" } else { "NOT REACHED" };
    let microseconds = |seconds: f64| seconds * 1e6;
    say(&format!(
        "p99 of {what} at {MANY} keys: {ratio:.2} times that at {FEW} ({TIMES} at most: {verdict}); \
         {:.0} against {:.0} µs, {CLIENTS} clients",
        microseconds(median(pairs.iter().map(|pair| pair.1))),
        microseconds(median(pairs.iter().map(|pair| pair.0))),
    ));
    Ok(())
}

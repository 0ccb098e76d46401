//! Ten times the load that the service can carry: what is completed all the same, how those who are turned away are
//! told, and how long those wait who are let in (design.md, section 3).

use std::sync::Arc;
use std::time::Duration;

use super::open_loop::{self, Load, Outcome};
use super::service::Service;
use super::wrk::Clients;
use super::{Bench, http, widevine, wrk};
use crate::chore::{Failure, say};

/// How long the overload goes on.
const SECONDS: u64 = 20;

/// Licences are Widevine's, in privacy mode: most of a licence's price is RSA, as it is in earnest.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let url = String::from_utf8(http::ask(service.address, "GET", &service.token_target(), b"")?)?;
    let target =
        url.find("/hms/").and_then(|at| url.get(at..)).ok_or("the token request gave no such URL")?;
    let script = widevine::write_challenges(bench, &service, target, "overload", true)?;
    let challenge = std::fs::read(script.with_file_name("1"))?;
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        service.address,
        challenge.len()
    );
    let request: Arc<[u8]> = [head.as_bytes(), &challenge].concat().into();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let load = |a_second: f64, seconds: u64| {
        let request = Arc::clone(&request);
        let load = Load { address: service.address, a_second, duration: Duration::from_secs(seconds) };
        runtime.block_on(open_loop::run(load, request))
    };
    let begun = service.process.cpu_time()?;
    let seconds = bench.seconds.max(5);
    let peak = wrk::load(service.address, target, Some(&script), (Clients::Few, seconds))?.a_second();
    let at_peak = service.process.cpu_time()?;
    let calm = load(0.8 * peak, SECONDS / 2)?;
    let calmed = service.process.cpu_time()?;
    let storm = load(10.0 * peak, SECONDS)?;
    let stormed = service.process.cpu_time()?;
    report(peak, &calm, &storm);
    // The generator takes its part of the processors, ten times as much of them for ten times the load.
    let peak_costs =
        at_peak.saturating_sub(begun).as_secs_f64() / (peak * Duration::from_secs(seconds).as_secs_f64());
    let storm_costs = stormed.saturating_sub(calmed).as_secs_f64() / storm.completed();
    say(&format!(
        "  a licence costs {:.0} µs of the service's processor time at the peak, and {:.0} µs with all who are turned \
         away beside it: without the generator on the same processors {:.2} of the peak would be completed",
        peak_costs * 1e6,
        storm_costs * 1e6,
        peak_costs / storm_costs,
    ));
    Ok(())
}

fn report(peak: f64, calm: &Outcome, storm: &Outcome) {
    let verdict = |reached: bool| if reached { "reached" } else { "NOT REACHED" };
    let goodput = storm.completed_a_second() / peak;
    say(&format!(
        "overload: {goodput:.2} of the peak of {peak:.0} licences a second completed (at least 0.90: {}); {:.0} a second came",
        verdict(goodput >= 0.90),
        storm.came_a_second(),
    ));
    say(&format!(
        "  turned away: {}, of which {} were not told when to come back (none: {}); other answers: {}",
        storm.refused,
        storm.refused_without_retry,
        verdict(storm.refused_without_retry == 0),
        storm.other,
    ));
    let (then, now) = (calm.p99(), storm.p99());
    let ratio = now.as_secs_f64() / then.as_secs_f64();
    say(&format!(
        "  p99 of what was let in: {:.1} ms, against {:.1} ms at 80 % of the peak: {ratio:.1} times (at most 3: {})",
        now.as_secs_f64() * 1_000.0,
        then.as_secs_f64() * 1_000.0,
        verdict(ratio <= 3.0),
    ));
}

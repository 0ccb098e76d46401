//! Ten times the load that the service can carry: what is completed all the same, how those are told who are turned
//! away, and how long those wait who are let in (design.md, section 3).
//!
//! Service and generator have processors of their own, as they would have machines of their own.

use std::path::Path;
use std::time::Duration;

use drm_primitives::Kid;

use super::players::{self, Arrivals, Load, Outcome};
use super::processors::Processors;
use super::ratios::median;
use super::service::Service;
use super::{Bench, playready, widevine};
use crate::chore::{Failure, say};

/// How long the overload goes on.
const STORM: Duration = Duration::from_secs(20);

/// After an overload nobody comes for so long: by then the service takes in as many again as before.
const CALM_AGAIN: Duration = Duration::from_secs(2);

/// Players who ask again as soon as they have their answer, for the peak: as many as the service does not tell to come
/// back.
const AT_PEAK: usize = 64;

/// Widevine's licences in privacy mode and `PlayReady`'s: most of their price is public-key cryptography, as it is in
/// earnest.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let processors = Processors::shared_out()?;
    let service = processors.for_service(|| Service::start(bench))?;
    say(&format!(
        "ten times overload: service on {} processors, its load on another",
        processors.of_service()
    ));
    let target = widevine::target(&service)?;
    let script = widevine::write_challenges(bench, &service, &target, "overload", true)?;
    let widevine = requests(&service, &target, &script)?;
    let kids = title()?;
    let target = playready::target(&service, &kids)?;
    let script = playready::write_challenges(bench, &service, &target, &kids)?;
    let playready = requests(&service, &target, &script)?;
    processors.for_load(|| {
        measure_licence("PlayReady, a film of four keys", bench, &service, &playready)?;
        measure_licence("Widevine, privacy mode", bench, &service, &widevine)
    })
}

/// The KIDs of a film as it is packaged for several resolutions: one each for sound, SD, HD and UHD.
fn title() -> Result<Vec<Kid>, Failure> {
    let kid = |number: u8| Kid::parse(format!("80ea8bc8a58f990ad1f76bc665b30bf{number}").as_bytes());
    Ok((0..4).map(kid).collect::<Result<_, _>>()?)
}

/// Whole requests, of the challenges that lie beside a script.
fn requests(service: &Service, target: &str, script: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let mut requests = Vec::new();
    while let Ok(challenge) = std::fs::read(script.with_file_name((requests.len() + 1).to_string())) {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            service.address,
            challenge.len()
        );
        requests.push([head.as_bytes(), &challenge].concat());
    }
    if requests.is_empty() { Err("there are no challenges".into()) } else { Ok(requests) }
}

/// One round of one kind of licence.
struct Measured {
    /// Licences a second at the peak, the higher one of before and after: the machine may change its speed meanwhile.
    peak: f64,
    /// What a licence costs there, in seconds of the service's processor time.
    price: f64,
    calm: Outcome,
    storm: Outcome,
    /// What a licence costs with those beside it who are turned away.
    price_in_storm: f64,
}

impl Measured {
    fn goodput(&self) -> f64 {
        self.storm.completed_a_second() / self.peak
    }

    fn slower(&self) -> f64 {
        self.storm.p99().as_secs_f64() / self.calm.p99().as_secs_f64()
    }
}

/// Measures and reports one kind of licence.
fn measure_licence(
    licence: &str,
    bench: &Bench<'_>,
    service: &Service,
    requests: &[Vec<u8>],
) -> Result<(), Failure> {
    let load = |arrivals, duration| {
        let before = service.process.cpu_time()?;
        let outcome = players::load(Load { address: service.address, requests, arrivals, duration })?;
        let used = service.process.cpu_time()?.saturating_sub(before).as_secs_f64();
        let price = used / outcome.completed();
        Ok::<_, Failure>((outcome, price))
    };
    let at_peak = || load(Arrivals::Answered(AT_PEAK), Duration::from_secs(bench.seconds));
    let mut rounds = Vec::with_capacity(bench.rounds);
    let mut highest: f64 = 0.0;
    for _ in 0..bench.rounds {
        let (before, price_before) = at_peak()?;
        highest = highest.max(before.completed_a_second());
        let (calm, _) = load(Arrivals::Independent(0.8 * before.completed_a_second()), STORM / 2)?;
        let (storm, price_in_storm) = load(Arrivals::Independent(10.0 * highest), STORM)?;
        std::thread::park_timeout(CALM_AGAIN);
        let (after, price_after) = at_peak()?;
        let peak = before.completed_a_second().max(after.completed_a_second());
        highest = highest.max(peak);
        let price = f64::midpoint(price_before, price_after);
        rounds.push(Measured { peak, price, calm, storm, price_in_storm });
    }
    report(licence, &rounds);
    Ok(())
}

fn report(licence: &str, rounds: &[Measured]) {
    let verdict = |reached: bool| if reached { "reached" } else { "NOT REACHED" };
    let of = |value: fn(&Measured) -> f64| median(rounds.iter().map(value));
    let spread = |value: fn(&Measured) -> f64| {
        let least = rounds.iter().map(value).fold(f64::INFINITY, f64::min);
        let most = rounds.iter().map(value).fold(0.0, f64::max);
        (least, most)
    };
    let (goodput, (least, most)) = (of(Measured::goodput), spread(Measured::goodput));
    say(&format!(
        "ten times overload, {licence}: {goodput:.2} ({least:.2} to {most:.2}; at least 0.90: {}) of the peak completed; \
         {:.0} against {:.0} licences a second, and {:.1} times the peak answered",
        verdict(goodput >= 0.90),
        of(|round| round.storm.completed_a_second()),
        of(|round| round.peak),
        of(|round| round.storm.answered_a_second() / round.peak),
    ));
    let total = |value: fn(&Outcome) -> usize| rounds.iter().map(|round| value(&round.storm)).sum::<usize>();
    let untold = total(|storm| storm.refused_without_retry);
    say(&format!(
        "  turned away: {}, of which {untold} were not told when to come back (none: {}); other answers: {}",
        total(|storm| storm.refused),
        verdict(untold == 0),
        total(|storm| storm.other),
    ));
    let milliseconds = 1_000.0;
    let (slower, (least, most)) = (of(Measured::slower), spread(Measured::slower));
    say(&format!(
        "  p99 of those let in: {slower:.1} times ({least:.1} to {most:.1}; at most 3: {}) that at 80 % of the peak; \
         {:.0} against {:.0} ms",
        verdict(slower <= 3.0),
        of(|round| round.storm.p99().as_secs_f64()) * milliseconds,
        of(|round| round.calm.p99().as_secs_f64()) * milliseconds,
    ));
    let microseconds = 1e6;
    say(&format!(
        "  a licence costs {:.0} µs of the service's processor time at the peak, and {:.0} µs with those beside it who are \
         turned away",
        of(|round| round.price) * microseconds,
        of(|round| round.price_in_storm) * microseconds,
    ));
}

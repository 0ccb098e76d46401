//! Ten times the load that the service can carry: what is completed all the same, how those are told who are turned
//! away, and how long those wait who are let in (design.md, section 3).
//!
//! Service and generator have processors of their own, as they would have machines of their own.

mod measured;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use drm_primitives::Kid;

use super::players::{self, Arrivals, CONNECTIONS, Load, Outcome};
use super::process::Process;
use super::processors::Processors;
use super::service::Service;
use super::{Bench, baseline, licence_service, playready, widevine};
use crate::chore::{Failure, say};

use measured::{Measured, report};

/// How long the overload goes on.
const STORM: Duration = Duration::from_secs(20);

/// After an overload nobody comes for so long: by then the service takes in as many again as before.
const CALM_AGAIN: Duration = Duration::from_secs(2);

/// Players who ask again as soon as they have their answer, for the peak: as many as the service does not tell to come
/// back.
const AT_PEAK: usize = 64;

/// Length of the constant handler's answer, about that of the service's to whoever is turned away, in bytes.
const REFUSAL: usize = 160;

/// The data directory of both services, one after the other: a lab device is one for both.
const DATA: &str = "overload";

/// Licences of the lab, of which most is public-key cryptography: where more come than can be made, what is lacking is a
/// processor's time. Then those that a licence service gives to real devices, where it is places at the licence service.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let processors = Processors::shared_out()?;
    say(&format!(
        "ten times overload: service on {} processors, its load on another",
        processors.of_service()
    ));
    let constant = processors.for_service(|| baseline::start(REFUSAL, "application/json"))?;
    let run = Run { bench, processors, constant };
    run.measure_lab()?;
    run.measure_licence_service()
}

/// What all measurements share.
struct Run<'a> {
    bench: &'a Bench<'a>,
    processors: Processors,
    /// The constant handler, which could turn players away at the least price.
    constant: (Process, SocketAddr),
}

impl Run<'_> {
    fn measure_lab(&self) -> Result<(), Failure> {
        let bench = self.bench;
        let service = self.processors.for_service(|| Service::start_in(bench, DATA))?;
        let target = widevine::target(&service)?;
        let script = widevine::write_challenges(bench, &service, &target, "overload-lab", true)?;
        let widevine = requests(&service, &target, &script)?;
        let kids = title()?;
        let target = playready::target(&service, &kids)?;
        let script = playready::write_challenges(bench, &service, &target, &kids)?;
        let playready = requests(&service, &target, &script)?;
        self.measure_licence("PlayReady, a film of four keys", &service, &playready)?;
        self.measure_licence("Widevine, privacy mode", &service, &widevine)
    }

    fn measure_licence_service(&self) -> Result<(), Failure> {
        let bench = self.bench;
        let (_mock, settings) = self.processors.for_load(|| licence_service::start(bench, DATA, AT_PEAK))?;
        let service = self.processors.for_service(|| Service::start_with(bench, DATA, Some(&settings)))?;
        let target = widevine::target(&service)?;
        let script = widevine::write_challenges(bench, &service, &target, "overload-licence-service", true)?;
        let requests = requests(&service, &target, &script)?;
        self.measure_licence("Widevine by a licence service", &service, &requests)
    }

    /// Measures and reports one kind of licence.
    fn measure_licence(&self, licence: &str, service: &Service, requests: &[Vec<u8>]) -> Result<(), Failure> {
        let mut rounds = Vec::with_capacity(self.bench.rounds);
        let mut highest: f64 = 0.0;
        for _ in 0..self.bench.rounds {
            let round = self.processors.for_load(|| self.round(service, requests, highest))?;
            highest = highest.max(round.peak);
            rounds.push(round);
        }
        report(licence, &rounds);
        Ok(())
    }

    /// `highest` is the peak of the rounds before.
    fn round(&self, service: &Service, requests: &[Vec<u8>], highest: f64) -> Result<Measured, Failure> {
        let seconds = Duration::from_secs(self.bench.seconds);
        let load = |arrivals, duration| {
            Used::by(&service.process, Load { address: service.address, requests, arrivals, duration })
        };
        let before = load(Arrivals::Answered(AT_PEAK), seconds)?;
        let peak_before = before.outcome.completed_a_second();
        let calm = load(Arrivals::Independent(0.8 * peak_before), STORM / 2)?;
        let storm = load(Arrivals::Independent(10.0 * highest.max(peak_before)), STORM)?;
        std::thread::park_timeout(CALM_AGAIN);
        let after = load(Arrivals::Answered(AT_PEAK), seconds)?;
        let (constant, address) = &self.constant;
        let arrivals = Arrivals::Answered(CONNECTIONS);
        let least = Used::by(constant, Load { address: *address, requests, arrivals, duration: seconds })?;
        Ok(Measured {
            processors: self.processors.of_service().into(),
            peak: peak_before.max(after.outcome.completed_a_second()),
            price: f64::midpoint(before.a_licence(), after.a_licence()),
            least: least.an_answer(),
            calm: calm.outcome,
            price_in_storm: storm.a_licence(),
            storm: storm.outcome,
        })
    }
}

/// What a load became, and what processor time its server took for it, in seconds.
struct Used {
    outcome: Outcome,
    time: f64,
}

impl Used {
    fn by(server: &Process, load: Load<'_>) -> Result<Self, Failure> {
        let before = server.cpu_time()?;
        let outcome = players::load(load)?;
        let time = server.cpu_time()?.saturating_sub(before).as_secs_f64();
        Ok(Self { outcome, time })
    }

    fn a_licence(&self) -> f64 {
        self.time / self.outcome.completed()
    }

    fn an_answer(&self) -> f64 {
        self.time / self.outcome.answered()
    }
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

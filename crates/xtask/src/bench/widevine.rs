//! Widevine redemptions against the RSA operations that they cannot do without, both per second of their
//! process's CPU time. The challenges are made beforehand and replayed.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::{Kid, SystemRandom};
use widevine::lab_client::{
    AskedInitData, ClientDevice, Plan, SERVICE_CERTIFICATE_REQUEST, ServiceCertificate,
};

use super::floor::{RsaFloor, a_cpu_second};
use super::ratios::{Round, report};
use super::service::Service;
use super::wrk::Clients;
use super::{Bench, http, wrk};
use crate::chore::{Failure, say};

/// How many challenges are replayed in turn.
const CHALLENGES: usize = 64;

/// Loads the service in turn with the floor, without and with privacy mode.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let target = target(&service)?;
    let floor = RsaFloor::new()?;
    for privacy in [false, true] {
        let mode = if privacy { "privacy" } else { "clear" };
        let script = write_challenges(bench, &service, &target, mode, privacy)?;
        let mut rounds = Vec::with_capacity(bench.rounds);
        for _ in 0..bench.rounds {
            let baseline = a_cpu_second(bench.seconds, || floor.once(privacy))?;
            let before = service.process.cpu_time()?;
            let load = wrk::load(service.address, &target, Some(&script), (Clients::Few, bench.seconds))?;
            let used = service.process.cpu_time()?.saturating_sub(before);
            rounds.push(Round { service: load.answered / used.as_secs_f64(), baseline });
        }
        let what = format!("Widevine redemption, {mode} mode");
        report(&what, "licences a second of CPU time", &rounds, 0.80);
    }
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

/// Where a token's licence is to be had.
pub(super) fn target(service: &Service) -> Result<String, Failure> {
    let url = String::from_utf8(http::ask(service.address, "GET", &service.token_target(), b"")?)?;
    let target = url.find("/hms/").and_then(|at| url.get(at..));
    Ok(target.ok_or("the token request gave no such URL")?.to_owned())
}

/// Writes the challenges into files, and the script that sends them in turn.
pub(super) fn write_challenges(
    bench: &Bench<'_>,
    service: &Service,
    target: &str,
    mode: &str,
    privacy: bool,
) -> Result<PathBuf, Failure> {
    let lab = service.export_lab()?.join("widevine");
    let device = Arc::new(ClientDevice::from_device_file(&fs::read(lab.join("android-l1.wvd"))?)?);
    let certificate = if privacy {
        let answer = http::ask(service.address, "POST", target, &SERVICE_CERTIFICATE_REQUEST)?;
        Some(ServiceCertificate::from_answer(&answer, &fs::read(lab.join("root.bin"))?, "lab.boxoffice")?)
    } else {
        None
    };
    let directory = bench.directory.path().join(mode);
    fs::create_dir_all(&directory)?;
    let kid = Kid::parse(b"80ea8bc8a58f990ad1f76bc665b30bfa")?;
    let now = SystemClock.now().as_second();
    for number in 1..=CHALLENGES {
        let plan = Plan::streaming(AskedInitData::kids(&[kid]), now, &SystemRandom);
        let mut challenge = device.challenge(&plan, certificate.as_ref(), &SystemRandom);
        let answer = http::ask(service.address, "POST", target, &challenge.body)?;
        challenge.session.open(&answer, None)?;
        fs::write(directory.join(number.to_string()), &challenge.body)?;
    }
    wrk::replay(&directory, CHALLENGES)
}

//! PlayReady redemptions against the operations on P-256 that they cannot do without, both per second of their
//! process's CPU time. The challenges are made beforehand and replayed.

use std::fs;
use std::path::{Path, PathBuf};

use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::{Kid, Random, SystemRandom};
use playready::lab_client::{
    Answer, ChallengeRequest, HeaderKey, LabDevice, LeafSettings, Verifier, header_text, protocol_version_for,
};

use super::floor::{P256Floor, a_cpu_second};
use super::ratios::{Round, report};
use super::service::Service;
use super::wrk::Clients;
use super::{Bench, http, wrk};
use crate::chore::{Failure, say};

/// How many challenges are replayed in turn.
const CHALLENGES: usize = 64;

/// The version of header that today's packagers write.
const HEADER_VERSION: &str = "4.3.0.0";

/// Loads the service in turn with the floor.
pub fn measure(bench: &Bench<'_>) -> Result<(), Failure> {
    let service = Service::start(bench)?;
    let kids = [Kid::parse(b"80ea8bc8a58f990ad1f76bc665b30bfa")?];
    let target = target(&service, &kids)?;
    let floor = P256Floor::new()?;
    let script = write_challenges(bench, &service, &target, &kids)?;
    let mut rounds = Vec::with_capacity(bench.rounds);
    for _ in 0..bench.rounds {
        let baseline = a_cpu_second(bench.seconds, || floor.once())?;
        let before = service.process.cpu_time()?;
        let load = wrk::load(service.address, &target, Some(&script), (Clients::Few, bench.seconds))?;
        let used = service.process.cpu_time()?.saturating_sub(before);
        rounds.push(Round { service: load.answered / used.as_secs_f64(), baseline });
    }
    report("PlayReady redemption", "licences a second of CPU time", &rounds, 0.80);
    say(&format!("  memory under full load: {:.0} MiB (150 at most)", service.process.memory("VmHWM")?));
    Ok(())
}

/// Where a token's licence is to be had.
pub(super) fn target(service: &Service, kids: &[Kid]) -> Result<String, Failure> {
    let minted = http::ask(service.address, "GET", &service.playready_token_target(kids), b"")?;
    let minted = String::from_utf8(minted)?;
    // {"licenseAcquisitionUrl":"…","token":"…"}: neither text needs escapes.
    let token = minted.split('"').rev().nth(1).ok_or("the token request gave no token")?;
    Ok(format!("/hms/pr/rights/?ExpressPlayToken={token}"))
}

/// Writes the challenges into files, and the script that sends them in turn.
pub(super) fn write_challenges(
    bench: &Bench<'_>,
    service: &Service,
    target: &str,
    kids: &[Kid],
) -> Result<PathBuf, Failure> {
    let lab = service.export_lab()?.join("playready");
    let device = provision(&lab)?;
    let server_key = fixed::<64>(&lab.join("server-public-key.bin"))?;
    let mut verifier = Verifier::new(fixed(&lab.join("root-public-key.bin"))?);
    let keys: Vec<_> = kids.iter().map(|&kid| HeaderKey { kid, checksum: None }).collect();
    let header = header_text(HEADER_VERSION, Some("AESCTR"), &keys);
    let directory = bench.directory.path().join("playready");
    fs::create_dir_all(&directory)?;
    for number in 1..=CHALLENGES {
        let now = SystemClock.now().as_second();
        let version = protocol_version_for(HEADER_VERSION);
        let request = ChallengeRequest::new(header.clone(), version, now, &SystemRandom);
        let challenge =
            device.challenge(&request, &server_key, &SystemRandom).ok_or("the server's key is no point")?;
        let body = http::ask(service.address, "POST", target, &challenge)?;
        let answer = Answer { status: 200, content_type: "text/xml; charset=utf-8", body: &body };
        verifier.verify(&device, &request, kids, &answer, now, None)?;
        fs::write(directory.join(number.to_string()), &challenge)?;
    }
    wrk::replay(&directory, CHALLENGES)
}

fn provision(lab: &Path) -> Result<LabDevice, Failure> {
    let random: &dyn Random = &SystemRandom;
    let settings = LeafSettings::new(random.array());
    let chain = fs::read(lab.join("bgroupcert.dat"))?;
    Ok(LabDevice::provision(&chain, &fixed(&lab.join("zgpriv.dat"))?, &settings, random)?)
}

fn fixed<const N: usize>(path: &Path) -> Result<[u8; N], Failure> {
    let bytes = fs::read(path)?;
    bytes.try_into().map_err(|_| format!("{} has another length than {N} bytes", path.display()).into())
}

//! Widevine's licence service, as the test kit has it: it takes its time, and bears so many requests at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Bench;
use super::process::Process;
use crate::chore::{self, Failure};

/// How long it takes for an answer: it is far away, and has work of its own.
const TAKES_MILLISECONDS: u32 = 100;

/// Starts one for the lab devices of a data directory; with the settings of a service that asks it, and has at most so
/// many requests with it.
pub fn start(bench: &Bench<'_>, data: &str, in_flight: usize) -> Result<(Process, PathBuf), Failure> {
    let directory = bench.directory.path();
    let (key, iv) = (directory.join("signing-key.hex"), directory.join("signing-iv.hex"));
    fs::write(&key, "5c".repeat(32))?;
    fs::write(&iv, "36".repeat(16))?;
    let mut command = Command::new(chore::release_directory().join("boxoffice-testkit"));
    command.args(["widevine-cloud", "--provider", "bench", "--data-dir"]).arg(directory.join(data));
    command.arg("--signing-key-file").arg(&key).arg("--signing-iv-file").arg(&iv);
    command.args(["--standing-fault", &format!("delay={TAKES_MILLISECONDS}")]);
    let mut process = Process::start(command.stderr(Stdio::inherit()))?;
    let url = process.line_that_starts_with("boxoffice-testkit: Widevine licence service at ")?;
    let endpoint =
        url.strip_suffix("/bench").ok_or("the licence service's path does not end in its provider")?;
    let settings = directory.join("licence-service.toml");
    fs::write(&settings, settings_of(endpoint, &key, &iv, in_flight))?;
    Ok((process, settings))
}

fn settings_of(endpoint: &str, key: &Path, iv: &Path, in_flight: usize) -> String {
    format!(
        "[environments.test.widevine]\nbackend = \"upstream\"\nendpoints = [\"{endpoint}\"]\nprovider = \"bench\"\n\
         signing_key_file = \"{}\"\nsigning_iv_file = \"{}\"\nmax_in_flight = {in_flight}\n",
        key.display(),
        iv.display(),
    )
}

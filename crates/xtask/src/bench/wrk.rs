//! The load generator: wrk, of the distribution.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::chore::{self, Failure};

/// What a load came to.
pub struct Load {
    /// Requests that were answered, all of them with 2xx.
    pub answered: f64,
    /// How long it went on.
    seconds: f64,
}

impl Load {
    /// Requests a second.
    pub fn a_second(&self) -> f64 {
        self.answered / self.seconds
    }
}

/// Sees to it that there is wrk.
pub fn install() -> Result<(), Failure> {
    if chore::is_installed("wrk", "--version") {
        return Ok(());
    }
    if !chore::may_install() {
        return Err("wrk is not installed, and this user may not install it: apt-get install wrk".into());
    }
    // The lists of a fresh machine may be empty.
    chore::output(Command::new("apt-get").args(["update", "-qq"]))?;
    chore::output(Command::new("apt-get").args(["install", "-y", "-qq", "wrk"]))?;
    Ok(())
}

/// A script that posts the files `1` to `count` of a directory in turn.
pub fn replay(directory: &Path, count: usize) -> Result<PathBuf, Failure> {
    let files = directory.display();
    let script = format!(
        r#"local requests, at = {{}}, 0
function init()
  for number = 1, {count} do
    local file = assert(io.open("{files}/" .. number, "rb"))
    requests[number] = wrk.format("POST", nil, nil, file:read("*a"))
    file:close()
  end
end
function request()
  at = at % {count} + 1
  return requests[at]
end
"#
    );
    let path = directory.join("replay.lua");
    std::fs::write(&path, script)?;
    Ok(path)
}

/// How many clients send their next request as soon as they have an answer.
#[derive(Clone, Copy)]
pub enum Clients {
    /// 256: of so many, others send while some wait for stable storage.
    Many,
    /// 64: as many as the service does not tell to come back, for want of processors for their cryptography.
    Few,
}

impl Clients {
    const fn count(self) -> u32 {
        match self {
            Self::Many => 256,
            Self::Few => 64,
        }
    }
}

/// Loads a server from one thread, so that a machine with two cores has one for the server. Any answer but a success, and any
/// broken connection, is a failure of the measurement.
pub fn load(
    address: SocketAddr,
    target: &str,
    script: Option<&Path>,
    (clients, seconds): (Clients, u64),
) -> Result<Load, Failure> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--connections", &clients.count().to_string()]);
    if let Some(script) = script {
        wrk.arg("--script").arg(script);
    }
    let said = run(&mut wrk, address, target, seconds)?;
    let lines = || said.lines().map(str::trim);
    let answered = lines().find_map(|line| line.split_once(" requests in ")?.0.parse::<f64>().ok());
    let rate = lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse::<f64>().ok());
    match (answered, rate) {
        (Some(answered), Some(rate)) if rate > 0.0 => Ok(Load { answered, seconds: answered / rate }),
        _ => Err(format!("wrk said: {said}").into()),
    }
}

/// What 99 of 100 answers take at most, to so many clients, each of which sends its next request when it has an
/// answer.
pub fn percentile_99(
    address: SocketAddr,
    script: &Path,
    clients: u32,
    seconds: u64,
) -> Result<Duration, Failure> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--latency", "--connections", &clients.to_string(), "--script"]).arg(script);
    let said = run(&mut wrk, address, "/", seconds)?;
    let found = said.lines().find_map(|line| duration(line.trim().strip_prefix("99%")?.trim()));
    found.ok_or_else(|| format!("wrk said: {said}").into())
}

/// Reads `750.00us`, `1.29ms` or `1.02s`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

fn run(wrk: &mut Command, address: SocketAddr, target: &str, seconds: u64) -> Result<String, Failure> {
    wrk.args(["--threads", "1", "--timeout", "10s", "--duration", &format!("{seconds}s")]);
    let said = chore::output(wrk.arg(format!("http://{address}{target}")))?;
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("the load did not go through: {said}").into());
    }
    Ok(said)
}

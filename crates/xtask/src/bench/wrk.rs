//! The load generator: wrk, of the distribution.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Loads a server over 64 connections from one thread, so that a machine with two cores has one for the server.
/// Any answer but a success, and any broken connection, is a failure of the measurement.
pub fn load(address: SocketAddr, target: &str, script: Option<&Path>, seconds: u64) -> Result<Load, Failure> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--connections", "64", "--timeout", "10s"]);
    wrk.args(["--duration", &format!("{seconds}s")]);
    if let Some(script) = script {
        wrk.arg("--script").arg(script);
    }
    let said = chore::output(wrk.arg(format!("http://{address}{target}")))?;
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("the load did not go through: {said}").into());
    }
    let lines = || said.lines().map(str::trim);
    let answered = lines().find_map(|line| line.split_once(" requests in ")?.0.parse::<f64>().ok());
    let rate = lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse::<f64>().ok());
    match (answered, rate) {
        (Some(answered), Some(rate)) if rate > 0.0 => Ok(Load { answered, seconds: answered / rate }),
        _ => Err(format!("wrk said: {said}").into()),
    }
}

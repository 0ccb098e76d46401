//! The service itself: the release binary on a data directory and a free port of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use drm_primitives::Kid;

use super::process::Process;
use super::{Bench, http};
use crate::chore::{self, Failure};

/// A running service.
pub struct Service {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// What may ask it for tokens.
    pub authenticator: String,
    /// From its start to its first answer.
    pub first_answer: Duration,
    data: PathBuf,
}

impl Service {
    /// Starts it with the settings that it has without any configuration, and waits for its first answer.
    ///
    /// What it logs goes into a file beside its data, as it would in earnest.
    pub fn start(bench: &Bench<'_>) -> Result<Self, Failure> {
        Self::start_in(bench, "data")
    }

    /// The same on a data directory of another name.
    pub fn start_in(bench: &Bench<'_>, name: &str) -> Result<Self, Failure> {
        Self::start_with(bench, name, None)
    }

    /// The same with settings of a file.
    pub fn start_with(bench: &Bench<'_>, name: &str, settings: Option<&Path>) -> Result<Self, Failure> {
        let data = bench.directory.path().join(name);
        let log = File::create(bench.directory.path().join(format!("{name}.log")))?;
        let begun = Instant::now();
        let mut command = boxoffice(&data);
        command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(log);
        if let Some(settings) = settings {
            command.arg("--config").arg(settings);
        }
        let mut process = Process::start(&mut command)?;
        let address = process.line_that_starts_with("boxoffice: listening on http://")?.parse()?;
        http::ask(address, "GET", "/healthz", b"")?;
        let first_answer = begun.elapsed();
        let authenticator = process.line_that_starts_with("boxoffice: demo authenticator ")?;
        Ok(Self { process, address, authenticator, first_answer, data })
    }

    /// The target of a Widevine token request, with a content key of its own.
    pub fn token_target(&self) -> String {
        format!(
            "/hms/wv/token?customerAuthenticator={}&kid=80ea8bc8a58f990ad1f76bc665b30bfa\
             &contentKey=00112233445566778899aabbccddeeff&securityLevel=1&hdcpOutputControl=0",
            self.authenticator
        )
    }

    /// The target of a Clear Key token request.
    pub fn clearkey_token_target(&self) -> String {
        format!(
            "/hms/ck/token?customerAuthenticator={}&kid=80ea8bc8a58f990ad1f76bc665b30bfa\
             &contentKey=00112233445566778899aabbccddeeff",
            self.authenticator
        )
    }

    /// The target of a PlayReady token request for some content keys.
    pub fn playready_token_target(&self, kids: &[Kid]) -> String {
        let keys = kids.iter().enumerate().map(|(number, kid)| {
            format!("&kid.{number}={kid}&contentKey.{number}=00112233445566778899aabbccddeeff")
        });
        format!(
            "/hms/pr/token?customerAuthenticator={}{}&rightsType=BuyToOwn&analogVideoOPL=0\
             &compressedDigitalAudioOPL=0&compressedDigitalVideoOPL=0&uncompressedDigitalAudioOPL=0\
             &uncompressedDigitalVideoOPL=0",
            self.authenticator,
            keys.collect::<String>(),
        )
    }

    /// Begins to import a file of keys for the demo account, beside the running service.
    pub fn import(&self, file: &Path) -> Result<Importing, Failure> {
        let account = self.authenticator.split(',').next().unwrap_or_default();
        let mut command = boxoffice(&self.data);
        command.args(["key", "import", account]).arg(file).args(["--json"]);
        Ok(Importing(Process::start(&mut command)?))
    }

    /// Runs `boxoffice lab export` and gives the directory.
    pub fn export_lab(&self) -> Result<PathBuf, Failure> {
        let lab = self.data.with_file_name("lab");
        if !lab.exists() {
            chore::output(boxoffice(&self.data).args(["lab", "export"]).arg(&lab))?;
        }
        Ok(lab)
    }
}

/// A `boxoffice key import`. Its progress is on our standard error, where that is a terminal.
pub struct Importing(Process);

impl Importing {
    /// Whether it is over.
    pub fn has_ended(&mut self) -> Result<bool, Failure> {
        self.0.has_ended()
    }

    /// Its resident memory in MiB.
    pub fn memory(&self) -> Result<f64, Failure> {
        self.0.memory("VmRSS")
    }

    /// Waits for its end, which has to be a good one.
    pub fn finish(self) -> Result<(), Failure> {
        self.0.finish()
    }
}

/// The binary, with nothing in its environment that configures it.
fn boxoffice(data: &Path) -> Command {
    let mut command = Command::new(chore::release_directory().join("boxoffice"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BOXOFFICE_"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    command.env("BOXOFFICE_DATA_DIR", data);
    command
}

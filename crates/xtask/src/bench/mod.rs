//! `cargo xtask bench`: the release binary against honest baselines, as ratios with their spread.
//!
//! Server and baseline are loaded in turn, round by round, from the same generator, so that whatever else the
//! machine does falls on both. A ratio says how near the service comes to what the machine could do at all;
//! the absolute figures beside it are this machine's alone.

pub mod baseline;
mod clearkey;
mod floor;
mod http;
mod key_storage;
mod licence_service;
mod overload;
mod players;
mod playready;
mod process;
mod processors;
mod ratios;
mod service;
mod start;
mod token;
mod widevine;
mod wrk;

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::ValueEnum as _;
use tempfile::TempDir;

use crate::chore::{self, Failure, say};

pub use key_storage::{OneRowArguments, run_one_row};

/// What may be said about a measurement.
#[derive(clap::Args)]
pub struct Arguments {
    /// How often baseline and service are measured in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each is loaded in a round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Measures these alone.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Path>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Path {
    /// Creates in the key storage.
    KeystoreCreate,
    /// Reads of the key storage.
    KeystoreRead,
    /// Ten million keys: only where it is asked for, as it takes long and 5 GB.
    KeystoreTenMillion,
    /// Clear Key redemptions, which have no cryptography to hide behind.
    Clearkey,
    /// Ten times the load that can be carried.
    Overload,
    /// PlayReady redemptions.
    Playready,
    /// The time to the first answer, and memory.
    Start,
    /// Token requests.
    Token,
    /// Widevine redemptions.
    Widevine,
}

/// One measurement's setting.
struct Bench<'a> {
    rounds: usize,
    seconds: u64,
    directory: &'a TempDir,
}

/// Builds the release binaries, and measures with them.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    chore::run(chore::cargo().args([
        "build",
        "--release",
        "--package",
        "boxoffice-cli",
        "--package",
        "testkit",
        "--package",
        "xtask",
    ]))?;
    let mut measure = Command::new(chore::release_directory().join("xtask"));
    measure.arg("bench-built");
    measure.args(["--rounds", &arguments.rounds.to_string(), "--seconds", &arguments.seconds.to_string()]);
    for path in &arguments.only {
        let name = path.to_possible_value().ok_or("a measurement without a name")?;
        measure.args(["--only", name.get_name()]);
    }
    Err(measure.exec().into())
}

/// Measures with what is built.
pub fn run_built(arguments: &Arguments) -> Result<(), Failure> {
    wrk::install()?;
    let directory = tempfile::Builder::new().prefix("boxoffice-bench-").tempdir()?;
    let bench =
        Bench { rounds: arguments.rounds.max(1), seconds: arguments.seconds.max(1), directory: &directory };
    let asked_for = |path| arguments.only.contains(&path);
    let wanted = |path| arguments.only.is_empty() || asked_for(path);
    say(&format!("{} rounds of {} s each, service and baseline in turn", bench.rounds, bench.seconds));
    if wanted(Path::Start) {
        start::measure(&bench)?;
    }
    if wanted(Path::Token) {
        token::measure(&bench)?;
    }
    if wanted(Path::Widevine) {
        widevine::measure(&bench)?;
    }
    if wanted(Path::Playready) {
        playready::measure(&bench)?;
    }
    if wanted(Path::KeystoreRead) {
        key_storage::measure_read(&bench)?;
    }
    if wanted(Path::KeystoreCreate) {
        key_storage::measure_create(&bench)?;
    }
    if asked_for(Path::KeystoreTenMillion) {
        key_storage::measure_ten_million(&bench)?;
    }
    if wanted(Path::Clearkey) {
        clearkey::measure(&bench)?;
    }
    if wanted(Path::Overload) {
        overload::measure(&bench)?;
    }
    Ok(())
}

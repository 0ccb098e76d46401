//! `cargo xtask test`: the one command of the README.

use std::process::Stdio;

use throwaway_postgres::Cluster;

use crate::chore::{self, Failure, say};

/// What may be said about the tests to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Handed on to the test runner: a filter, say.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs every test, and what this machine lacks is named.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let cluster = match Cluster::start() {
        Ok(cluster) => Some(cluster),
        Err(reason) => {
            say(&format!("xtask: skipped: the tests on PostgreSQL: {reason}"));
            None
        }
    };
    let with_nextest = chore::cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let mut tests = chore::cargo();
    if with_nextest {
        tests.args(["nextest", "run", "--workspace"]);
    } else {
        say(
            "xtask: cargo-nextest is not installed; cargo test runs the same tests, one binary after the other",
        );
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests"]);
    }
    tests.args(&arguments.rest);
    if let Some(cluster) = &cluster {
        tests.env("BOXOFFICE_TEST_POSTGRES", cluster.url());
    }
    chore::run(&mut tests)?;
    if arguments.rest.is_empty() {
        chore::run(chore::cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    }
    Ok(())
}

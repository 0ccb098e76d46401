//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, `cargo xtask docs`.
//!
//! Nothing here is part of the service. What a chore cannot do on this machine it leaves out, and says so.

mod bench;
mod chore;
mod docs;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Runs every test that this machine can run.
    Test(test::Arguments),
    /// Measures the release binary against honest baselines, and prints ratios.
    Bench(bench::Arguments),
    /// Measures; the binary is built already.
    #[command(hide = true)]
    BenchBuilt(bench::Arguments),
    /// Answers everything with a constant, which is what the service is measured against.
    #[command(hide = true)]
    Baseline(bench::baseline::Arguments),
    /// Writes a row a request, each in a transaction of its own, for the same purpose.
    #[command(hide = true)]
    OneRowBaseline(bench::OneRowArguments),
    /// Writes the generated pages of the book anew.
    Docs,
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::BenchBuilt(arguments) => bench::run_built(&arguments),
        Chore::Baseline(arguments) => bench::baseline::run(&arguments),
        Chore::OneRowBaseline(arguments) => bench::run_one_row(&arguments),
        Chore::Docs => docs::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            chore::say(&format!("failed: {failure}"));
            ExitCode::FAILURE
        }
    }
}

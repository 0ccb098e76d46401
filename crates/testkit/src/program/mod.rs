//! The program around the servers, which runs each by itself until it is interrupted.

mod failure;
mod key_server;
mod lab_root;
mod listen;
mod policy_hook;
mod widevine_cloud;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Servers that stand in for those of others, and fail on command
///
/// A running server takes its faults at /testkit/faults: POST one a line for the next requests, PUT one for
/// every request or "N FAULT" for every Nth, DELETE all. GET /testkit/requests counts.
#[derive(Parser)]
#[command(name = "boxoffice-testkit", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A FairPlay key server that answers lab SPCs with lab CKCs
    KeyServer(key_server::Arguments),
    /// A policy hook that grants, tightens or refuses as it is told
    PolicyHook(policy_hook::Arguments),
    /// A Widevine licence service that gives real licences to lab devices
    WidevineCloud(widevine_cloud::Arguments),
}

/// Runs the program; the exit code is 0 after an interruption, 1 after a failure.
#[must_use]
pub fn main() -> ExitCode {
    let program = Program::parse();
    let done = tokio::runtime::Runtime::new()
        .map_err(Failure::Runtime)
        .and_then(|runtime| runtime.block_on(run(program.command)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where even that cannot be written, the exit code has to do.
            let _unheard = writeln!(std::io::stderr(), "boxoffice-testkit: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::KeyServer(arguments) => arguments.run().await,
        Command::PolicyHook(arguments) => arguments.run().await,
        Command::WidevineCloud(arguments) => arguments.run().await,
    }
}

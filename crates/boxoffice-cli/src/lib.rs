//! The command line of Boxoffice: one file a command.
//!
//! What the commands do is in the other crates; here arguments are read, and answers are put into words or into
//! JSON, whose shape is documented and stable. A command writes to the output that it is given, so nothing here
//! prints by itself, and what goes wrong is one sentence on standard error.

mod commands;
mod console;
pub mod documents;
mod failure;
mod key_storage;
mod place;
mod player;
mod serve_address;
mod table;
mod times;
mod which_environments;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use failure::Failure;

/// Runs the program with the arguments of the process. 0: done; 1: refused or failed; 2: wrong usage.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match commands::Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(usage) => {
            // A help text goes to standard output and is a success; anything else is wrong usage.
            let _ = usage.print();
            return ExitCode::from(if usage.use_stderr() { 2 } else { 0 });
        }
    };
    match arguments.run(&mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads us has read enough: `boxoffice codes | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "boxoffice: {failure}");
            ExitCode::FAILURE
        }
    }
}

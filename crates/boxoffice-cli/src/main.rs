//! The program `boxoffice`.

use std::process::ExitCode;

fn main() -> ExitCode {
    boxoffice_cli::main()
}

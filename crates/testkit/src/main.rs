//! The program `boxoffice-testkit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::program::main()
}

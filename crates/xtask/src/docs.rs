//! `cargo xtask docs`: the pages of the book that are generated.

use crate::chore::{self, Failure};

/// Writes them anew. The test that compares them is the one that can write them.
pub fn run() -> Result<(), Failure> {
    let mut test = chore::cargo();
    test.args(["test", "--quiet", "--package", "boxoffice-cli", "--test", "cli", "documents"]);
    chore::run(test.env("RENEW_DOCUMENTS", "1"))
}

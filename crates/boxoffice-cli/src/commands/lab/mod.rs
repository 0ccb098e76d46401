//! `boxoffice lab …`.

mod export;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Writes roots, service certificates and devices of the test environment into a directory
    Export(export::Export),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Export(command) => command.run(place, console).await,
        }
    }
}

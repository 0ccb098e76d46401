//! `boxoffice seed …`: key seeds, from which keys follow (key-storage.md, section 9).

mod create;
mod export;
mod import;
mod list;
mod retire;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Makes a key seed for an account
    Create(create::Create),
    /// Lists the seeds
    List(list::List),
    /// Retires a seed: its keys end
    Retire(retire::Retire),
    /// Takes a seed over from another installation, or from a PlayReady packager
    Import(import::Import),
    /// Writes a seed wrapped under a KEK; never in clear
    Export(export::Export),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Create(command) => command.run(place, console).await,
            Self::List(command) => command.run(place, console).await,
            Self::Retire(command) => command.run(place, console).await,
            Self::Import(command) => command.run(place, console).await,
            Self::Export(command) => command.run(place, console).await,
        }
    }
}

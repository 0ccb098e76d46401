//! `boxoffice sealing-key …`: rolls the keys that seal tokens, and the licence session keys with them.

mod retire;
mod rotate;
mod status;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Makes a new key; it seals from five seconds on, and older ones go on opening
    Rotate(rotate::Rotate),
    /// Shows every key, and until when tokens need it
    Status(status::Status),
    /// Removes keys that no token needs any more
    Retire(retire::Retire),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Rotate(command) => command.run(place, console).await,
            Self::Status(command) => command.run(place, console).await,
            Self::Retire(command) => command.run(place, console).await,
        }
    }
}

//! `boxoffice storage-key …`: rolls the keys that everything in the key storage rests under (key-storage.md,
//! section 10).

mod retire;
mod rotate;
mod status;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Makes a new key; what rests under older ones is sealed anew while the service runs
    Rotate(rotate::Rotate),
    /// Shows every key, and what still needs it
    Status(status::Status),
    /// Removes a key that nothing needs any more
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

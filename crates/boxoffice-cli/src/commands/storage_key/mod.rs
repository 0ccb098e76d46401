//! `boxoffice storage-key …`: rolls the keys that everything in the key storage rests under (key-storage.md,
//! section 10).

mod retire;
mod rotate;
mod status;

use boxoffice_core::Environment;
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

/// Which environments a command is about: the one that was named, or both.
#[derive(clap::Args)]
pub struct Which {
    /// test or production [default: both]
    #[arg(long)]
    environment: Option<Environment>,
}

impl Which {
    fn environments(&self) -> impl Iterator<Item = Environment> + use<> {
        let only = self.environment;
        Environment::ALL.into_iter().filter(move |&environment| only.is_none_or(|only| only == environment))
    }
}

//! `boxoffice token …`.

mod describe;
mod given;
mod inspect;
mod output_levels;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

pub use given::GivenToken;
pub use inspect::open;

#[derive(Subcommand)]
pub enum Command {
    /// Opens a token with this data directory's keys and says what it grants, until when, to whom
    Inspect(inspect::Inspect),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Inspect(command) => command.run(place, console).await,
        }
    }
}

//! `boxoffice content …`: what the keys of seeds were made for (key-storage.md, section 9).

mod delete;
mod list;

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Lists the contents and tracks of an account's seeds
    List(list::List),
    /// Deletes a content: all its keys end for good
    Delete(delete::Delete),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(place, console).await,
            Self::Delete(command) => command.run(place, console).await,
        }
    }
}

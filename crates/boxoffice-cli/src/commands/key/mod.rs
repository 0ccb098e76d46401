//! `boxoffice key …`: the content keys of an account (key-storage.md, section 11).

mod delete;
mod export;
mod import;
mod lines;
mod log;
mod rows;
mod show;

use boxoffice_core::key_storage::parse_kid;
use clap::Subcommand;
use drm_primitives::Kid;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Stores the keys of a file; keys that are there already stay as they are
    Import(import::Import),
    /// Writes every key of an account wrapped under a KEK, as JSON lines; never in clear
    Export(export::Export),
    /// Shows a key
    Show(show::Show),
    /// Deletes a key; tokens that were issued before carry their own and stay good
    Delete(delete::Delete),
    /// Shows who did what with which keys
    Log(log::Log),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Import(command) => command.run(place, console).await,
            Self::Export(command) => command.run(place, console).await,
            Self::Show(command) => command.run(place, console).await,
            Self::Delete(command) => command.run(place, console).await,
            Self::Log(command) => command.run(place, console).await,
        }
    }
}

/// Reads a KID.
fn kid(text: &str) -> Result<Kid, String> {
    parse_kid(text.as_bytes()).map_err(|refusal| refusal.hint)
}

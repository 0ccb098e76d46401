//! `boxoffice config …`: the configuration.

use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Checks the configuration, and names the first thing that is wrong and where
    Check,
    /// Prints the effective settings as TOML, with every secret masked
    Show,
}

impl Command {
    pub fn run(&self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let config = place.config(None)?;
        match self {
            Self::Check => writeln!(console, "the configuration is good")?,
            Self::Show => write!(console, "{}", config.show())?,
        }
        Ok(())
    }
}

//! The commands, and their arguments as clap reads them.

mod account;
mod authenticator;
mod codes;
mod config;
mod content;
mod doctor;
mod key;
mod lab;
mod migrate;
mod records;
mod redeem;
mod sealing_key;
mod seed;
mod serve;
mod storage_key;
mod token;

use boxoffice_server::app::Overload;
use boxoffice_server::serve::runtime as serve_runtime;
use clap::{Parser, Subcommand};

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

/// The arguments of the program.
#[derive(Parser)]
#[command(
    name = "boxoffice",
    version,
    about = "An open DRM licence service: token requests in, licences out"
)]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service
    Serve(serve::Serve),
    /// Makes, shows and changes service accounts
    #[command(subcommand)]
    Account(account::Command),
    /// Adds, lists and revokes the authenticators of an account
    #[command(subcommand)]
    Authenticator(authenticator::Command),
    /// Prints every event code
    Codes(codes::Codes),
    /// Rolls the keys that seal tokens
    #[command(subcommand)]
    SealingKey(sealing_key::Command),
    /// Imports, exports, shows and deletes content keys, and shows who used them
    #[command(subcommand)]
    Key(key::Command),
    /// Makes, imports and retires the seeds from which keys follow
    #[command(subcommand)]
    Seed(seed::Command),
    /// Lists and deletes the contents whose keys follow from seeds
    #[command(subcommand)]
    Content(content::Command),
    /// Rolls the keys that the key storage rests under
    #[command(subcommand)]
    StorageKey(storage_key::Command),
    /// Moves everything from the embedded database into PostgreSQL
    Migrate(migrate::Migrate),
    /// Looks into tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Searches the records of redemptions, archived ones too, and follows them as they come
    Records(records::Records),
    /// Redeems a token as a lab device does, and says what the licence holds
    Redeem(redeem::Redeem),
    /// Hands out the lab material that other people's clients need
    #[command(subcommand)]
    Lab(lab::Command),
    /// Checks and shows the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Checks a running server as a player would
    Doctor(doctor::Doctor),
}

impl Arguments {
    /// Runs the command. Only the service gets as many threads as there are cores.
    pub fn run(self, console: Console<'_>) -> Result<(), Failure> {
        let overload = Overload::default();
        let mut runtime = match &self.command {
            Command::Serve(_) => serve_runtime(&overload),
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.enable_all().build();
        let runtime = runtime.map_err(|error| Failure::refused(format!("cannot start: {error}")))?;
        runtime.block_on(self.command.run(&self.place, console, overload))
    }
}

impl Command {
    async fn run(self, place: &Place, console: Console<'_>, overload: Overload) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => command.run(place, console, overload).await,
            Self::Account(command) => command.run(place, console).await,
            Self::Authenticator(command) => command.run(place, console).await,
            Self::Codes(command) => command.run(console),
            Self::SealingKey(command) => command.run(place, console).await,
            Self::Key(command) => command.run(place, console).await,
            Self::Seed(command) => command.run(place, console).await,
            Self::Content(command) => command.run(place, console).await,
            Self::StorageKey(command) => command.run(place, console).await,
            Self::Migrate(command) => command.run(console).await,
            Self::Token(command) => command.run(place, console).await,
            Self::Records(command) => command.run(place, console).await,
            Self::Redeem(command) => command.run(place, console).await,
            Self::Lab(command) => command.run(place, console).await,
            Self::Config(command) => command.run(place, console),
            Self::Doctor(command) => command.run(place, console).await,
        }
    }
}

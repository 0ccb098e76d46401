//! `boxoffice account …`: service accounts.

mod create;
mod list;
mod set;
mod show;
mod switch;

use boxoffice_core::AccountId;
use clap::Subcommand;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;

#[derive(Subcommand)]
pub enum Command {
    /// Makes an account and its first authenticator, which is printed this once
    Create(create::Create),
    /// Lists every account
    List(list::List),
    /// Shows an account
    Show(show::Show),
    /// Changes an account; a running server sees it within a second
    Set(set::Set),
    /// Enables an account
    Enable(switch::Switch),
    /// Disables an account: its token requests and redemptions get -2031
    Disable(switch::Switch),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Create(command) => command.run(place, console).await,
            Self::List(command) => command.run(place, console).await,
            Self::Show(command) => command.run(place, console).await,
            Self::Set(command) => command.run(place, console).await,
            Self::Enable(command) => command.run(place, console, true).await,
            Self::Disable(command) => command.run(place, console, false).await,
        }
    }
}

/// Reads an account's number.
pub fn account_id(text: &str) -> Result<AccountId, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain);
    number.map(AccountId).ok_or_else(|| format!("got {text:?}, expected an account's number, like 100001"))
}

//! `boxoffice authenticator …`: who may ask for tokens in an account's name.

mod add;
mod list;
mod revoke;

use boxoffice_core::authenticator::{Authenticator, Scope};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::console::Console;
use crate::failure::Failure;
use crate::place::Place;
use crate::times;

#[derive(Subcommand)]
pub enum Command {
    /// Adds an authenticator, which is printed this once; older ones stay valid
    Add(add::Add),
    /// Lists the authenticators of an account, without their secrets
    List(list::List),
    /// Revokes an authenticator; a running server sees it within a second
    Revoke(revoke::Revoke),
}

impl Command {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(place, console).await,
            Self::List(command) => command.run(place, console).await,
            Self::Revoke(command) => command.run(place, console).await,
        }
    }
}

/// What may be told of an authenticator.
pub fn as_json(authenticator: &Authenticator) -> Value {
    let scopes = authenticator.scopes;
    let words = [(Scope::Tokens, "tokens"), (Scope::Keys, "keys"), (Scope::Packagers, "packagers")];
    let words: Vec<_> =
        words.into_iter().filter(|(scope, _)| scopes.contain(*scope)).map(|(_, word)| word).collect();
    json!({
        "id": authenticator.id,
        "scopes": words,
        "created_at": times::text(authenticator.created_at),
        "revoked_at": authenticator.revoked_at.map(times::text),
    })
}

//! `boxoffice account create`.

use boxoffice_core::Environment;
use serde_json::json;

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{Place, Presence};

#[derive(clap::Args)]
pub struct Create {
    /// What you call it
    #[arg(value_parser = name)]
    name: String,
    /// Where it lives: test or production
    #[arg(long, default_value = "test")]
    environment: Environment,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Create {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MakeMissing).await?;
        let made = installation.create_account(&self.name, self.environment).await?;
        let authenticator = made.authenticator.reveal();
        if self.json {
            let made = json!({
                "account_id": made.account.id.0,
                "name": made.account.name,
                "environment": made.account.environment.as_str(),
                "customer_authenticator": authenticator,
            });
            return write_json(console, &made);
        }
        let account = made.account;
        writeln!(
            console,
            "account {} ({}) in the {} environment",
            account.id, account.name, account.environment
        )?;
        writeln!(console, "authenticator {authenticator}")?;
        writeln!(console, "Keep the authenticator safe: it is stored as a hash alone, and not shown again.")?;
        Ok(())
    }
}

/// A name that can be printed in a list.
fn name(text: &str) -> Result<String, String> {
    match text.chars().position(char::is_control) {
        Some(at) => Err(format!("the character at position {} is a control character", at + 1)),
        None if text.trim().is_empty() => Err("got an empty name".to_owned()),
        None => Ok(text.to_owned()),
    }
}

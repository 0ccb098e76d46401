//! `boxoffice authenticator add`.

use boxoffice_core::AccountId;
use boxoffice_core::authenticator::Scopes;
use serde_json::{Value, json};

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place, Presence};

#[derive(clap::Args)]
pub struct Add {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// What it may do: any of tokens, keys and packagers [default: all]
    #[arg(long, value_name = "tokens,keys,packagers")]
    scope: Option<Scopes>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Add {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let added = installation.add_authenticator(self.account, self.scope.unwrap_or(Scopes::ALL)).await?;
        let added = added.ok_or_else(|| place::no_account(self.account))?;
        // The database gave it a number, by which it can be revoked without its secret.
        let hash = installation.master_key().authenticators().hash(added.account, &added.secret);
        let account = place::account(&installation, self.account).await?;
        let stored = account.authenticators.iter().find(|stored| stored.matches(&hash));
        let stored =
            stored.ok_or_else(|| Failure::refused("the authenticator vanished while it was added"))?;
        let secret = added.reveal();
        if self.json {
            let mut told = super::as_json(stored);
            if let Value::Object(members) = &mut told {
                members.insert("account_id".to_owned(), json!(account.id.0));
                members.insert("customer_authenticator".to_owned(), Value::String(secret));
            }
            return write_json(console, &told);
        }
        writeln!(console, "authenticator {} of account {}, for {}", stored.id, account.id, stored.scopes)?;
        writeln!(console, "authenticator {secret}")?;
        writeln!(console, "Keep it safe: it is stored as a hash alone, and not shown again.")?;
        Ok(())
    }
}

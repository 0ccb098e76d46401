//! `boxoffice authenticator list`.

use boxoffice_core::AccountId;
use boxoffice_core::authenticator::Authenticator;

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place, Presence};
use crate::{table, times};

#[derive(clap::Args)]
pub struct List {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let account = place::account(&installation, self.account).await?;
        if self.json {
            return write_json(console, &account.authenticators.iter().map(super::as_json).collect());
        }
        let row = |authenticator: &Authenticator| {
            let revoked = authenticator.revoked_at.map(|at| format!("revoked {}", times::text(at)));
            [
                authenticator.id.to_string(),
                authenticator.scopes.to_string(),
                times::text(authenticator.created_at),
                revoked.unwrap_or_else(|| "valid".to_owned()),
            ]
        };
        let rows: Vec<_> = account.authenticators.iter().map(row).collect();
        table::write(console, ["id", "scopes", "created", "state"], &rows)
    }
}

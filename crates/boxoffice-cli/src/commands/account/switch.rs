//! `boxoffice account enable` and `account disable`.

use boxoffice_core::AccountId;
use boxoffice_core::account::AccountChange;

use super::account_id;
use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};

#[derive(clap::Args)]
pub struct Switch {
    /// The account's number
    #[arg(value_name = "ID", value_parser = account_id)]
    account: AccountId,
}

impl Switch {
    pub async fn run(self, place: &Place, console: Console<'_>, enabled: bool) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let change = AccountChange { enabled: Some(enabled), ..AccountChange::default() };
        let account = installation.storage().change_account(self.account, change).await?;
        let account = account.ok_or_else(|| place::no_account(self.account))?;
        let state = if account.enabled { "enabled" } else { "disabled" };
        writeln!(console, "account {} ({}) is {state}", account.id, account.name)?;
        Ok(())
    }
}

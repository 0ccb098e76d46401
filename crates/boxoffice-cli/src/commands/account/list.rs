//! `boxoffice account list`.

use super::show;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{Place, Presence};
use crate::table;

#[derive(clap::Args)]
pub struct List {
    /// Prints a JSON array of what `account show --json` prints
    #[arg(long)]
    json: bool,
}

impl List {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let accounts = place.open(Presence::MustExist).await?.storage().accounts().await?;
        if self.json {
            return write_json(console, &accounts.iter().map(show::as_json).collect());
        }
        let row = |account: &boxoffice_core::Account| {
            let state = if account.enabled { "enabled" } else { "disabled" };
            [
                account.id.to_string(),
                account.environment.to_string(),
                state.to_owned(),
                show::balance(account),
                account.name.clone(),
            ]
        };
        let rows: Vec<_> = accounts.iter().map(row).collect();
        table::write(console, ["id", "environment", "state", "balance", "name"], &rows)
    }
}

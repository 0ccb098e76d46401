//! `boxoffice seed create`.

use boxoffice_core::AccountId;
use boxoffice_server::keystore::NewSeedKind;
use serde_json::json;

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::{self, Place};

/// Makes a key seed for an account
///
/// KIDs and keys then follow from content id, track and period, and nothing is stored for each. With --open the
/// seed also answers for any KID that is not stored; that saves the rows of packagers which choose the KIDs, and
/// costs the error for mistyped ones.
#[derive(clap::Args)]
pub struct Create {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// Answers for any KID that is not stored; an account has one such seed at most
    #[arg(long)]
    open: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Create {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let kind = if self.open { NewSeedKind::Open } else { NewSeedKind::Native };
        let id = keys.new_seed((account.environment, account.id), kind).await?;
        if self.json {
            let kind = if self.open { "open" } else { "native" };
            return write_json(
                console,
                &json!({ "seed_id": id.0, "account_id": account.id.0, "kind": kind }),
            );
        }
        writeln!(console, "account {} has seed {}", account.id, id.0)?;
        if self.open {
            writeln!(
                console,
                "it answers for any KID: a mistyped one now gets a key that opens nothing, and no error"
            )?;
        }
        Ok(())
    }
}

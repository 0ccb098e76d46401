//! `boxoffice key delete`.

use boxoffice_core::AccountId;
use drm_primitives::Kid;
use serde_json::json;

use super::kid;
use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::{self, Place};

#[derive(clap::Args)]
pub struct Delete {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// 32 hex digits, or ^ and a name
    #[arg(value_name = "KID", value_parser = kid)]
    kid: Kid,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Delete {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let call = key_storage::call(&account);
        let outcome = keys.delete(&call, self.kid, None).await;
        keys.release(&call, "delete", |()| 200, outcome).await?;
        if self.json {
            return write_json(console, &json!({ "deleted": self.kid.to_hex() }));
        }
        writeln!(console, "{} is deleted; tokens that were issued before carry their own key", self.kid)?;
        Ok(())
    }
}

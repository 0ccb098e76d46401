//! `boxoffice content delete`.

use boxoffice_core::AccountId;
use serde_json::json;

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
    /// The content id
    #[arg(value_name = "CONTENT_ID")]
    content_id: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Delete {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        place::account(&installation, self.account).await?;
        let tracks = keys.delete_content(self.account, self.content_id.as_bytes()).await?;
        if tracks == 0 {
            return Err(Failure::refused(format!(
                "account {} has no content {:?} that is not deleted",
                self.account, self.content_id
            )));
        }
        if self.json {
            return write_json(console, &json!({ "deleted": self.content_id, "tracks": tracks }));
        }
        writeln!(
            console,
            "{:?} is deleted: the keys of its {tracks} tracks have ended for good",
            self.content_id
        )?;
        Ok(())
    }
}

//! `boxoffice content list`.

use boxoffice_core::AccountId;
use boxoffice_storage::Content;
use drm_primitives::{base64, hex};
use serde_json::{Value, json};

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{self, Place};
use crate::{key_storage, table, times};

#[derive(clap::Args)]
pub struct List {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Rows of one call to the database.
const PAGE: u32 = 1_000;

impl List {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        place::account(&installation, self.account).await?;
        let (mut contents, mut after) = (Vec::new(), None);
        loop {
            let page = keys.list_contents(self.account, after, PAGE).await?;
            contents.extend(page.contents);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if self.json {
            return write_json(console, &contents.iter().map(as_json).collect());
        }
        let row = |content: &Content| {
            let names = content.names.as_ref();
            let id =
                names.map(|names| text(&names.content_id).unwrap_or_else(|| hex::encode(&names.content_id)));
            let deleted = content.deleted_at.map(|at| format!("deleted {}", times::text(at)));
            [
                content.seed.0.to_string(),
                id.unwrap_or_else(|| "unknown".to_owned()),
                names.map_or("unknown", |names| names.track.as_str()).to_owned(),
                times::text(content.created_at),
                deleted.unwrap_or_else(|| "in use".to_owned()),
            ]
        };
        let rows: Vec<_> = contents.iter().map(row).collect();
        table::write(console, ["seed", "content", "track", "created", "state"], &rows)
    }
}

/// A content id is bytes; most are text.
fn text(content_id: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content_id).ok()?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn as_json(content: &Content) -> Value {
    let names = content.names.as_ref();
    json!({
        "seed_id": content.seed.0,
        "tag": hex::encode(&content.tag),
        "content_id": names.and_then(|names| String::from_utf8(names.content_id.clone()).ok()),
        "content_id_base64": names.map(|names| base64::encode(&names.content_id)),
        "track": names.map(|names| names.track.as_str()),
        "created_at": times::text(content.created_at),
        "deleted_at": content.deleted_at.map(times::text),
    })
}

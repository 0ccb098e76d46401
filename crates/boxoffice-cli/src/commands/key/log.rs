//! `boxoffice key log`.

use boxoffice_core::AccountId;
use boxoffice_core::key_storage::parse_time;
use boxoffice_storage::{KeyAuditFilter, KeyAuditRecord};
use drm_primitives::Kid;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::kid;
use crate::commands::account::account_id;
use crate::console::Console;
use crate::failure::Failure;
use crate::place::{Place, Presence};
use crate::times;

#[derive(clap::Args)]
pub struct Log {
    /// Calls of this account
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: Option<AccountId>,
    /// Calls that name this KID
    #[arg(long, value_name = "KID", value_parser = kid)]
    kid: Option<Kid>,
    /// Not before this time (RFC 3339, or a date)
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Prints JSON lines
    #[arg(long)]
    json: bool,
}

impl Log {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let filter = KeyAuditFilter { account: self.account, kid: self.kid, from: self.from, to: self.to };
        let mut after = None;
        loop {
            let page = installation.storage().key_audit(filter, after).await?;
            for record in &page.records {
                if self.json {
                    writeln!(console, "{}", as_json(record))?;
                } else {
                    writeln!(console, "{}", as_line(record))?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_time(text).map_err(ToOwned::to_owned)
}

fn as_json(record: &KeyAuditRecord) -> Value {
    json!({
        "time": times::text(record.time),
        "account_id": record.account.map(|account| account.0),
        "authenticator_id": record.authenticator,
        "call": record.call,
        "kids": record.kids.iter().map(Kid::to_hex).collect::<Vec<_>>(),
        "kind": record.kind,
        "outcome": record.outcome,
        "address": record.address.map(|address| address.to_string()),
        "request_id": record.request_id,
    })
}

fn as_line(record: &KeyAuditRecord) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let kids = match record.kids.as_slice() {
        [] => "-".to_owned(),
        [kid] => kid.to_hex(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    format!(
        "{}  {}  {:<7} {:<9} {}  {}  {}",
        times::text(record.time),
        or_dash(record.account.map(|account| account.to_string())),
        record.call,
        record.outcome,
        or_dash(record.address.map(|address| address.to_string())),
        kids,
        record.request_id,
    )
}

//! `boxoffice storage-key status`.

use boxoffice_server::keystore::StorageKeyStatus;
use serde_json::{Value, json};

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::Place;
use crate::which_environments::WhichEnvironments;
use crate::{key_storage, table, times};

#[derive(clap::Args)]
pub struct Status {
    #[command(flatten)]
    which: WhichEnvironments,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        let mut status = Vec::new();
        for environment in self.which.environments() {
            status.extend(keys.storage_key_status(environment).await?);
        }
        if self.json {
            return write_json(console, &status.iter().map(as_json).collect());
        }
        let row = |key: &StorageKeyStatus| {
            let state = if key.current {
                "current"
            } else if key.is_needed() {
                "needed"
            } else {
                "can be retired"
            };
            [
                key.environment.to_string(),
                key.id.to_string(),
                times::text(key.created_at),
                key.account_keys.to_string(),
                key.left_to_reseal.to_string(),
                state.to_owned(),
            ]
        };
        let rows: Vec<_> = status.iter().map(row).collect();
        let heading = ["environment", "key", "created", "account keys", "left to reseal", "state"];
        table::write(console, heading, &rows)
    }
}

fn as_json(key: &StorageKeyStatus) -> Value {
    json!({
        "environment": key.environment.as_str(),
        "key_id": key.id.0,
        "created_at": times::text(key.created_at),
        "current": key.current,
        "account_keys": key.account_keys,
        "left_to_reseal": key.left_to_reseal,
        "needed": key.is_needed(),
    })
}

//! `boxoffice storage-key retire`.

use boxoffice_core::key_ring::KeyId;
use boxoffice_server::keystore::RetireStorageKeyError;
use serde_json::json;

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::Place;
use crate::which_environments::WhichEnvironments;

#[derive(clap::Args)]
pub struct Retire {
    /// The key's number
    #[arg(value_name = "ID")]
    id: u32,
    #[command(flatten)]
    which: WhichEnvironments,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Retire {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        let (id, mut retired, mut passed_over) = (KeyId(self.id), Vec::new(), None);
        for environment in self.which.environments() {
            match keys.retire_storage_key(environment, id).await {
                Ok(()) => retired.push(environment),
                // A number that only one of two environments has done with is meant there.
                Err(
                    error @ (RetireStorageKeyError::Current { .. } | RetireStorageKeyError::Unknown { .. }),
                ) if self.which.environment.is_none() => {
                    passed_over = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let (true, Some(error)) = (retired.is_empty(), passed_over) {
            return Err(error.into());
        }
        if self.json {
            let retired = retired
                .iter()
                .map(|environment| json!({ "environment": environment.as_str(), "key_id": self.id }));
            return write_json(console, &retired.collect());
        }
        for environment in retired {
            writeln!(console, "{environment}: key {id} is removed")?;
        }
        Ok(())
    }
}

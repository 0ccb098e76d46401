//! `boxoffice storage-key rotate`.

use serde_json::json;

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::Place;
use crate::which_environments::WhichEnvironments;

/// Makes a new key; what rests under older ones is sealed anew while the service runs
///
/// The new key is in force on every node within a second. The accounts' keys are wrapped anew before the command
/// ends; what they seal follows in the background of a running server, which goes on where it stopped.
#[derive(clap::Args)]
pub struct Rotate {
    #[command(flatten)]
    which: WhichEnvironments,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Rotate {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        let mut made = Vec::new();
        for environment in self.which.environments() {
            let id = keys.rotate_storage_key(environment).await?;
            if self.json {
                made.push(json!({ "environment": environment.as_str(), "key_id": id.0 }));
            } else {
                writeln!(
                    console,
                    "{environment}: key {id} is in force; storage-key status shows what is left to do"
                )?;
            }
        }
        if self.json { write_json(console, &made.into()) } else { Ok(()) }
    }
}

//! `boxoffice seed retire`.

use boxoffice_storage::SeedId;
use serde_json::json;

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::Place;

#[derive(clap::Args)]
pub struct Retire {
    /// The seed's number
    #[arg(value_name = "ID")]
    id: u64,
    /// Retires it although contents have their keys from it: those keys end
    #[arg(long)]
    force: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Retire {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        keys.retire_seed(SeedId(self.id), self.force).await?;
        if self.json {
            return write_json(console, &json!({ "retired": self.id }));
        }
        writeln!(console, "seed {} is retired: its keys end within a second", self.id)?;
        Ok(())
    }
}

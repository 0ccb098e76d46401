//! `boxoffice seed export`.

use boxoffice_storage::SeedId;
use drm_primitives::{Kek, hex};
use serde_json::json;

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::Place;

/// Writes a seed wrapped under a KEK; never in clear
///
/// The 80 hex digits are the 32 bytes of the seed, wrapped by RFC 3394; those of a PlayReady key seed are its 30
/// and two zeros.
#[derive(clap::Args)]
pub struct Export {
    /// The seed's number
    #[arg(value_name = "ID")]
    id: u64,
    /// The KEK that it is wrapped under
    #[arg(long, value_name = "HEX", value_parser = key_storage::kek)]
    kek: Kek,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Export {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        let wrapped = hex::encode(&keys.export_seed(SeedId(self.id), &self.kek).await?);
        if self.json {
            let kek_id = self.kek.id();
            return write_json(console, &json!({ "seed_id": self.id, "wrapped": wrapped, "kek_id": kek_id }));
        }
        writeln!(console, "{wrapped}")?;
        Ok(())
    }
}

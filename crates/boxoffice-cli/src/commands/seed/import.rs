//! `boxoffice seed import`.

use std::path::{Path, PathBuf};

use boxoffice_core::AccountId;
use boxoffice_server::keystore::NewSeedKind;
use clap::ValueEnum;
use drm_primitives::{base64, hex};
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::key_storage;
use crate::place::{self, Place};

/// Takes a seed over from another installation, or from a PlayReady packager
///
/// The file has the seed as raw bytes, as hex or as base64. A PlayReady key seed answers for any KID.
#[derive(clap::Args)]
pub struct Import {
    /// The account's number
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: AccountId,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose algorithm
    #[arg(long)]
    kind: Kind,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Boxoffice's own: 32 bytes
    Native,
    /// PlayReady's: at least 30 bytes, of which the first 30 are used
    Playready,
}

impl Import {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (installation, keys) = key_storage::open(place).await?;
        let account = place::account(&installation, self.account).await?;
        let seed = read(&self.file, self.kind)?;
        let id = keys.new_seed((account.environment, account.id), seed).await?;
        if self.json {
            return write_json(console, &json!({ "seed_id": id.0, "account_id": account.id.0 }));
        }
        writeln!(console, "account {} has seed {}", account.id, id.0)?;
        if matches!(self.kind, Kind::Playready) {
            writeln!(
                console,
                "it answers for any KID: a mistyped one now gets a key that opens nothing, and no error"
            )?;
        }
        Ok(())
    }
}

fn read(file: &Path, kind: Kind) -> Result<NewSeedKind, Failure> {
    let raw = std::fs::read(file).map(Zeroizing::new);
    let raw = raw.map_err(|error| Failure::refused(format!("cannot read {}: {error}", file.display())))?;
    let wrong = |got: usize, expected: &str| {
        let file = file.display();
        Failure::refused(format!(
            "{file} has a seed of {got} bytes, expected {expected}, raw, in hex or in base64"
        ))
    };
    match kind {
        Kind::Native => {
            let bytes = decode(raw, |bytes| bytes == 32);
            let seed = bytes.as_slice().try_into().map_err(|_| wrong(bytes.len(), "32"))?;
            Ok(NewSeedKind::ImportedNative(Zeroizing::new(seed)))
        }
        Kind::Playready => {
            let bytes = decode(raw, |bytes| (30..=64).contains(&bytes));
            let seed = bytes.first_chunk().ok_or_else(|| wrong(bytes.len(), "at least 30"))?;
            Ok(NewSeedKind::ImportedPlayReady(Zeroizing::new(*seed)))
        }
    }
}

/// The bytes of a seed, as hex, base64 or raw, whichever has the right length.
fn decode(raw: Zeroizing<Vec<u8>>, is_length: impl Fn(usize) -> bool) -> Zeroizing<Vec<u8>> {
    let text = raw.trim_ascii();
    let decoded = [hex::decode_any(text).ok(), base64::decode(text).ok()];
    let found = decoded.into_iter().flatten().map(Zeroizing::new).find(|bytes| is_length(bytes.len()));
    found.unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_raw_in_hex_and_in_base64() {
        let seed: Vec<u8> = (0..32).collect();
        for text in [
            seed.clone(),
            hex::encode(&seed).into_bytes(),
            (hex::encode(&seed).to_uppercase() + "\n").into_bytes(),
            base64::encode(&seed).into_bytes(),
            base64::encode_url(&seed).into_bytes(),
        ] {
            assert_eq!(*decode(Zeroizing::new(text), |bytes| bytes == 32), seed);
        }
    }
}

//! `boxoffice seed list`.

use boxoffice_core::AccountId;
use boxoffice_server::keystore::{SeedSummary, kind_word};
use serde_json::{Value, json};

use crate::commands::account::account_id;
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::Place;
use crate::{key_storage, table, times};

#[derive(clap::Args)]
pub struct List {
    /// The account's number [default: every account]
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: Option<AccountId>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let (_, keys) = key_storage::open(place).await?;
        let seeds = keys.seed_summaries(self.account).await?;
        if self.json {
            return write_json(console, &seeds.iter().map(as_json).collect());
        }
        let row = |seed: &SeedSummary| {
            let retired = seed.retired_at.map(|at| format!("retired {}", times::text(at)));
            [
                seed.id.0.to_string(),
                seed.account.to_string(),
                kind_word(seed.kind).to_owned(),
                if seed.imported { "imported" } else { "made here" }.to_owned(),
                times::text(seed.created_at),
                retired.unwrap_or_else(|| "in use".to_owned()),
            ]
        };
        let rows: Vec<_> = seeds.iter().map(row).collect();
        table::write(console, ["seed", "account", "kind", "origin", "created", "state"], &rows)
    }
}

fn as_json(seed: &SeedSummary) -> Value {
    json!({
        "seed_id": seed.id.0,
        "account_id": seed.account.0,
        "kind": kind_word(seed.kind),
        "imported": seed.imported,
        "created_at": times::text(seed.created_at),
        "retired_at": seed.retired_at.map(times::text),
    })
}

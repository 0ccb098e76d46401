//! `boxoffice sealing-key status`.

use boxoffice_server::installation::RingStatus;
use serde_json::{Value, json};

use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{Place, Presence};
use crate::which_environments::WhichEnvironments;
use crate::{table, times};

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
        let installation = place.open(Presence::MustExist).await?;
        let mut keys = Vec::new();
        for environment in self.which.environments() {
            keys.extend(installation.sealing_key_status(environment).await?);
        }
        if self.json {
            return write_json(console, &keys.iter().map(as_json).collect());
        }
        let row = |key: &RingStatus| {
            let state = match key.needed_until {
                None => "seals".to_owned(),
                Some(until) => {
                    format!("opens tokens that are good until {} at the latest", times::text(until))
                }
            };
            [key.environment.to_string(), key.id.to_string(), times::text(key.created_at), state]
        };
        let rows: Vec<_> = keys.iter().map(row).collect();
        table::write(console, ["environment", "key", "created", "state"], &rows)
    }
}

fn as_json(key: &RingStatus) -> Value {
    json!({
        "environment": key.environment.as_str(),
        "key_id": key.id.0,
        "created_at": times::text(key.created_at),
        "current": key.current,
        "needed_until": key.needed_until.map(times::text),
    })
}

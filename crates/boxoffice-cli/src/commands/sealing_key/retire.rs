//! `boxoffice sealing-key retire`.

use boxoffice_core::key_ring::KeyId;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{Place, Presence};
use crate::which_environments::WhichEnvironments;

#[derive(clap::Args)]
pub struct Retire {
    /// The key's number [default: every key that no longer seals]
    #[arg(value_name = "KEY")]
    key: Option<u32>,
    #[command(flatten)]
    which: WhichEnvironments,
    /// Removes it although tokens that it sealed are still good: they end at once
    #[arg(long)]
    force: bool,
}

impl Retire {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let mut retired = 0_u32;
        for environment in self.which.environments() {
            let keys = installation.sealing_key_status(environment).await?;
            let old = keys.iter().filter(|key| !key.current).map(|key| key.id);
            // A number that only one of two environments has is meant there.
            let named = self
                .key
                .map(KeyId)
                .filter(|id| self.which.environment.is_some() || keys.iter().any(|key| key.id == *id));
            let chosen: Vec<_> = if self.key.is_some() { named.into_iter().collect() } else { old.collect() };
            for id in chosen {
                installation.retire_sealing_key(environment, id, self.force).await?;
                writeln!(console, "{environment}: key {id} is removed")?;
                retired += 1;
            }
        }
        match (retired, self.key) {
            (0, Some(id)) => Err(Failure::refused(format!("there is no sealing key {id}"))),
            (0, None) => {
                writeln!(console, "there is no key but those that seal")?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

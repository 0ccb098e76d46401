//! `boxoffice sealing-key rotate`.

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{Place, Presence};
use crate::which_environments::WhichEnvironments;

#[derive(clap::Args)]
pub struct Rotate {
    #[command(flatten)]
    which: WhichEnvironments,
}

impl Rotate {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        for environment in self.which.environments() {
            let id = installation.rotate_sealing_key(environment).await?;
            writeln!(
                console,
                "{environment}: key {id} opens now and seals in five seconds; older keys go on opening"
            )?;
        }
        Ok(())
    }
}

//! `boxoffice authenticator revoke`.

use boxoffice_core::authenticator::CustomerAuthenticator;
use boxoffice_core::{Clock as _, SystemClock};
use boxoffice_server::installation::Installation;

use crate::console::Console;
use crate::failure::Failure;
use crate::place::{self, Place, Presence};

#[derive(clap::Args)]
pub struct Revoke {
    /// The authenticator itself (100001,0123…), or its number from `authenticator list`
    #[arg(value_name = "VALUE_OR_ID")]
    authenticator: String,
}

impl Revoke {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let id = self.number(&installation).await?;
        if !installation.storage().revoke_authenticator(id, SystemClock.now()).await? {
            let nothing = format!(
                "there is no authenticator {id} that is still valid; boxoffice authenticator list names them"
            );
            return Err(Failure::refused(nothing));
        }
        writeln!(console, "authenticator {id} is revoked")?;
        Ok(())
    }

    async fn number(&self, installation: &Installation) -> Result<u64, Failure> {
        // The comma may be given as in a URL.
        let text = self.authenticator.replacen("%2C", ",", 1).replacen("%2c", ",", 1);
        if !text.contains(',') {
            return text.parse().map_err(|_| {
                Failure::refused("expected an authenticator, <account id>,<32 hex digits>, or its number from authenticator list")
            });
        }
        let shown = CustomerAuthenticator::parse(text.as_bytes());
        let shown = shown.map_err(|error| Failure::refused(format!("that is no authenticator: {error}")))?;
        let account = place::account(installation, shown.account).await?;
        let hash = installation.master_key().authenticators().hash(shown.account, &shown.secret);
        let stored = account.authenticators.iter().find(|stored| stored.matches(&hash));
        let unknown = || Failure::refused(format!("account {} has no such authenticator", account.id));
        stored.map(|stored| stored.id).ok_or_else(unknown)
    }
}

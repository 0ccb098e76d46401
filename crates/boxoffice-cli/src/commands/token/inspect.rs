//! `boxoffice token inspect`.

use boxoffice_core::entitlement::Entitlement;
use boxoffice_core::seal::TokenError;
use boxoffice_core::{Clock as _, Environment, SystemClock};
use boxoffice_server::installation::RingSet;

use super::{GivenToken, describe};
use crate::console::{Console, write_json};
use crate::failure::Failure;
use crate::place::{Place, Presence};

#[derive(clap::Args)]
pub struct Inspect {
    /// The token, the URL that a token request answered with, or a PlayReady answer in JSON
    #[arg(value_name = "TOKEN_OR_URL")]
    token: GivenToken,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Shows content keys too
    #[arg(long)]
    reveal_keys: bool,
}

impl Inspect {
    pub async fn run(self, place: &Place, console: Console<'_>) -> Result<(), Failure> {
        let installation = place.open(Presence::MustExist).await?;
        let rings = installation.rings().await?.current();
        let entitlement = open(&rings, &self.token).map_err(|error| Failure::refused(error.to_string()))?;
        let account = installation.storage().account(entitlement.account).await?;
        let description = describe::Description {
            entitlement: &entitlement,
            account: account.as_ref(),
            now: SystemClock.now(),
            reveal_keys: self.reveal_keys,
        };
        if self.json { write_json(console, &description.as_json()) } else { description.write(console) }
    }
}

/// Opens a token with the keys of either environment.
pub fn open(rings: &RingSet, given: &GivenToken) -> Result<Entitlement, TokenError> {
    let open = |environment| rings.sealing(environment).open(given.token.as_bytes());
    open(Environment::Test).or_else(|error| {
        // Both have keys of the same numbers; what the second one says is news only where it opens.
        open(Environment::Production).map_err(|_| error)
    })
}

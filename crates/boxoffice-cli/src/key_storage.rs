//! The key storage as commands open it. Their calls leave records as everybody's do.

use std::sync::Arc;

use boxoffice_core::Account;
use boxoffice_server::installation::Installation;
use boxoffice_server::keystore::{Call, KeyStorage};
use drm_primitives::Kek;

use crate::failure::Failure;
use crate::place::{self, Place, Presence};

/// Opens the key storage of a data directory that is there.
pub async fn open(place: &Place) -> Result<(Installation, Arc<KeyStorage>), Failure> {
    let config = place.config(None)?;
    let installation = place::open(&config, Presence::MustExist).await?;
    let keys = KeyStorage::open(&installation, config.keystore).await?;
    Ok((installation, Arc::new(keys)))
}

/// A call by whoever runs the command.
pub fn call(account: &Account) -> Call {
    Call {
        environment: account.environment,
        account: account.id,
        authenticator: None,
        service_keys: account.options.service_keys,
        address: None,
        request_id: "command".to_owned(),
    }
}

/// Reads a KEK; what is wrong with it is told without a character of it.
pub fn kek(text: &str) -> Result<Kek, String> {
    Kek::from_hex(text.as_bytes()).map_err(|error| error.to_string())
}

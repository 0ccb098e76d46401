//! The account `demo` of the first start, so that the first `curl` line works as it is.

use boxoffice_core::Environment;
use boxoffice_core::authenticator::CustomerAuthenticator;

use super::{Installation, InstallationError, NewCustomer};
use crate::config::KeystoreConfig;
use crate::keystore::{KeyStorage, NewSeedKind};

/// The name of the value that keeps the demo account's first authenticator.
const AUTHENTICATOR: &str = "demo-authenticator";

impl Installation {
    /// Makes the account `demo` in the test environment, where there is no account at all.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn make_demo_account(&self) -> Result<(), InstallationError> {
        if !self.storage.accounts().await?.is_empty() {
            return Ok(());
        }
        let NewCustomer { authenticator, account } = self.create_account("demo", Environment::Test).await?;
        // So that packagers can be tried with it, live channels too (key-storage.md, section 9).
        let key_storage = KeyStorage::open(self, KeystoreConfig::default()).await?;
        key_storage.new_seed((account.environment, account.id), NewSeedKind::Native).await.map_err(
            |error| {
                tracing::error!(%error, "the demo account gets no key seed: {error}");
                InstallationError::Damaged {
                    what: "what the demo account's key seed is sealed under".to_owned(),
                }
            },
        )?;
        let sealed =
            self.master_key.seal_value(AUTHENTICATOR, authenticator.reveal().as_bytes(), &*self.random);
        self.storage.keep_sealed_value(AUTHENTICATOR, sealed).await?;
        Ok(())
    }

    /// The demo account's first authenticator, while the account is enabled and it is not revoked.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn demo_authenticator(&self) -> Result<Option<CustomerAuthenticator>, InstallationError> {
        let Some(sealed) = self.storage.sealed_value(AUTHENTICATOR).await? else { return Ok(None) };
        let damaged = || InstallationError::Damaged { what: "the demo authenticator".to_owned() };
        let text = self.master_key.open_value(AUTHENTICATOR, &sealed).map_err(|_| damaged())?;
        let shown = CustomerAuthenticator::parse(&text).map_err(|_| damaged())?;
        let Some(account) = self.storage.account(shown.account).await? else { return Ok(None) };
        let hash = self.master_key.authenticators().hash(shown.account, &shown.secret);
        let valid =
            account.authenticators.iter().any(|stored| stored.revoked_at.is_none() && stored.matches(&hash));
        Ok((account.enabled && valid).then_some(shown))
    }
}

//! The account `demo` of the first start, so that the first `curl` line works as it is.

use boxoffice_core::authenticator::{AuthenticatorSecret, CustomerAuthenticator, Scopes};
use boxoffice_core::{AccountId, Environment};

use super::{Installation, InstallationError};
use crate::config::KeystoreConfig;
use crate::keystore::{KeyStorage, NewSeedKind};

/// The name of the value that keeps the demo account's first authenticator.
const AUTHENTICATOR: &str = "demo-authenticator";

impl Installation {
    /// Makes the account `demo` in the test environment, where there is no account at all. Of several nodes that
    /// start at once one makes it, with the authenticator that the first of them kept.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn make_demo_account(&self) -> Result<(), InstallationError> {
        if !self.storage.accounts().await?.is_empty() {
            return Ok(());
        }
        let secret = AuthenticatorSecret::draw(&*self.random);
        let drawn = CustomerAuthenticator { account: AccountId::FIRST, secret };
        let sealed = self.master_key.seal_value(AUTHENTICATOR, drawn.reveal().as_bytes(), &*self.random);
        let kept = self.storage.keep_sealed_value(AUTHENTICATOR, sealed).await?;
        let demo = self.new_account("demo", Environment::Test);
        let Some(account) = self.storage.create_first_account(demo).await? else { return Ok(()) };
        self.store_authenticator(&self.open_demo_authenticator(&kept)?, Scopes::ALL).await?;
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
        Ok(())
    }

    /// The demo account's first authenticator, while the account is enabled and it is not revoked.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn demo_authenticator(&self) -> Result<Option<CustomerAuthenticator>, InstallationError> {
        let Some(sealed) = self.storage.sealed_value(AUTHENTICATOR).await? else { return Ok(None) };
        let shown = self.open_demo_authenticator(&sealed)?;
        let Some(account) = self.storage.account(shown.account).await? else { return Ok(None) };
        let hash = self.master_key.authenticators().hash(shown.account, &shown.secret);
        let valid =
            account.authenticators.iter().any(|stored| stored.revoked_at.is_none() && stored.matches(&hash));
        Ok((account.enabled && valid).then_some(shown))
    }
    fn open_demo_authenticator(&self, sealed: &[u8]) -> Result<CustomerAuthenticator, InstallationError> {
        let damaged = || InstallationError::Damaged { what: "the demo authenticator".to_owned() };
        let text = self.master_key.open_value(AUTHENTICATOR, sealed).map_err(|_| damaged())?;
        CustomerAuthenticator::parse(&text).map_err(|_| damaged())
    }
}

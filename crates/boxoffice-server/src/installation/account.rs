//! Making accounts and authenticators.

use boxoffice_core::account::AccountOptions;
use boxoffice_core::authenticator::{AuthenticatorSecret, CustomerAuthenticator, Scopes};
use boxoffice_core::{Account, AccountId, Environment};
use boxoffice_storage::{NewAccount, NewAuthenticator};

use super::{Installation, InstallationError};

/// An account that was just made, and its authenticator, which is shown this once.
pub struct NewCustomer {
    /// The account.
    pub account: Account,
    /// What its back end shows.
    pub authenticator: CustomerAuthenticator,
}

impl Installation {
    /// Makes an account and its first authenticator, which may do everything.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn create_account(
        &self,
        name: &str,
        environment: Environment,
    ) -> Result<NewCustomer, InstallationError> {
        let account = self.storage.create_account(self.new_account(name, environment)).await?;
        let authenticator = self.add_authenticator(account.id, Scopes::ALL).await?;
        let damaged =
            || InstallationError::Damaged { what: format!("account {}, which was just made,", account.id) };
        Ok(NewCustomer { authenticator: authenticator.ok_or_else(damaged)?, account })
    }

    pub(super) fn new_account(&self, name: &str, environment: Environment) -> NewAccount {
        NewAccount {
            name: name.to_owned(),
            environment,
            options: AccountOptions::new(environment),
            created_at: self.clock.now(),
        }
    }

    /// Adds an authenticator to an account; `None` where there is no such account.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn add_authenticator(
        &self,
        account: AccountId,
        scopes: Scopes,
    ) -> Result<Option<CustomerAuthenticator>, InstallationError> {
        let secret = AuthenticatorSecret::draw(&*self.random);
        let authenticator = CustomerAuthenticator { account, secret };
        Ok(self.store_authenticator(&authenticator, scopes).await?.then_some(authenticator))
    }

    /// Stores an authenticator that was drawn before; `false` where there is no such account.
    pub(super) async fn store_authenticator(
        &self,
        authenticator: &CustomerAuthenticator,
        scopes: Scopes,
    ) -> Result<bool, InstallationError> {
        let CustomerAuthenticator { account, secret } = authenticator;
        let hash = self.master_key.authenticators().hash(*account, secret);
        let new = NewAuthenticator { hash, scopes, created_at: self.clock.now() };
        Ok(self.storage.add_authenticator(*account, new).await?.is_some())
    }
}

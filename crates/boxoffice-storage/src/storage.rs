//! The trait that every database answers to. It speaks the domain, not SQL.

use boxoffice_core::account::{AccountChange, AccountOptions};
use boxoffice_core::authenticator::Scopes;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{Account, AccountId, Environment};
use jiff::Timestamp;
use thiserror::Error;

/// Why a call to the database failed.
#[derive(Debug, Error)]
pub enum StorageError {
    /// It does not answer, or not in time: try again later.
    #[error("the database is out of reach: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect, or a damaged database.
    #[error("the database answered what it should not: {0}")]
    Broken(String),
}

/// What `account create` makes.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What its operator calls it.
    pub name: String,
    /// Where it lives.
    pub environment: Environment,
    /// Its switches.
    pub options: AccountOptions,
    /// When.
    pub created_at: Timestamp,
}

/// What `authenticator add` makes. The id is the database's to give.
#[derive(Clone, Debug)]
pub struct NewAuthenticator {
    /// The keyed hash of its secret.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// When.
    pub created_at: Timestamp,
}

/// Everything that is remembered. Writes are durable when they return.
#[async_trait::async_trait]
pub trait Storage: Send + Sync {
    /// Whether the database answers and can be written.
    async fn check(&self) -> Result<(), StorageError>;

    /// Makes an account without authenticators; the first has the number [`AccountId::FIRST`].
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError>;

    /// One account, with its authenticators.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StorageError>;

    /// Every account, by number.
    async fn accounts(&self) -> Result<Vec<Account>, StorageError>;

    /// Changes an account in one transaction and returns it as it is then; `None` where there is none.
    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StorageError>;

    /// Adds an authenticator and returns its number; `None` where there is no such account.
    async fn add_authenticator(
        &self,
        account: AccountId,
        authenticator: NewAuthenticator,
    ) -> Result<Option<u64>, StorageError>;

    /// Revokes an authenticator by its number; `false` where there is none that is still valid.
    async fn revoke_authenticator(&self, id: u64, at: Timestamp) -> Result<bool, StorageError>;

    /// Every key of every ring, still wrapped.
    async fn ring_keys(&self) -> Result<Vec<WrappedRingKey>, StorageError>;

    /// Adds a key to its ring; `false`, and nothing changed, where that number is taken (another node was first).
    async fn add_ring_key(&self, key: WrappedRingKey) -> Result<bool, StorageError>;

    /// Removes a key from its ring; `false` where there is none.
    async fn remove_ring_key(
        &self,
        environment: Environment,
        purpose: Purpose,
        id: KeyId,
    ) -> Result<bool, StorageError>;

    /// A sealed value that there is one of in an installation: lab credentials, the mark of the master key,
    /// the demo authenticator.
    async fn sealed_value(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Keeps `value` under `name` unless there is one, and returns the one that is there then: of several
    /// nodes that start at once the first one's insert wins.
    async fn keep_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>, StorageError>;

    /// Puts `value` in the place of whatever is under `name`.
    async fn replace_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<(), StorageError>;
}

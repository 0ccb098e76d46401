//! The trait that every database answers to. It speaks the domain, not SQL.

use boxoffice_core::account::{AccountChange, AccountOptions, Balance, BalanceChange};
use boxoffice_core::authenticator::Scopes;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{Account, AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;
use thiserror::Error;

use crate::read_keys::record_of;
use crate::{
    AccountKeys, ContentKeys, KeyAudit, KeyAuditRecord, KindOfRows, ReadKeys, Records, Redemptions, Seeds,
};

/// Why a call to the database failed.
#[derive(Clone, Debug, Error)]
pub enum StorageError {
    /// It does not answer, or not in time: try again later.
    #[error("the database is out of reach: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect, or a damaged database.
    #[error("the database answered what it should not: {0}")]
    Broken(String),
    /// A newer program has changed it: opening refuses.
    #[error(
        "the database has version {found}, and this program knows versions up to {known}: use a newer program"
    )]
    UnknownVersion {
        /// What it has.
        found: u32,
        /// What this program knows.
        known: u32,
    },
}

/// What `account create` makes. It is enabled and its balance is unlimited.
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
///
/// What later parts remember stands in traits of their own, which a `dyn Storage` has all the same.
#[async_trait::async_trait]
pub trait Storage:
    AccountKeys + ContentKeys + KeyAudit + Records + Redemptions + Seeds + Send + Sync
{
    /// Whether the database answers and can be written.
    async fn check(&self) -> Result<(), StorageError>;

    /// Makes an account without authenticators; the first has the number [`AccountId::FIRST`].
    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError>;

    /// As [`create_account`](Self::create_account), unless there is an account already: of several nodes that start
    /// at once one makes it, and the others get `None`.
    async fn create_first_account(&self, account: NewAccount) -> Result<Option<Account>, StorageError>;

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

    /// As [`keys`](ContentKeys::keys); and where every KID has a row that is not expired at the time of `record`,
    /// `record` is durable when this returns, its kind told from the rows. Else nothing is recorded.
    ///
    /// Here in two steps, for a database that does not gain by one.
    async fn read_keys(
        &self,
        account: AccountId,
        kids: Vec<Kid>,
        record: KeyAuditRecord,
        kind: KindOfRows,
    ) -> Result<ReadKeys, StorageError> {
        let rows = self.keys(account, kids).await?;
        let record = record_of(&rows, &record, kind);
        let recorded = record.is_some();
        if let Some(record) = record {
            self.append_key_audit(vec![record]).await?;
        }
        Ok(ReadKeys { rows, recorded })
    }

    /// Every key of every ring, still wrapped.
    async fn ring_keys(&self) -> Result<Vec<WrappedRingKey>, StorageError>;

    /// Adds a key to its ring; `false`, and nothing changed, where that number is taken (another node was first).
    async fn add_ring_key(&self, key: WrappedRingKey) -> Result<bool, StorageError>;

    /// Removes a key from its ring; `false` where there is none, and for a storage key also where an account key
    /// is wrapped under it.
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

/// Applies a change as every database must. Its caller keeps others from the account meanwhile.
pub(crate) fn apply_change(account: &mut Account, change: &AccountChange) {
    fn set<T: Copy>(value: &mut T, change: Option<T>) {
        *value = change.unwrap_or(*value);
    }
    // Every field is named, so that a new one cannot be forgotten here.
    let AccountChange {
        enabled,
        balance,
        widevine,
        playready,
        fairplay,
        clearkey,
        lenient,
        one_time,
        service_keys,
        max_streams,
        min_level,
        min_hdcp_type,
    } = *change;
    let options = &mut account.options;
    set(&mut account.enabled, enabled);
    set(&mut options.widevine, widevine);
    set(&mut options.playready, playready);
    set(&mut options.fairplay, fairplay);
    set(&mut options.clearkey, clearkey);
    set(&mut options.lenient, lenient);
    set(&mut options.one_time, one_time);
    set(&mut options.service_keys, service_keys);
    set(&mut options.max_streams, max_streams);
    set(&mut options.min_level, min_level);
    set(&mut options.min_hdcp_type, min_hdcp_type);
    // Databases count in signed 64-bit numbers.
    let most = i64::MAX.unsigned_abs();
    account.balance = match (balance, account.balance) {
        (None, balance)
        | (Some(BalanceChange::Add(_) | BalanceChange::Subtract(_)), balance @ Balance::Unlimited) => balance,
        (Some(BalanceChange::Add(more)), Balance::Licences(licences)) => {
            Balance::Licences(licences.saturating_add(more).min(most))
        }
        (Some(BalanceChange::Subtract(less)), Balance::Licences(licences)) => {
            Balance::Licences(licences.saturating_sub(less))
        }
        (Some(BalanceChange::Set(licences)), _) => Balance::Licences(licences.min(most)),
        (Some(BalanceChange::Unlimited), _) => Balance::Unlimited,
    };
}

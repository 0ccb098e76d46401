//! Accounts as they are now, or were half a second ago.
//!
//! Every token request needs its account, and the database is not asked for each. A cached account is fresh for
//! half a second, so that whatever `boxoffice account …` changes is seen within a second on every node. Then one
//! request reads it again; for a quarter of a second others go on with what is known, and after that they wait for that
//! one. Where the database is away, an account may be up to five minutes old.

mod authenticate;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use boxoffice_core::authenticator::{AuthenticatorHashKey, AuthenticatorSecret, CustomerAuthenticator};
use boxoffice_core::{Account, AccountId};
use boxoffice_storage::{Storage, StorageError};
use tokio::time::{Instant, timeout};

pub use authenticate::Caller;
pub(crate) use authenticate::{no_balance, storage_failed};

/// The cache. Unknown accounts are not cached: nobody can fill it by guessing.
pub struct Accounts {
    storage: Arc<dyn Storage>,
    fresh_for: Duration,
    entries: RwLock<HashMap<AccountId, Arc<Entry>>>,
}

#[derive(Debug, Default)]
struct Entry {
    seen: ArcSwapOption<Seen>,
    /// Whoever holds it asks the database; the others wait for the answer.
    asking: tokio::sync::Mutex<()>,
    /// The secret that was shown last and is one of the account's, with its hash. A customer shows the same one again
    /// and again, and hashing it takes longer than all the rest of finding the account.
    shown: ArcSwapOption<(AuthenticatorSecret, [u8; 32])>,
}

#[derive(Clone, Debug)]
struct Seen {
    account: Arc<Account>,
    /// When the database last said so.
    read_at: Instant,
    /// When the database was last asked, with or without an answer.
    asked_at: Instant,
}

impl Accounts {
    /// How long an account is fresh in a running service.
    pub const FRESH: Duration = Duration::from_millis(500);

    /// How old an account may be while the database is away.
    const STALE: Duration = Duration::from_mins(5);

    /// How long a request waits for the database where an older account would do.
    const PATIENCE: Duration = Duration::from_millis(250);

    /// Caches the accounts of a database.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, fresh_for: Duration) -> Self {
        Self { storage, fresh_for, entries: RwLock::default() }
    }

    /// The account; `None` where there is none.
    ///
    /// # Errors
    /// [`StorageError`], where the database does not answer and nothing was seen in the last five minutes.
    pub async fn get(&self, id: AccountId) -> Result<Option<Arc<Account>>, StorageError> {
        Ok(self.find(id).await?.map(|(_, account)| account))
    }

    async fn find(&self, id: AccountId) -> Result<Option<(Arc<Entry>, Arc<Account>)>, StorageError> {
        let known = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        // Boxed, for it is rare and long, and what waits for it is moved with every request.
        let Some(entry) = known else { return Box::pin(self.first(id)).await };
        match entry.fresh(self.fresh_for) {
            Some(account) => Ok(Some((entry, account))),
            None => Box::pin(self.read_again(id, entry)).await,
        }
    }

    async fn read_again(
        &self,
        id: AccountId,
        entry: Arc<Entry>,
    ) -> Result<Option<(Arc<Entry>, Arc<Account>)>, StorageError> {
        let _asking = match entry.asking.try_lock() {
            Ok(asking) => asking,
            // Whoever waited here would go on together with all others who did, and stall those behind them.
            Err(_) => match entry.fresh(self.fresh_for * 3 / 2) {
                Some(account) => return Ok(Some((Arc::clone(&entry), account))),
                None => entry.asking.lock().await,
            },
        };
        // Somebody else may have asked while we waited.
        if let Some(account) = entry.fresh(self.fresh_for) {
            return Ok(Some((Arc::clone(&entry), account)));
        }
        let stale = entry.seen.load_full().filter(|seen| seen.read_at.elapsed() < Self::STALE);
        let asked = match &stale {
            None => self.storage.account(id).await,
            Some(_) => timeout(Self::PATIENCE, self.storage.account(id)).await.unwrap_or_else(|_| {
                Err(StorageError::Unavailable(format!("no answer within {} ms", Self::PATIENCE.as_millis())))
            }),
        };
        match (asked, stale) {
            (Ok(Some(account)), _) => Ok(Some((Arc::clone(&entry), entry.put(account)))),
            (Ok(None), _) => {
                self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
                Ok(None)
            }
            (Err(error), Some(stale)) => {
                tracing::warn!(account.id = id.0, %error, "an account could not be read again, and is used as it was");
                entry.asked_in_vain(&stale);
                Ok(Some((Arc::clone(&entry), Arc::clone(&stale.account))))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Forgets everything, so that the next request of each account asks the database.
    pub fn forget(&self) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn first(&self, id: AccountId) -> Result<Option<(Arc<Entry>, Arc<Account>)>, StorageError> {
        let Some(account) = self.storage.account(id).await? else { return Ok(None) };
        let entry = Arc::new(Entry::default());
        let account = entry.put(account);
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&entry));
        Ok(Some((entry, account)))
    }
}

impl Entry {
    fn fresh(&self, fresh_for: Duration) -> Option<Arc<Account>> {
        let seen = self.seen.load();
        let seen = seen.as_ref().filter(|seen| seen.asked_at.elapsed() < fresh_for)?;
        Some(Arc::clone(&seen.account))
    }

    fn put(&self, account: Account) -> Arc<Account> {
        let account = Arc::new(account);
        let now = Instant::now();
        self.seen.store(Some(Arc::new(Seen { account: Arc::clone(&account), read_at: now, asked_at: now })));
        account
    }

    /// The hash of what was shown.
    fn hash(&self, keys: &AuthenticatorHashKey, given: &CustomerAuthenticator) -> [u8; 32] {
        match self.shown.load().as_deref() {
            Some((secret, hash)) if secret.equals(&given.secret) => *hash,
            Some(_) | None => keys.hash(given.account, &given.secret),
        }
    }

    /// Remembers the hash of a secret that is one of the account's.
    fn remember(&self, secret: AuthenticatorSecret, hash: [u8; 32]) {
        if self.shown.load().as_deref().is_none_or(|(_, known)| *known != hash) {
            self.shown.store(Some(Arc::new((secret, hash))));
        }
    }

    /// Called by whoever asks the database, who alone changes it.
    fn asked_in_vain(&self, stale: &Seen) {
        self.seen.store(Some(Arc::new(Seen { asked_at: Instant::now(), ..stale.clone() })));
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::Environment;
    use boxoffice_core::account::{AccountChange, AccountOptions};
    use boxoffice_storage::{FaultyStorage, NewAccount, SqliteStorage};
    use jiff::Timestamp;

    struct World {
        storage: Arc<FaultyStorage<SqliteStorage>>,
        accounts: Accounts,
        id: AccountId,
        _directory: tempfile::TempDir,
    }

    async fn world() -> World {
        let directory = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap();
        let storage = Arc::new(FaultyStorage::new(storage));
        let account = NewAccount {
            name: "a".to_owned(),
            environment: Environment::Test,
            options: AccountOptions::new(Environment::Test),
            created_at: Timestamp::UNIX_EPOCH,
        };
        let id = storage.create_account(account).await.unwrap().id;
        let accounts = Accounts::new(Arc::clone(&storage) as Arc<dyn Storage>, Accounts::FRESH);
        World { storage, accounts, id, _directory: directory }
    }

    async fn is_enabled(world: &World) -> Result<bool, StorageError> {
        Ok(world.accounts.get(world.id).await?.unwrap().enabled)
    }

    async fn pass(milliseconds: u64) {
        // The database answers from a thread of its own, for which a paused clock must not run ahead.
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
        tokio::time::resume();
    }

    #[tokio::test]
    async fn a_change_is_seen_within_half_a_second() {
        let world = world().await;
        assert!(is_enabled(&world).await.unwrap());
        let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
        world.storage.change_account(world.id, change).await.unwrap();
        assert!(is_enabled(&world).await.unwrap());
        assert_eq!(world.storage.calls("account"), 1);
        pass(500).await;
        assert!(!is_enabled(&world).await.unwrap());
    }

    #[tokio::test]
    async fn an_account_outlives_its_database_by_five_minutes() {
        let world = world().await;
        assert!(is_enabled(&world).await.unwrap());
        world.storage.set_away(true);
        pass(299_000).await;
        assert!(is_enabled(&world).await.is_ok());
        let asked = world.storage.calls("account");
        assert!(is_enabled(&world).await.is_ok());
        assert_eq!(
            world.storage.calls("account"),
            asked,
            "a database that is away is not asked by every request"
        );
        pass(2_000).await;
        assert!(is_enabled(&world).await.is_err());
        world.storage.set_away(false);
        assert!(is_enabled(&world).await.is_ok());
    }

    #[tokio::test]
    async fn many_requests_ask_the_database_once() {
        let world = Arc::new(world().await);
        assert!(is_enabled(&world).await.unwrap());
        pass(500).await;
        let asking = (0..50).map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { is_enabled(&world).await.unwrap() })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert!(asked.await.unwrap());
        }
        assert_eq!(world.storage.calls("account"), 2);
    }

    #[tokio::test]
    async fn while_one_asks_others_go_on_with_what_is_known_and_for_less_than_a_second() {
        let world = world().await;
        assert!(is_enabled(&world).await.unwrap());
        let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
        world.storage.change_account(world.id, change).await.unwrap();
        let entry = Arc::clone(&world.accounts.entries.read().unwrap()[&world.id]);
        let asking = entry.asking.lock().await;
        pass(700).await;
        assert!(is_enabled(&world).await.unwrap());
        pass(50).await;
        let mut waiting = Box::pin(is_enabled(&world));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        drop(asking);
        assert!(!waiting.await.unwrap());
    }

    #[tokio::test]
    async fn unknown_accounts_take_no_room() {
        let world = world().await;
        assert!(world.accounts.get(AccountId(7)).await.unwrap().is_none());
        assert!(world.accounts.entries.read().unwrap().is_empty());
    }
}

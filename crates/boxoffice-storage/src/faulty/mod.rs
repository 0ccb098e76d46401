//! A database that fails on request, for tests.

mod key_storage;
mod redemptions;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use boxoffice_core::account::AccountChange;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{Account, AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::{KeyAuditRecord, KindOfRows, NewAccount, NewAuthenticator, ReadKeys, Storage, StorageError};

/// When a call fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing is done.
    Before,
    /// It is done, and its caller is not told so: a connection that breaks behind a commit.
    After,
}

/// Wraps a database and fails where it is told to; else it is the same as what it wraps.
#[derive(Debug)]
pub struct FaultyStorage<S> {
    inner: S,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    away: bool,
    calls: HashMap<&'static str, u64>,
    faults: HashMap<&'static str, Vec<(u64, Fault)>>,
}

impl<S> FaultyStorage<S> {
    /// Wraps a database. No call fails yet.
    pub fn new(inner: S) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// What is wrapped.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// Lets the `nth` call of `method` from now on fail, the next one being 1. Methods have the trait's names.
    pub fn fail(&self, method: &'static str, nth: u64, fault: Fault) {
        let mut plan = self.plan();
        let made = plan.calls.get(method).copied().unwrap_or(0);
        plan.faults.entry(method).or_default().push((made.saturating_add(nth), fault));
    }

    /// Lets every call fail, or none but those asked for with [`fail`](Self::fail): the database goes away, and comes back.
    pub fn set_away(&self, away: bool) {
        self.plan().away = away;
    }

    /// How often `method` was called.
    pub fn calls(&self, method: &str) -> u64 {
        self.plan().calls.get(method).copied().unwrap_or(0)
    }

    async fn around<T: Send>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, StorageError>> + Send,
    ) -> Result<T, StorageError> {
        match self.count(method) {
            Some(Fault::Before) => Err(failed(method, "before it was done")),
            Some(Fault::After) => {
                call.await?;
                Err(failed(method, "after it was done"))
            }
            None => call.await,
        }
    }

    fn count(&self, method: &'static str) -> Option<Fault> {
        let mut plan = self.plan();
        let made = plan.calls.entry(method).or_default();
        *made += 1;
        let made = *made;
        if plan.away {
            return Some(Fault::Before);
        }
        let faults = plan.faults.get_mut(method)?;
        let at = faults.iter().position(|&(nth, _)| nth == made)?;
        Some(faults.swap_remove(at).1)
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(method: &str, when: &str) -> StorageError {
    StorageError::Unavailable(format!("{method} was told to fail {when}"))
}

#[async_trait]
impl<S: Storage> Storage for FaultyStorage<S> {
    async fn check(&self) -> Result<(), StorageError> {
        self.around("check", self.inner.check()).await
    }

    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        self.around("create_account", self.inner.create_account(account)).await
    }

    async fn create_first_account(&self, account: NewAccount) -> Result<Option<Account>, StorageError> {
        self.around("create_first_account", self.inner.create_first_account(account)).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StorageError> {
        self.around("account", self.inner.account(id)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.around("accounts", self.inner.accounts()).await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StorageError> {
        self.around("change_account", self.inner.change_account(id, change)).await
    }

    async fn add_authenticator(
        &self,
        account: AccountId,
        authenticator: NewAuthenticator,
    ) -> Result<Option<u64>, StorageError> {
        self.around("add_authenticator", self.inner.add_authenticator(account, authenticator)).await
    }

    async fn revoke_authenticator(&self, id: u64, at: Timestamp) -> Result<bool, StorageError> {
        self.around("revoke_authenticator", self.inner.revoke_authenticator(id, at)).await
    }

    /// It writes to the log of key calls, so it fails too where `append_key_audit` is told to.
    async fn read_keys(
        &self,
        account: AccountId,
        kids: Vec<Kid>,
        record: KeyAuditRecord,
        kind: KindOfRows,
    ) -> Result<ReadKeys, StorageError> {
        let read = self.inner.read_keys(account, kids, record, kind);
        self.around("read_keys", self.around("append_key_audit", read)).await
    }

    async fn ring_keys(&self) -> Result<Vec<WrappedRingKey>, StorageError> {
        self.around("ring_keys", self.inner.ring_keys()).await
    }

    async fn add_ring_key(&self, key: WrappedRingKey) -> Result<bool, StorageError> {
        self.around("add_ring_key", self.inner.add_ring_key(key)).await
    }

    async fn remove_ring_key(
        &self,
        environment: Environment,
        purpose: Purpose,
        id: KeyId,
    ) -> Result<bool, StorageError> {
        self.around("remove_ring_key", self.inner.remove_ring_key(environment, purpose, id)).await
    }

    async fn sealed_value(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.around("sealed_value", self.inner.sealed_value(name)).await
    }

    async fn keep_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        self.around("keep_sealed_value", self.inner.keep_sealed_value(name, value)).await
    }

    async fn replace_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<(), StorageError> {
        self.around("replace_sealed_value", self.inner.replace_sealed_value(name, value)).await
    }
}

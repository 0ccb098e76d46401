//! The traits of the key storage, wrapped.

use async_trait::async_trait;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use super::FaultyStorage;
use crate::{
    AccountKeyUse, AccountKeys, AddedSeed, Content, ContentKeys, CreatedKey, KeyAudit, KeyAuditCursor,
    KeyAuditFilter, KeyAuditPage, KeyAuditRecord, KeyFilter, NewSeed, RecordedContent, RemovedAccountKey,
    Reseal, RetiredSeed, SealedPage, Seed, SeedId, Seeds, Storage, StorageError, StoredKey, UpdatedKey,
    WrappedAccountKey,
};

#[async_trait]
impl<S: Storage> AccountKeys for FaultyStorage<S> {
    async fn account_keys(&self, account: AccountId) -> Result<Vec<WrappedAccountKey>, StorageError> {
        self.around("account_keys", self.inner.account_keys(account)).await
    }

    async fn account_keys_under(
        &self,
        environment: Environment,
        storage_key: KeyId,
    ) -> Result<Vec<WrappedAccountKey>, StorageError> {
        self.around("account_keys_under", self.inner.account_keys_under(environment, storage_key)).await
    }

    async fn add_account_key(&self, key: WrappedAccountKey) -> Result<bool, StorageError> {
        self.around("add_account_key", self.inner.add_account_key(key)).await
    }

    async fn rewrap_account_key(
        &self,
        key: WrappedAccountKey,
        expected: KeyId,
    ) -> Result<bool, StorageError> {
        self.around("rewrap_account_key", self.inner.rewrap_account_key(key, expected)).await
    }

    async fn account_key_use(&self, environment: Environment) -> Result<Vec<AccountKeyUse>, StorageError> {
        self.around("account_key_use", self.inner.account_key_use(environment)).await
    }

    async fn remove_account_key(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<RemovedAccountKey, StorageError> {
        self.around("remove_account_key", self.inner.remove_account_key(account, id)).await
    }
}

#[async_trait]
impl<S: Storage> ContentKeys for FaultyStorage<S> {
    async fn create_key(
        &self,
        account: AccountId,
        key: StoredKey,
        record: KeyAuditRecord,
    ) -> Result<CreatedKey, StorageError> {
        self.around("create_key", self.inner.create_key(account, key, record)).await
    }

    async fn create_keys(
        &self,
        account: AccountId,
        keys: Vec<StoredKey>,
    ) -> Result<Vec<CreatedKey>, StorageError> {
        self.around("create_keys", self.inner.create_keys(account, keys)).await
    }

    async fn keys(&self, account: AccountId, kids: Vec<Kid>) -> Result<Vec<Option<StoredKey>>, StorageError> {
        self.around("keys", self.inner.keys(account, kids)).await
    }

    async fn key_of_track(
        &self,
        account: AccountId,
        content_id: &str,
        track: &str,
        period: Option<u32>,
    ) -> Result<Option<StoredKey>, StorageError> {
        self.around("key_of_track", self.inner.key_of_track(account, content_id, track, period)).await
    }

    async fn update_key(
        &self,
        account: AccountId,
        read: StoredKey,
        changed: StoredKey,
    ) -> Result<UpdatedKey, StorageError> {
        self.around("update_key", self.inner.update_key(account, read, changed)).await
    }

    async fn delete_key(&self, account: AccountId, kid: Kid) -> Result<bool, StorageError> {
        self.around("delete_key", self.inner.delete_key(account, kid)).await
    }

    async fn list_keys(
        &self,
        account: AccountId,
        filter: KeyFilter,
        after: Option<Kid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>, StorageError> {
        self.around("list_keys", self.inner.list_keys(account, filter, after, limit, now)).await
    }

    async fn count_keys(&self, account: AccountId) -> Result<u64, StorageError> {
        self.around("count_keys", self.inner.count_keys(account)).await
    }

    async fn sweep_expired_keys(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.around("sweep_expired_keys", self.inner.sweep_expired_keys(now, limit)).await
    }

    async fn purge_expired_keys(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.around("purge_expired_keys", self.inner.purge_expired_keys(before, limit)).await
    }

    async fn keys_sealed_under(
        &self,
        account: AccountId,
        account_key: KeyId,
        after: Option<Kid>,
        limit: u32,
    ) -> Result<SealedPage, StorageError> {
        self.around("keys_sealed_under", self.inner.keys_sealed_under(account, account_key, after, limit))
            .await
    }

    async fn reseal_keys(&self, account: AccountId, reseals: Vec<Reseal>) -> Result<u64, StorageError> {
        self.around("reseal_keys", self.inner.reseal_keys(account, reseals)).await
    }
}

#[async_trait]
impl<S: Storage> KeyAudit for FaultyStorage<S> {
    async fn append_key_audit(&self, records: Vec<KeyAuditRecord>) -> Result<(), StorageError> {
        self.around("append_key_audit", self.inner.append_key_audit(records)).await
    }

    async fn key_audit(
        &self,
        filter: KeyAuditFilter,
        after: Option<KeyAuditCursor>,
    ) -> Result<KeyAuditPage, StorageError> {
        self.around("key_audit", self.inner.key_audit(filter, after)).await
    }

    async fn purge_key_audit(&self, before: Timestamp) -> Result<u64, StorageError> {
        self.around("purge_key_audit", self.inner.purge_key_audit(before)).await
    }
}

#[async_trait]
impl<S: Storage> Seeds for FaultyStorage<S> {
    async fn add_seed(&self, seed: NewSeed) -> Result<AddedSeed, StorageError> {
        self.around("add_seed", self.inner.add_seed(seed)).await
    }

    async fn seeds(&self, account: Option<AccountId>) -> Result<Vec<Seed>, StorageError> {
        self.around("seeds", self.inner.seeds(account)).await
    }

    async fn retire_seed(&self, id: SeedId, at: Timestamp, force: bool) -> Result<RetiredSeed, StorageError> {
        self.around("retire_seed", self.inner.retire_seed(id, at, force)).await
    }

    async fn reseal_seed(
        &self,
        id: SeedId,
        expected: Vec<u8>,
        account_key: KeyId,
        sealed: Vec<u8>,
    ) -> Result<bool, StorageError> {
        self.around("reseal_seed", self.inner.reseal_seed(id, expected, account_key, sealed)).await
    }

    async fn record_content(&self, content: Content) -> Result<RecordedContent, StorageError> {
        self.around("record_content", self.inner.record_content(content)).await
    }

    async fn contents(&self, seed: SeedId, tags: Vec<[u8; 8]>) -> Result<Vec<Option<Content>>, StorageError> {
        self.around("contents", self.inner.contents(seed, tags)).await
    }

    async fn list_contents(
        &self,
        account: AccountId,
        after: Option<(SeedId, [u8; 8])>,
        limit: u32,
    ) -> Result<Vec<Content>, StorageError> {
        self.around("list_contents", self.inner.list_contents(account, after, limit)).await
    }

    async fn delete_content(
        &self,
        account: AccountId,
        content_id: &[u8],
        at: Timestamp,
    ) -> Result<u64, StorageError> {
        self.around("delete_content", self.inner.delete_content(account, content_id, at)).await
    }
}

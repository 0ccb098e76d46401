//! The traits of the key storage, each call in its lane.

use async_trait::async_trait;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use super::pool::{in_transaction, with_connection};
use super::{PostgresStorage, account_keys, content_keys, key_audit, seeds};
use crate::key_audit::EncodedRecords;
use crate::{
    AccountKeyUse, AccountKeys, AddedSeed, Content, ContentKeys, CreatedKey, KeyAudit, KeyAuditCursor,
    KeyAuditFilter, KeyAuditPage, KeyAuditRecord, KeyFilter, NewSeed, RecordedContent, RemovedAccountKey,
    Reseal, RetiredSeed, SealedPage, Seed, SeedId, Seeds, StorageError, StoredKey, UpdatedKey,
    WrappedAccountKey,
};

/// How many rows of an import one transaction writes: what a create of the same account waits for, at most.
const IMPORT_ROWS: usize = 1_024;

#[async_trait]
impl AccountKeys for PostgresStorage {
    async fn account_keys(&self, account: AccountId) -> Result<Vec<WrappedAccountKey>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| account_keys::of(client, account).await?)
    }

    async fn account_keys_under(
        &self,
        environment: Environment,
        storage_key: KeyId,
    ) -> Result<Vec<WrappedAccountKey>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| {
            account_keys::under(client, environment, storage_key).await?
        })
    }

    async fn add_account_key(&self, key: WrappedAccountKey) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| account_keys::add(transaction, &key).await?)
    }

    async fn rewrap_account_key(
        &self,
        key: WrappedAccountKey,
        expected: KeyId,
    ) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            account_keys::rewrap(transaction, &key, expected).await?
        })
    }

    async fn account_key_use(&self, environment: Environment) -> Result<Vec<AccountKeyUse>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| account_keys::usage(client, environment).await?)
    }

    async fn remove_account_key(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<RemovedAccountKey, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            account_keys::remove(transaction, account, id).await?
        })
    }
}

#[async_trait]
impl ContentKeys for PostgresStorage {
    async fn create_key(
        &self,
        account: AccountId,
        key: StoredKey,
        record: KeyAuditRecord,
    ) -> Result<CreatedKey, StorageError> {
        self.creates.call(((account, key), EncodedRecords::new(&[record]))).await
    }

    async fn create_keys(
        &self,
        account: AccountId,
        keys: Vec<StoredKey>,
    ) -> Result<Vec<CreatedKey>, StorageError> {
        let mut outcomes = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter();
        loop {
            let part: Vec<_> = keys.by_ref().take(IMPORT_ROWS).map(|key| (account, key)).collect();
            if part.is_empty() {
                return Ok(outcomes);
            }
            let _turn = self.ingest.enter().await?;
            let created: Result<_, StorageError> = in_transaction!(self.connections, |transaction| {
                content_keys::create(transaction, &part).await?
            });
            outcomes.extend(created?);
        }
    }

    async fn keys(&self, account: AccountId, kids: Vec<Kid>) -> Result<Vec<Option<StoredKey>>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| content_keys::find(client, account, &kids).await?)
    }

    async fn key_of_track(
        &self,
        account: AccountId,
        content_id: &str,
        track: &str,
        period: Option<u32>,
    ) -> Result<Option<StoredKey>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| {
            content_keys::of_track(client, account, content_id, track, period).await?
        })
    }

    async fn update_key(
        &self,
        account: AccountId,
        read: StoredKey,
        changed: StoredKey,
    ) -> Result<UpdatedKey, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| {
            content_keys::update(transaction, account, &read, &changed).await?
        })
    }

    async fn delete_key(&self, account: AccountId, kid: Kid) -> Result<bool, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| {
            content_keys::delete(transaction, account, kid).await?
        })
    }

    async fn list_keys(
        &self,
        account: AccountId,
        filter: KeyFilter,
        after: Option<Kid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| {
            content_keys::list(client, account, &filter, after, limit, now).await?
        })
    }

    async fn count_keys(&self, account: AccountId) -> Result<u64, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| content_keys::count(client, account).await?)
    }

    async fn sweep_expired_keys(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| content_keys::sweep(transaction, now, limit).await?)
    }

    async fn purge_expired_keys(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| {
            content_keys::purge(transaction, before, limit).await?
        })
    }

    async fn keys_sealed_under(
        &self,
        account: AccountId,
        account_key: KeyId,
        after: Option<Kid>,
        limit: u32,
    ) -> Result<SealedPage, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| {
            content_keys::sealed_under(client, account, account_key, after, limit).await?
        })
    }

    async fn reseal_keys(&self, account: AccountId, reseals: Vec<Reseal>) -> Result<u64, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| {
            content_keys::reseal(transaction, account, &reseals).await?
        })
    }
}

#[async_trait]
impl Seeds for PostgresStorage {
    async fn add_seed(&self, seed: NewSeed) -> Result<AddedSeed, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| seeds::add(transaction, &seed).await?)
    }

    async fn seeds(&self, account: Option<AccountId>) -> Result<Vec<Seed>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| seeds::all(client, account).await?)
    }

    async fn retire_seed(&self, id: SeedId, at: Timestamp, force: bool) -> Result<RetiredSeed, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| seeds::retire(transaction, id, at, force).await?)
    }

    async fn reseal_seed(
        &self,
        id: SeedId,
        expected: Vec<u8>,
        account_key: KeyId,
        sealed: Vec<u8>,
    ) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            seeds::reseal(transaction, id, &expected, account_key, &sealed).await?
        })
    }

    async fn record_content(&self, content: Content) -> Result<RecordedContent, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| seeds::record_content(transaction, &content).await?)
    }

    async fn contents(&self, seed: SeedId, tags: Vec<[u8; 8]>) -> Result<Vec<Option<Content>>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| seeds::contents(client, seed, &tags).await?)
    }

    async fn list_contents(
        &self,
        account: AccountId,
        after: Option<(SeedId, [u8; 8])>,
        limit: u32,
    ) -> Result<Vec<Content>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| {
            seeds::list_contents(client, account, after, limit).await?
        })
    }

    async fn delete_content(
        &self,
        account: AccountId,
        content_id: &[u8],
        at: Timestamp,
    ) -> Result<u64, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            seeds::delete_content(transaction, account, content_id, at).await?
        })
    }
}

#[async_trait]
impl KeyAudit for PostgresStorage {
    async fn append_key_audit(&self, records: Vec<KeyAuditRecord>) -> Result<(), StorageError> {
        self.audit.call(EncodedRecords::new(&records)).await
    }

    async fn key_audit(
        &self,
        filter: KeyAuditFilter,
        after: Option<KeyAuditCursor>,
    ) -> Result<KeyAuditPage, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| key_audit::search(client, &filter, after).await?)
    }

    async fn purge_key_audit(&self, before: Timestamp) -> Result<u64, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| key_audit::purge(transaction, before).await?)
    }
}

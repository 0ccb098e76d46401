//! The traits of the key storage, each call sent to the thread that it belongs to.

use std::collections::VecDeque;

use async_trait::async_trait;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::{AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use super::writer::Transaction;
use super::{SqliteStorage, account_keys, content_keys, key_audit, seeds};
use crate::key_audit::EncodedRecords;
use crate::{
    AccountKeyUse, AccountKeys, AddedSeed, Content, ContentKeys, CreatedKey, KeyAudit, KeyAuditCursor,
    KeyAuditFilter, KeyAuditPage, KeyAuditRecord, KeyFilter, NewSeed, RecordedContent, RemovedAccountKey,
    Reseal, RetiredSeed, SealedPage, Seed, SeedId, Seeds, StorageError, StoredKey, UpdatedKey,
    WrappedAccountKey,
};

/// How many rows of an import one job writes: what somebody who comes in between waits for, at most.
const IMPORT_ROWS: usize = 256;

/// How many of its jobs wait at once: two transactions of them, one that is written and one that comes next.
const IMPORT_JOBS: usize = 8;

#[async_trait]
impl AccountKeys for SqliteStorage {
    async fn account_keys(&self, account: AccountId) -> Result<Vec<WrappedAccountKey>, StorageError> {
        self.read(move |connection| account_keys::of(connection, account)).await
    }

    async fn account_keys_under(
        &self,
        environment: Environment,
        storage_key: KeyId,
    ) -> Result<Vec<WrappedAccountKey>, StorageError> {
        self.scan(move |connection| account_keys::under(connection, environment, storage_key)).await
    }

    async fn add_account_key(&self, key: WrappedAccountKey) -> Result<bool, StorageError> {
        self.write(move |transaction| account_keys::add(&transaction.connection, &key)).await
    }

    async fn rewrap_account_key(
        &self,
        key: WrappedAccountKey,
        expected: KeyId,
    ) -> Result<bool, StorageError> {
        self.write(move |transaction| account_keys::rewrap(&transaction.connection, &key, expected)).await
    }

    async fn account_key_use(&self, environment: Environment) -> Result<Vec<AccountKeyUse>, StorageError> {
        self.scan(move |connection| account_keys::usage(connection, environment)).await
    }

    async fn remove_account_key(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<RemovedAccountKey, StorageError> {
        self.write(move |transaction| account_keys::remove(transaction, account, id)).await
    }
}

#[async_trait]
impl ContentKeys for SqliteStorage {
    async fn create_key(
        &self,
        account: AccountId,
        key: StoredKey,
        record: KeyAuditRecord,
    ) -> Result<CreatedKey, StorageError> {
        let record = EncodedRecords::new(&[record]);
        let create = move |transaction: &Transaction| {
            let created = content_keys::create(transaction, account, std::slice::from_ref(&key))?;
            let created = created.into_iter().next().expect("one key has one outcome");
            if created == CreatedKey::Created {
                transaction.audit.borrow_mut().append(&record);
            }
            Ok(created)
        };
        self.ingest(1, create).await
    }

    async fn create_keys(
        &self,
        account: AccountId,
        keys: Vec<StoredKey>,
    ) -> Result<Vec<CreatedKey>, StorageError> {
        let mut outcomes = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter();
        let mut waiting = VecDeque::with_capacity(IMPORT_JOBS);
        // In jobs of a size, so that somebody who comes in between waits for one of them and not for all; several
        // of them ahead, so that the writer never waits for us.
        loop {
            let part: Vec<_> = keys.by_ref().take(IMPORT_ROWS).collect();
            let at_end = part.is_empty();
            if !at_end {
                let rows = part.len();
                let create =
                    move |transaction: &Transaction| content_keys::create(transaction, account, &part);
                waiting.push_back(self.begin_ingest(rows, create)?);
            }
            while waiting.len() >= IMPORT_JOBS || at_end {
                let Some(next) = waiting.pop_front() else { return Ok(outcomes) };
                outcomes.extend(next.outcome().await?);
            }
        }
    }

    async fn keys(&self, account: AccountId, kids: Vec<Kid>) -> Result<Vec<Option<StoredKey>>, StorageError> {
        self.read(move |connection| content_keys::find_all(connection, account, &kids)).await
    }

    async fn key_of_track(
        &self,
        account: AccountId,
        content_id: &str,
        track: &str,
        period: Option<u32>,
    ) -> Result<Option<StoredKey>, StorageError> {
        let (content_id, track) = (content_id.to_owned(), track.to_owned());
        self.read(move |connection| content_keys::of_track(connection, account, &content_id, &track, period))
            .await
    }

    async fn update_key(
        &self,
        account: AccountId,
        read: StoredKey,
        changed: StoredKey,
    ) -> Result<UpdatedKey, StorageError> {
        self.ingest(1, move |transaction| content_keys::update(transaction, account, &read, &changed)).await
    }

    async fn delete_key(&self, account: AccountId, kid: Kid) -> Result<bool, StorageError> {
        self.ingest(1, move |transaction| content_keys::delete(transaction, account, kid)).await
    }

    async fn list_keys(
        &self,
        account: AccountId,
        filter: KeyFilter,
        after: Option<Kid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>, StorageError> {
        self.scan(move |connection| content_keys::list(connection, account, &filter, after, limit, now)).await
    }

    async fn count_keys(&self, account: AccountId) -> Result<u64, StorageError> {
        self.read(move |connection| content_keys::count(connection, account)).await
    }

    async fn sweep_expired_keys(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.ingest(limit as usize, move |transaction| content_keys::sweep(transaction, now, limit)).await
    }

    async fn purge_expired_keys(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.ingest(limit as usize, move |transaction| content_keys::purge(transaction, before, limit)).await
    }

    async fn keys_sealed_under(
        &self,
        account: AccountId,
        account_key: KeyId,
        after: Option<Kid>,
        limit: u32,
    ) -> Result<SealedPage, StorageError> {
        self.scan(move |connection| {
            content_keys::sealed_under(connection, account, account_key, after, limit)
        })
        .await
    }

    async fn reseal_keys(&self, account: AccountId, reseals: Vec<Reseal>) -> Result<u64, StorageError> {
        self.ingest(reseals.len(), move |transaction| content_keys::reseal(transaction, account, &reseals))
            .await
    }
}

#[async_trait]
impl Seeds for SqliteStorage {
    async fn add_seed(&self, seed: NewSeed) -> Result<AddedSeed, StorageError> {
        self.write(move |transaction| seeds::add(&transaction.connection, &seed)).await
    }

    async fn seeds(&self, account: Option<AccountId>) -> Result<Vec<Seed>, StorageError> {
        self.read(move |connection| seeds::all(connection, account)).await
    }

    async fn retire_seed(&self, id: SeedId, at: Timestamp, force: bool) -> Result<RetiredSeed, StorageError> {
        self.write(move |transaction| seeds::retire(&transaction.connection, id, at, force)).await
    }

    async fn reseal_seed(
        &self,
        id: SeedId,
        expected: Vec<u8>,
        account_key: KeyId,
        sealed: Vec<u8>,
    ) -> Result<bool, StorageError> {
        self.write(move |transaction| {
            seeds::reseal(&transaction.connection, id, &expected, account_key, &sealed)
        })
        .await
    }

    async fn record_content(&self, content: Content) -> Result<RecordedContent, StorageError> {
        self.ingest(1, move |transaction| seeds::record_content(&transaction.connection, &content)).await
    }

    async fn contents(&self, seed: SeedId, tags: Vec<[u8; 8]>) -> Result<Vec<Option<Content>>, StorageError> {
        self.read(move |connection| seeds::contents(connection, seed, &tags)).await
    }

    async fn list_contents(
        &self,
        account: AccountId,
        after: Option<(SeedId, [u8; 8])>,
        limit: u32,
    ) -> Result<Vec<Content>, StorageError> {
        self.scan(move |connection| seeds::list_contents(connection, account, after, limit)).await
    }

    async fn delete_content(
        &self,
        account: AccountId,
        content_id: &[u8],
        at: Timestamp,
    ) -> Result<u64, StorageError> {
        let content_id = content_id.to_vec();
        self.write(move |transaction| {
            seeds::delete_content(&transaction.connection, account, &content_id, at)
        })
        .await
    }
}

#[async_trait]
impl KeyAudit for SqliteStorage {
    async fn append_key_audit(&self, records: Vec<KeyAuditRecord>) -> Result<(), StorageError> {
        let encoded = EncodedRecords::new(&records);
        self.write(move |transaction| {
            transaction.audit.borrow_mut().append(&encoded);
            Ok(())
        })
        .await
    }

    async fn key_audit(
        &self,
        filter: KeyAuditFilter,
        after: Option<KeyAuditCursor>,
    ) -> Result<KeyAuditPage, StorageError> {
        self.scan(move |connection| key_audit::search(connection, &filter, after)).await
    }

    async fn purge_key_audit(&self, before: Timestamp) -> Result<u64, StorageError> {
        self.ingest(1, move |transaction| key_audit::purge(&transaction.connection, before)).await
    }
}

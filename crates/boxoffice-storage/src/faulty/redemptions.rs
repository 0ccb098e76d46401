//! The traits of redemptions and their records, wrapped.

use async_trait::async_trait;
use boxoffice_core::{AccountId, Environment};
use jiff::Timestamp;

use super::FaultyStorage;
use crate::{
    Grant, GrantOutcome, NewestRecords, OneTimeUse, Record, RecordCursor, RecordFilter, RecordId, RecordPage,
    Records, Redemptions, RememberedAnswer, RenewOutcome, SessionEvent, Storage, StorageError, StoredRecord,
    Stream,
};

#[async_trait]
impl<S: Storage> Redemptions for FaultyStorage<S> {
    async fn grant(&self, grant: Grant) -> Result<GrantOutcome, StorageError> {
        self.around("grant", self.inner.grant(grant)).await
    }

    async fn is_used(&self, one_time: OneTimeUse) -> Result<bool, StorageError> {
        self.around("is_used", self.inner.is_used(one_time)).await
    }

    async fn renew(
        &self,
        event: SessionEvent,
        active_until: Timestamp,
    ) -> Result<RenewOutcome, StorageError> {
        self.around("renew", self.inner.renew(event, active_until)).await
    }

    async fn release(&self, event: SessionEvent, expires: Timestamp) -> Result<RecordId, StorageError> {
        self.around("release", self.inner.release(event, expires)).await
    }

    async fn streams(
        &self,
        account: AccountId,
        user_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Stream>, StorageError> {
        self.around("streams", self.inner.streams(account, user_id, now)).await
    }

    async fn remembered_answer(
        &self,
        environment: Environment,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<RememberedAnswer>, StorageError> {
        self.around("remembered_answer", self.inner.remembered_answer(environment, key, now)).await
    }

    async fn sweep_redemptions(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.around("sweep_redemptions", self.inner.sweep_redemptions(now, limit)).await
    }
}

#[async_trait]
impl<S: Storage> Records for FaultyStorage<S> {
    async fn add_record(
        &self,
        record: Record,
        answer: Option<RememberedAnswer>,
    ) -> Result<RecordId, StorageError> {
        self.around("add_record", self.inner.add_record(record, answer)).await
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StorageError> {
        self.around("record", self.inner.record(id)).await
    }

    async fn newest_records(&self, query: NewestRecords) -> Result<Vec<StoredRecord>, StorageError> {
        self.around("newest_records", self.inner.newest_records(query)).await
    }

    async fn search_records(
        &self,
        filter: RecordFilter,
        after: Option<RecordCursor>,
        limit: u32,
    ) -> Result<RecordPage, StorageError> {
        self.around("search_records", self.inner.search_records(filter, after, limit)).await
    }

    async fn records_after(&self, after: RecordId, limit: u32) -> Result<Vec<StoredRecord>, StorageError> {
        self.around("records_after", self.inner.records_after(after, limit)).await
    }

    async fn last_record(&self) -> Result<RecordId, StorageError> {
        self.around("last_record", self.inner.last_record()).await
    }

    async fn delete_records(&self, ids: Vec<RecordId>) -> Result<u64, StorageError> {
        self.around("delete_records", self.inner.delete_records(ids)).await
    }
}

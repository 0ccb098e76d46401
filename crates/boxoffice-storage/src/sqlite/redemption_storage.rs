//! The traits of redemptions and their records, each call sent to the thread that it belongs to.

use async_trait::async_trait;
use boxoffice_core::{AccountId, Environment};
use jiff::Timestamp;

use super::{SqliteStorage, records, redemptions};
use crate::{
    Grant, GrantOutcome, NewestRecords, OneTimeUse, Record, RecordCursor, RecordFilter, RecordId, RecordPage,
    Records, Redemptions, RememberedAnswer, RenewOutcome, SessionEvent, StorageError, StoredRecord, Stream,
};

#[async_trait]
impl Redemptions for SqliteStorage {
    async fn grant(&self, grant: Grant) -> Result<GrantOutcome, StorageError> {
        self.write_licence(grant.others_follow, move |transaction| {
            redemptions::grant(&transaction.connection, &grant)
        })
        .await
    }

    async fn is_used(&self, one_time: OneTimeUse) -> Result<bool, StorageError> {
        self.read(move |connection| redemptions::is_used(connection, &one_time)).await
    }

    async fn renew(
        &self,
        event: SessionEvent,
        active_until: Timestamp,
    ) -> Result<RenewOutcome, StorageError> {
        self.write_licence(false, move |transaction| {
            redemptions::renew(&transaction.connection, &event, active_until)
        })
        .await
    }

    async fn release(&self, event: SessionEvent, expires: Timestamp) -> Result<RecordId, StorageError> {
        self.write_licence(false, move |transaction| {
            redemptions::release(&transaction.connection, &event, expires)
        })
        .await
    }

    async fn streams(
        &self,
        account: AccountId,
        user_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Stream>, StorageError> {
        let user_id = user_id.to_owned();
        self.read(move |connection| redemptions::streams(connection, account, &user_id, now)).await
    }

    async fn remembered_answer(
        &self,
        environment: Environment,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<RememberedAnswer>, StorageError> {
        let key = key.to_owned();
        self.read(move |connection| redemptions::remembered_answer(connection, environment, &key, now)).await
    }

    async fn sweep_redemptions(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.ingest(limit as usize, move |transaction| {
            redemptions::sweep(&transaction.connection, now, limit)
        })
        .await
    }
}

#[async_trait]
impl Records for SqliteStorage {
    async fn add_record(
        &self,
        record: Record,
        answer: Option<RememberedAnswer>,
    ) -> Result<RecordId, StorageError> {
        self.write(move |transaction| {
            redemptions::add_record(&transaction.connection, &record, answer.as_ref())
        })
        .await
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StorageError> {
        self.read(move |connection| records::find(connection, id)).await
    }

    async fn newest_records(&self, query: NewestRecords) -> Result<Vec<StoredRecord>, StorageError> {
        self.scan(move |connection| records::newest(connection, &query)).await
    }

    async fn search_records(
        &self,
        filter: RecordFilter,
        after: Option<RecordCursor>,
        limit: u32,
    ) -> Result<RecordPage, StorageError> {
        self.scan(move |connection| records::search(connection, &filter, after, limit)).await
    }

    async fn records_after(&self, after: RecordId, limit: u32) -> Result<Vec<StoredRecord>, StorageError> {
        self.scan(move |connection| records::after(connection, after, limit)).await
    }

    async fn last_record(&self) -> Result<RecordId, StorageError> {
        self.read(records::last).await
    }

    async fn delete_records(&self, ids: Vec<RecordId>) -> Result<u64, StorageError> {
        self.ingest(ids.len(), move |transaction| records::delete(&transaction.connection, &ids)).await
    }
}

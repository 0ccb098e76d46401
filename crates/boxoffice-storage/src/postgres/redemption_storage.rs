//! The traits of redemptions and their records, each call in its group or lane.

use async_trait::async_trait;
use boxoffice_core::{AccountId, Environment};
use jiff::Timestamp;

use super::pool::{in_transaction, with_connection};
use super::redemptions::{Redeemed, Redemption};
use super::{PostgresStorage, records, redemptions};
use crate::{
    Grant, GrantOutcome, NewestRecords, OneTimeUse, Record, RecordCursor, RecordFilter, RecordId, RecordPage,
    Records, Redemptions, RememberedAnswer, RenewOutcome, SessionEvent, StorageError, StoredRecord, Stream,
};

/// Every kind of job has its own kind of outcome.
fn mixed_up() -> StorageError {
    StorageError::Broken("a redemption has another one's outcome".to_owned())
}

#[async_trait]
impl Redemptions for PostgresStorage {
    async fn grant(&self, grant: Grant) -> Result<GrantOutcome, StorageError> {
        match self.redemptions.call(Redemption::Grant(Box::new(grant))).await? {
            Redeemed::Grant(outcome) => Ok(outcome),
            Redeemed::Record(_) | Redeemed::Renew(_) => Err(mixed_up()),
        }
    }

    async fn is_used(&self, one_time: OneTimeUse) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| redemptions::is_used(client, &one_time).await?)
    }

    async fn renew(
        &self,
        event: SessionEvent,
        active_until: Timestamp,
    ) -> Result<RenewOutcome, StorageError> {
        match self.redemptions.call(Redemption::Renew { event: Box::new(event), active_until }).await? {
            Redeemed::Renew(outcome) => Ok(outcome),
            Redeemed::Grant(_) | Redeemed::Record(_) => Err(mixed_up()),
        }
    }

    async fn release(&self, event: SessionEvent, expires: Timestamp) -> Result<RecordId, StorageError> {
        match self.redemptions.call(Redemption::Release { event: Box::new(event), expires }).await? {
            Redeemed::Record(id) => Ok(id),
            Redeemed::Grant(_) | Redeemed::Renew(_) => Err(mixed_up()),
        }
    }

    async fn streams(
        &self,
        account: AccountId,
        user_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Stream>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| {
            redemptions::streams(client, account, user_id, now).await?
        })
    }

    async fn remembered_answer(
        &self,
        environment: Environment,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<RememberedAnswer>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| {
            redemptions::remembered_answer(client, environment, key, now).await?
        })
    }

    async fn sweep_redemptions(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| redemptions::sweep(transaction, now, limit).await?)
    }
}

#[async_trait]
impl Records for PostgresStorage {
    async fn add_record(
        &self,
        record: Record,
        answer: Option<RememberedAnswer>,
    ) -> Result<RecordId, StorageError> {
        match self.redemptions.call(Redemption::Record { record: Box::new(record), answer }).await? {
            Redeemed::Record(id) => Ok(id),
            Redeemed::Grant(_) | Redeemed::Renew(_) => Err(mixed_up()),
        }
    }

    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| records::find(client, id).await?)
    }

    async fn newest_records(&self, query: NewestRecords) -> Result<Vec<StoredRecord>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| records::newest(client, &query).await?)
    }

    async fn search_records(
        &self,
        filter: RecordFilter,
        after: Option<RecordCursor>,
        limit: u32,
    ) -> Result<RecordPage, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| records::search(client, &filter, after, limit).await?)
    }

    async fn records_after(&self, after: RecordId, limit: u32) -> Result<Vec<StoredRecord>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| records::after(client, after, limit).await?)
    }

    async fn last_record(&self) -> Result<RecordId, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| records::last(client).await?)
    }

    async fn delete_records(&self, ids: Vec<RecordId>) -> Result<u64, StorageError> {
        let _turn = self.ingest.enter().await?;
        in_transaction!(self.connections, |transaction| records::delete(transaction, &ids).await?)
    }
}

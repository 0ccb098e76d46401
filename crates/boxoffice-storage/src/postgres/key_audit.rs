//! Audit records of key calls, a block a commit.

use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;

use super::error::Fault;
use super::group::Batch;
use super::row;
use crate::key_audit::{Block, EncodedRecords};
use crate::{KeyAuditCursor, KeyAuditFilter, KeyAuditPage, column};

/// How many blocks, and how many bytes of them, one part of a search reads at most.
const PAGE_BLOCKS: usize = 256;
const PAGE_BYTES: usize = 4 << 20;

/// Records that wait together.
pub(super) struct Append;

impl Batch for Append {
    type Job = EncodedRecords;
    type Outcome = ();
    const MOST: usize = 1_024;

    async fn run(transaction: &Transaction<'_>, jobs: &[EncodedRecords]) -> Result<Vec<()>, Fault> {
        append(transaction, jobs).await?;
        Ok(vec![(); jobs.len()])
    }
}

/// Writes records as one block.
pub(super) async fn append(
    transaction: &Transaction<'_>,
    records: impl IntoIterator<Item = &EncodedRecords>,
) -> Result<(), Fault> {
    let mut block = EncodedRecords::default();
    for record in records {
        block.append(record);
    }
    if block.records > 0 {
        let insert = transaction
            .prepare_cached(
                "INSERT INTO key_audit_blocks (first_time, last_time, records, body) VALUES ($1, $2, $3, $4)",
            )
            .await?;
        transaction
            .execute(&insert, &[&block.first_time, &block.last_time, &block.records, &block.body])
            .await?;
    }
    Ok(())
}

pub(super) async fn search(
    client: &impl GenericClient,
    filter: &KeyAuditFilter,
    after: Option<KeyAuditCursor>,
) -> Result<KeyAuditPage, Fault> {
    // How long the blocks are is asked first, since an answer comes as a whole.
    let select = client
        .prepare_cached(
            "SELECT id, length(body)::int8 FROM key_audit_blocks \
             WHERE id > $1 AND last_time >= $2 AND first_time < $3 ORDER BY id LIMIT $4",
        )
        .await?;
    let from = filter.from.map_or(i64::MIN, column::from_time);
    let to = filter.to.map_or(i64::MAX, column::from_time);
    let most = i64::try_from(PAGE_BLOCKS).unwrap_or(i64::MAX);
    let found = client.query(&select, &[&after.map_or(0, |after| after.block), &from, &to, &most]).await?;
    let (mut blocks, mut bytes) = (Vec::<i64>::new(), 0);
    for row in &found {
        blocks.push(row::get(row, 0)?);
        bytes += row::number::<usize>(row, 1, "a block's length")?;
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    let mut page = KeyAuditPage { records: Vec::new(), next: None };
    if (bytes >= PAGE_BYTES || blocks.len() == PAGE_BLOCKS)
        && let Some(&block) = blocks.last()
    {
        page.next = Some(KeyAuditCursor { block });
    }
    let select =
        client.prepare_cached("SELECT body FROM key_audit_blocks WHERE id = ANY($1) ORDER BY id").await?;
    for row in client.query(&select, &[&blocks]).await? {
        for record in Block(row::get(&row, 0)?) {
            let record = record?;
            if filter.matches(&record) {
                page.records.push(record);
            }
        }
    }
    Ok(page)
}

pub(super) async fn purge(client: &impl GenericClient, before: Timestamp) -> Result<u64, Fault> {
    let delete = client
        .prepare_cached(
            "WITH purged AS (DELETE FROM key_audit_blocks WHERE last_time < $1 RETURNING records) \
             SELECT COALESCE(SUM(records), 0)::int8 FROM purged",
        )
        .await?;
    row::number(&client.query_one(&delete, &[&column::from_time(before)]).await?, 0, "a count of records")
}

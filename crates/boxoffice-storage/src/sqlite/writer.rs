//! The one thread that writes: everything that waits goes into one transaction, and nobody is answered before it is
//! on stable storage.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::StorageError;
use crate::key_audit::EncodedRecords;
use crate::sqlite::job::Job;
use crate::sqlite::key_audit;
use crate::sqlite::queue::Queue;

/// The most interactive jobs of one transaction, which bounds how long the first of them waits.
const BATCH: usize = 1_024;

/// How many rows of ingest a transaction takes whoever waits, and how many at most.
const INGEST_SHARE: usize = 64;
const INGEST_ROWS: usize = 1_024;

/// What waits for the writer.
pub(super) struct WriteJob {
    pub(super) job: Box<dyn Job>,
    /// How many rows it writes, about: imports leave room by it.
    pub(super) rows: usize,
    /// Audit records that go into the commit's block, if the job succeeds.
    pub(super) audit: Option<EncodedRecords>,
}

/// A transaction with more ingest rows than this is followed by a pause, in which other processes get at the lock.
const PAUSE_AFTER_ROWS: usize = 256;
const PAUSE: Duration = Duration::from_millis(2);

/// The write-ahead log is brought into the file once it has so many pages of 4 KiB.
const CHECKPOINT_PAGES: i64 = 2_048;

/// Works until the queue is closed and empty.
pub(super) fn run(connection: &Connection, queue: &Arc<Queue<WriteJob>>) {
    let mut jobs = Vec::new();
    while queue.wait() {
        queue.take_share(1, BATCH, &mut jobs);
        jobs.retain(|waiting| !waiting.job.is_abandoned());
        let mut ingest_rows = 0;
        let mut block = EncodedRecords::default();
        let mut ended = execute(connection, "BEGIN IMMEDIATE");
        if ended.is_ok() {
            for waiting in &mut jobs {
                run_one(connection, waiting, &mut block);
            }
            // Ingest has its share of every transaction, so that it is not starved either; what goes beyond that
            // stops once somebody waits again.
            while ingest_rows < INGEST_ROWS {
                let Some(mut waiting) = queue.take_ingest(ingest_rows >= INGEST_SHARE) else { break };
                if waiting.job.is_abandoned() {
                    continue;
                }
                run_one(connection, &mut waiting, &mut block);
                ingest_rows += waiting.rows;
                jobs.push(waiting);
            }
            ended = end(connection, &block);
        } else if jobs.is_empty() {
            // Nobody interactive is there to hear it, so it is the ingest jobs that do; else they would wait for ever.
            jobs.extend(std::iter::from_fn(|| queue.take_ingest(false)).take(INGEST_SHARE));
        }
        for waiting in jobs.drain(..) {
            waiting.job.answer(&ended);
        }
        checkpoint(connection);
        if ingest_rows > PAUSE_AFTER_ROWS {
            queue.pause(PAUSE);
        }
    }
}

/// Runs one job so that, where it fails, the others' work stays and its own goes.
fn run_one(connection: &Connection, waiting: &mut WriteJob, block: &mut EncodedRecords) {
    if let Some(audit) = &waiting.audit {
        // Adding to the block writes nothing yet, so there is nothing to take back.
        if waiting.job.run(connection) {
            block.append(audit);
        }
        return;
    }
    // SQLite ends the whole transaction by itself on some errors (a full disk): then nothing more is written,
    // and `end` tells everybody.
    if connection.is_autocommit() || execute(connection, "SAVEPOINT job").is_err() {
        return;
    }
    if !waiting.job.run(connection) && !connection.is_autocommit() {
        drop(execute(connection, "ROLLBACK TO job"));
    }
    if !connection.is_autocommit() {
        drop(execute(connection, "RELEASE job"));
    }
}

fn end(connection: &Connection, block: &EncodedRecords) -> Result<(), StorageError> {
    if connection.is_autocommit() {
        return Err(StorageError::Unavailable("the database ended the transaction by itself".to_owned()));
    }
    let ended = append(connection, block).and_then(|()| execute(connection, "COMMIT"));
    if ended.is_err() && !connection.is_autocommit() {
        drop(execute(connection, "ROLLBACK"));
    }
    ended
}

fn append(connection: &Connection, block: &EncodedRecords) -> Result<(), StorageError> {
    if block.records > 0 {
        key_audit::append(connection, block)?;
    }
    Ok(())
}

fn execute(connection: &Connection, statement: &str) -> Result<(), StorageError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// Moves a long write-ahead log into the file. What fails here is tried again after the next transaction; the log
/// holds everything meanwhile.
fn checkpoint(connection: &Connection) {
    let pages = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut measure| measure.query_row([], |row| row.get::<_, i64>(1)));
    if pages.is_ok_and(|pages| pages >= CHECKPOINT_PAGES) {
        let passive = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)");
        drop(passive.and_then(|mut passive| passive.query_row([], |_| Ok(()))));
    }
}

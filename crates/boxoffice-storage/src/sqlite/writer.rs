//! The one thread that writes: everything that waits goes into one transaction, and nobody is answered before it is
//! on stable storage.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::StorageError;
use crate::sqlite::job::Job;
use crate::sqlite::queue::Queue;

/// The most interactive jobs of one transaction, which bounds how long the first of them waits.
const BATCH: usize = 1_024;

/// The most ingest jobs of one transaction.
const INGEST_BATCH: usize = 256;

/// What a write costs, in rows; an ingest job says it, so that imports leave room.
pub(super) struct WriteJob {
    pub(super) job: Box<dyn Job>,
    pub(super) rows: usize,
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
        let mut ended = connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        if ended.is_ok() {
            for waiting in &mut jobs {
                run_one(connection, waiting);
            }
            // Ingest fills what is left of the transaction, and ends it once somebody waits again.
            for _ in 0..INGEST_BATCH {
                if ingest_rows >= PAUSE_AFTER_ROWS * 4 {
                    break;
                }
                let Some(mut waiting) = queue.take_ingest() else { break };
                if waiting.job.is_abandoned() {
                    continue;
                }
                run_one(connection, &mut waiting);
                ingest_rows += waiting.rows;
                jobs.push(waiting);
            }
            ended = end(connection);
        } else if jobs.is_empty() {
            // Nobody interactive is there to hear it, so it is the ingest jobs that do; else they would wait for ever.
            jobs.extend(std::iter::from_fn(|| queue.take_ingest()).take(INGEST_BATCH));
        }
        let ended = ended.map(drop).map_err(StorageError::from);
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
fn run_one(connection: &Connection, waiting: &mut WriteJob) {
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

fn end(connection: &Connection) -> rusqlite::Result<usize> {
    let ended = execute(connection, "COMMIT");
    if ended.is_err() && !connection.is_autocommit() {
        drop(execute(connection, "ROLLBACK"));
    }
    ended
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute([])
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

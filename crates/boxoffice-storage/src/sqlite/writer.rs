//! The one thread that writes: everything that waits goes into one transaction, and nobody is answered before it is
//! on stable storage.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::StorageError;
use crate::key_audit::EncodedRecords;
use crate::sqlite::job::Job;
use crate::sqlite::key_audit;
use crate::sqlite::queue::{Lane, Queue};
use crate::sqlite::tally::Tally;

/// The most interactive jobs of one transaction, which bounds how long the first of them waits.
const BATCH: usize = 1_024;

/// How many rows of ingest a transaction takes whoever waits, and how many at most.
const INGEST_SHARE: usize = 64;
const INGEST_ROWS: usize = 1_024;

/// A transaction with more ingest rows than this is followed by a pause, in which other processes get at the lock.
const PAUSE_AFTER_ROWS: usize = 512;
const PAUSE: Duration = Duration::from_millis(2);

/// The least time from one transaction's begin to the next. What comes meanwhile shares a commit, which costs as much
/// for one row as for fifty; whoever comes after a silence waits for nothing.
const GATHER: Duration = Duration::from_micros(400);

/// Licences that come one by one, as fast as cryptography makes them, go on sharing a commit while more of them come
/// within [`GATHER`]: until there are so many, or the first has waited so long.
const ENOUGH: usize = 16;
const PATIENCE: Duration = Duration::from_millis(4);

/// How long a licence waits where others are sure to follow. Nobody looks meanwhile, as each look takes time from who makes
/// them.
const CROWD: Duration = Duration::from_millis(8);

/// The write-ahead log is brought into the file once it has so many pages of 2 KiB. To ask how many it has takes about as
/// long as to write two rows, so it is asked after so many transactions only, and after each one that is long.
const CHECKPOINT_PAGES: i64 = 4_096;
const TRANSACTIONS_A_LOOK: u32 = 16;

/// What waits for the writer.
pub(super) struct WriteJob {
    pub(super) job: Box<dyn Job<Transaction>>,
    pub(super) purpose: Purpose,
}

/// What a write is for, which says when it is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// A licence: what came before it took longer than to wait a little for others does.
    Licence {
        /// Whether more of them are sure to come.
        others_follow: bool,
    },
    /// Anything else that somebody waits for.
    Call,
    /// So many rows, about, which nobody waits for.
    Ingest(usize),
}

impl Purpose {
    pub(super) const fn lane(self) -> Lane {
        match self {
            Self::Licence { .. } | Self::Call => Lane::Interactive,
            Self::Ingest(_) => Lane::Ingest,
        }
    }

    const fn rows(self) -> usize {
        match self {
            Self::Licence { .. } | Self::Call => 0,
            Self::Ingest(rows) => rows,
        }
    }
}

/// What the jobs of one transaction write into.
pub(super) struct Transaction {
    pub(super) connection: Connection,
    /// Counts that go up and down with rows, written once for all jobs.
    pub(super) tally: RefCell<Tally>,
    /// Audit records, written as one block for all jobs.
    pub(super) audit: RefCell<EncodedRecords>,
}

impl Transaction {
    pub(super) const fn on(connection: Connection) -> Self {
        Self {
            connection,
            tally: RefCell::new(Tally::new()),
            audit: RefCell::new(EncodedRecords { first_time: 0, last_time: 0, records: 0, body: Vec::new() }),
        }
    }

    /// Writes what was put together, for whoever reads it in the same transaction.
    pub(super) fn flush(&self) -> Result<(), StorageError> {
        self.tally.take().write(&self.connection)?;
        let audit = self.audit.take();
        if audit.records > 0 {
            key_audit::append(&self.connection, &audit)?;
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), StorageError> {
        self.execute("BEGIN IMMEDIATE")
    }

    fn commit(&self) -> Result<(), StorageError> {
        self.flush()?;
        self.execute("COMMIT")
    }

    fn roll_back(&self) {
        self.tally.take();
        self.audit.take();
        // SQLite ends a transaction by itself on some errors (a full disk).
        if !self.connection.is_autocommit() {
            drop(self.execute("ROLLBACK"));
        }
    }

    fn execute(&self, statement: &str) -> Result<(), StorageError> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

/// Works until the queue is closed and empty.
pub(super) fn run(transaction: &Transaction, queue: &Queue<WriteJob>) {
    let mut jobs = Vec::new();
    let mut next: Option<Instant> = None;
    let mut shared = false;
    let mut unseen = 0;
    while queue.wait() {
        if let Some(early) = next.and_then(|next| next.checked_duration_since(Instant::now())) {
            thread::park_timeout(early);
        }
        gather_licences(queue, shared);
        next = Instant::now().checked_add(GATHER);
        queue.take_share(1, BATCH, &mut jobs);
        shared = jobs.len() > 1;
        jobs.retain(|waiting| !waiting.job.is_abandoned());
        let ended = transaction.begin().and_then(|()| run_all(transaction, queue, &mut jobs));
        if jobs.is_empty() && ended.is_err() {
            // Nobody interactive is there to hear it, so it is the ingest jobs that do; else they would wait for ever.
            jobs.extend(std::iter::from_fn(|| queue.take_ingest(false)).take(INGEST_SHARE));
        }
        let ingest_rows: usize = jobs.iter().map(|waiting| waiting.purpose.rows()).sum();
        for waiting in jobs.drain(..) {
            waiting.job.answer(&ended);
        }
        unseen += 1;
        if ingest_rows > PAUSE_AFTER_ROWS || unseen == TRANSACTIONS_A_LOOK {
            unseen = 0;
            checkpoint(&transaction.connection);
        }
        if ingest_rows > PAUSE_AFTER_ROWS {
            queue.pause(PAUSE);
        }
    }
}

/// Waits while nothing but licences does, and more of them come; the last transaction had several where they `shared` it.
fn gather_licences(queue: &Queue<WriteJob>, shared: bool) {
    let since = Instant::now();
    let mut seen = 0;
    while let Some((waiting, others_follow)) = waiting_licences(queue)
        && let Some(length) = pause(waiting, seen, shared, others_follow)
        && since.elapsed() < PATIENCE
    {
        seen = waiting;
        thread::park_timeout(length);
    }
}

/// How long to wait for others where so many licences wait, and so many did at the last look.
fn pause(waiting: usize, seen: usize, shared: bool, others_follow: bool) -> Option<Duration> {
    if !(seen + 1..ENOUGH).contains(&waiting) {
        return None;
    }
    if others_follow { Some(CROWD) } else { shared.then_some(GATHER) }
}

/// How many licences wait, if nothing else does, and whether others are sure to follow.
fn waiting_licences(queue: &Queue<WriteJob>) -> Option<(usize, bool)> {
    let mut others_follow = false;
    let waiting = queue.waiting_if_all(|waiting| match waiting.purpose {
        Purpose::Licence { others_follow: follow } => {
            others_follow = follow;
            true
        }
        Purpose::Call | Purpose::Ingest(_) => false,
    })?;
    Some((waiting, others_follow))
}

/// Runs what was taken, and ingest jobs beside it, and commits.
fn run_all(
    transaction: &Transaction,
    queue: &Queue<WriteJob>,
    jobs: &mut Vec<WriteJob>,
) -> Result<(), StorageError> {
    let mut all_done = jobs.iter_mut().all(|waiting| waiting.job.run(transaction));
    let mut ingest_rows = 0;
    // Ingest has its share of every transaction, so that it is not starved either; what goes beyond that stops once
    // somebody waits again.
    while all_done && ingest_rows < INGEST_ROWS {
        let Some(mut waiting) = queue.take_ingest(ingest_rows >= INGEST_SHARE) else { break };
        if !waiting.job.is_abandoned() {
            ingest_rows += waiting.purpose.rows();
            all_done = waiting.job.run(transaction);
            jobs.push(waiting);
        }
    }
    if all_done {
        return transaction.commit().inspect_err(|_| transaction.roll_back());
    }
    // One failed, which is rare: everything once more, each behind a savepoint, so that it alone has failed.
    transaction.roll_back();
    transaction.begin()?;
    run_apart(transaction, jobs).inspect_err(|_| transaction.roll_back())
}

fn run_apart(transaction: &Transaction, jobs: &mut [WriteJob]) -> Result<(), StorageError> {
    for waiting in jobs {
        transaction.execute("SAVEPOINT job")?;
        if !(waiting.job.run(transaction) && transaction.flush().is_ok()) {
            transaction.tally.take();
            transaction.audit.take();
            transaction.execute("ROLLBACK TO job")?;
        }
        transaction.execute("RELEASE job")?;
    }
    transaction.commit()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_waits_for_others_only_where_some_came_before_or_are_sure_to_follow() {
        assert_eq!(pause(1, 0, false, false), None);
        assert_eq!(pause(1, 0, true, false), Some(GATHER));
        assert_eq!(pause(1, 0, false, true), Some(CROWD));
        assert_eq!(pause(ENOUGH - 1, ENOUGH - 2, true, false), Some(GATHER));
        for (waiting, seen) in [(0, 0), (3, 3), (ENOUGH, 0)] {
            assert_eq!(pause(waiting, seen, true, true), None, "{waiting} after {seen}");
        }
    }
}

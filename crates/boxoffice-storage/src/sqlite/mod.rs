//! The embedded database.
//!
//! SQLite's calls block, so they are made on threads of their own. One thread writes, and commits in one go
//! whatever waits; a few read. Other processes (the commands) have the same file open, so nothing is remembered
//! here that the file could contradict.

mod account_keys;
mod accounts;
mod connection;
mod content_keys;
mod error;
mod job;
mod key_audit;
mod key_storage;
mod migrations;
mod queue;
mod reader;
mod records;
mod redemption_storage;
mod redemptions;
mod ring_keys;
mod sealed_values;
mod seeds;
mod storage;
mod tally;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::StorageError;
use job::{Job, call};
use queue::{Lane, Queue, Refused};
use writer::{Purpose, Transaction, WriteJob};

/// How many threads answer look-ups; one more does the long reads.
const READERS: usize = 2;

/// How many calls may wait, each kind for itself.
const WAITING_WRITES: usize = 8_192;
const WAITING_INGEST: usize = 1_024;
const WAITING_READS: usize = 8_192;
const WAITING_SCANS: usize = 256;

/// What Boxoffice remembers, in one SQLite file.
///
/// Dropping it waits until every write that was accepted is done.
pub struct SqliteStorage {
    writes: Arc<Queue<WriteJob>>,
    reads: Arc<Queue<Box<dyn Job<Connection>>>>,
    scans: Arc<Queue<Box<dyn Job<Connection>>>>,
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStorage {
    /// Opens the file, makes it (mode 0600) where there is none, and brings it to the form that this program knows.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the file cannot be opened or locked; [`StorageError::UnknownVersion`]
    /// where a newer program has changed it; [`StorageError::Broken`] where it is not ours.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        connection::create_file(path)?;
        let mut connection = connection::open_writer(path)?;
        migrations::apply(&mut connection)?;
        let mut storage = Self {
            writes: Arc::new(Queue::new(WAITING_WRITES, WAITING_INGEST)),
            reads: Arc::new(Queue::new(WAITING_READS, 0)),
            scans: Arc::new(Queue::new(WAITING_SCANS, 0)),
            threads: Vec::with_capacity(READERS + 2),
        };
        let (transaction, writes) = (Transaction::on(connection), Arc::clone(&storage.writes));
        storage.spawn("storage-write", move || writer::run(&transaction, &writes))?;
        for _ in 0..READERS {
            let (connection, reads) = (connection::open_reader(path)?, Arc::clone(&storage.reads));
            storage.spawn("storage-read", move || reader::run(&connection, &reads, READERS))?;
        }
        let (connection, scans) = (connection::open_reader(path)?, Arc::clone(&storage.scans));
        storage.spawn("storage-scan", move || reader::run(&connection, &scans, 1))?;
        Ok(storage)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StorageError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        self.threads.push(
            thread.map_err(|error| StorageError::Unavailable(format!("no thread for {name}: {error}")))?,
        );
        Ok(())
    }

    /// Changes something that somebody waits for, and returns once it is durable.
    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.begin_write(Purpose::Call, work)?.outcome().await
    }

    /// The same for a licence, which may wait a little for others to share its commit; and does if `others_follow`.
    async fn write_licence<T: Send + 'static>(
        &self,
        others_follow: bool,
        work: impl Fn(&Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.begin_write(Purpose::Licence { others_follow }, work)?.outcome().await
    }

    /// Changes `rows` rows, about, without getting into the way of what viewers wait for.
    async fn ingest<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl Fn(&Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.begin_ingest(rows, work)?.outcome().await
    }

    /// The same for several jobs one behind the other, whose outcomes are awaited later.
    fn begin_ingest<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl Fn(&Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<Begun<T>, StorageError> {
        self.begin_write(Purpose::Ingest(rows), work)
    }

    fn begin_write<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl Fn(&Transaction) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<Begun<T>, StorageError> {
        let (job, answer) = call(work);
        self.writes.push(purpose.lane(), WriteJob { job, purpose }).map_err(too_many)?;
        Ok(Begun(answer))
    }

    /// Looks something up by an index.
    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (job, answer) = call(work);
        self.reads.push(Lane::Interactive, job).map_err(too_many)?;
        answer.await.map_err(|_| ended())?
    }

    /// Reads what may be long, on a thread that no look-up waits for.
    async fn scan<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (job, answer) = call(work);
        self.scans.push(Lane::Interactive, job).map_err(too_many)?;
        answer.await.map_err(|_| ended())?
    }
}

impl Drop for SqliteStorage {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        self.scans.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has told its callers by dropping their answers.
            drop(thread.join());
        }
    }
}

/// A write that waits its turn. Dropped before that, it is not done.
struct Begun<T>(oneshot::Receiver<Result<T, StorageError>>);

impl<T> Begun<T> {
    /// What came of it, once it is durable.
    async fn outcome(self) -> Result<T, StorageError> {
        self.0.await.map_err(|_| ended())?
    }
}

/// Whether a file is ours and as this program knows it; an error where it is not ours, or newer.
pub(crate) fn is_current(connection: &Connection) -> Result<bool, StorageError> {
    Ok(matches!(migrations::inspect(connection)?, migrations::Found::Current))
}

fn too_many(_: Refused) -> StorageError {
    StorageError::Unavailable("too many calls wait for the database".to_owned())
}

fn ended() -> StorageError {
    StorageError::Unavailable("the database thread has ended".to_owned())
}

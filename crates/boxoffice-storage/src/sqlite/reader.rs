//! The threads that read.

use rusqlite::Connection;

use crate::StorageError;
use crate::sqlite::job::Job;
use crate::sqlite::queue::Queue;

/// The most reads of one transaction: it keeps the write-ahead log from being reused while it lasts.
const BATCH: usize = 64;

/// Works until the queue is closed and empty. `threads` is how many share the queue.
pub(super) fn run(connection: &Connection, queue: &Queue<Box<dyn Job<Connection>>>, threads: usize) {
    let mut jobs = Vec::new();
    while queue.wait() {
        queue.take_share(threads, BATCH, &mut jobs);
        jobs.retain(|job| !job.is_abandoned());
        // One transaction spares each statement the locks of its own, and begins after the last of these
        // callers asked: so each sees whatever was committed before.
        let shared = jobs.len() > 1 && execute(connection, "BEGIN").is_ok();
        for job in &mut jobs {
            job.run(connection);
        }
        if shared {
            drop(execute(connection, "COMMIT"));
        }
        for job in jobs.drain(..) {
            job.answer(&Ok::<(), StorageError>(()));
        }
    }
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute([])
}

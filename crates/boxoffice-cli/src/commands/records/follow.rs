//! Records as they come.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use boxoffice_storage::{RecordFilter, RecordId, Storage, StorageError, StoredRecord};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::form::Writer;
use crate::failure::Failure;

/// How often the database is asked.
const EVERY: Duration = Duration::from_millis(250);

/// How far back is looked each time: of two nodes the one with the greater numbers may be the first to commit.
const BACK: u64 = 1_000;

/// How many records are read at once.
const PAGE: u32 = 1_000;

/// What has not been printed yet.
pub struct New {
    greatest: u64,
    /// Printed, or there before it began, of the last numbers.
    known: BTreeSet<u64>,
}

impl New {
    /// Whatever is there by now is known.
    pub async fn begin(storage: &Arc<dyn Storage>) -> Result<Self, StorageError> {
        let RecordId(greatest) = storage.last_record().await?;
        let mut new = Self { greatest, known: BTreeSet::new() };
        for stored in storage.records_after(RecordId(new.least()), PAGE).await? {
            if stored.id.0 <= greatest {
                new.known.insert(stored.id.0);
            }
        }
        Ok(new)
    }

    /// It has been printed.
    pub fn is_known(&mut self, id: RecordId) {
        if id.0 > self.least() {
            self.known.insert(id.0);
        }
    }

    /// Those that came since the last time.
    async fn take(&mut self, storage: &Arc<dyn Storage>) -> Result<Vec<StoredRecord>, StorageError> {
        let mut after = self.least();
        let mut new = Vec::new();
        loop {
            let page = storage.records_after(RecordId(after), PAGE).await?;
            let ends = page.len() < PAGE as usize;
            for stored in page {
                after = stored.id.0;
                self.greatest = self.greatest.max(after);
                if self.known.insert(after) {
                    new.push(stored);
                }
            }
            if ends {
                self.known = self.known.split_off(&self.least());
                return Ok(new);
            }
        }
    }

    const fn least(&self) -> u64 {
        self.greatest.saturating_sub(BACK)
    }
}

/// Prints what comes and matches, until SIGINT or SIGTERM. A database that is away is asked again.
pub async fn follow(
    storage: &Arc<dyn Storage>,
    filter: &RecordFilter,
    mut new: New,
    writer: &mut Writer<'_>,
) -> Result<(), Failure> {
    let heard =
        |kind| signal(kind).map_err(|error| Failure::refused(format!("cannot hear signals: {error}")));
    let (mut terminate, mut interrupt) = (heard(SignalKind::terminate())?, heard(SignalKind::interrupt())?);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let came = match new.take(storage).await {
            Err(StorageError::Unavailable(_)) => continue,
            came => came?,
        };
        for stored in came.iter().filter(|stored| filter.matches(&stored.record)) {
            writer.write(stored)?;
        }
    }
}

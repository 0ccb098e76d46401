//! Every record that matches, archived or in the database, in the order of their times.

use std::collections::VecDeque;
use std::sync::Arc;

use boxoffice_storage::{RecordCursor, RecordFilter, Storage, StorageError, StoredRecord};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::archive::{Archive, ArchiveError};

/// Why a search ends early.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The archive.
    #[error("the archive cannot be read: {0}")]
    Archive(#[from] ArchiveError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How many records are read at once.
const PAGE: u32 = 1_000;

/// A search. What is being archived meanwhile is found in one place or in both, and given once.
pub struct Search {
    storage: Arc<dyn Storage>,
    filter: RecordFilter,
    archived: mpsc::Receiver<Result<Vec<StoredRecord>, ArchiveError>>,
    from_archive: VecDeque<StoredRecord>,
    from_database: VecDeque<StoredRecord>,
    /// Where the database goes on; `None` at its end.
    next: Option<Place>,
    last: Option<RecordCursor>,
}

#[derive(Clone, Copy)]
struct Place(Option<RecordCursor>);

impl Search {
    /// Begins one.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn begin(
        storage: Arc<dyn Storage>,
        archive: Archive,
        filter: RecordFilter,
    ) -> Result<Self, SearchError> {
        let (send, archived) = mpsc::channel(2);
        let mut search = Self {
            storage,
            filter: filter.clone(),
            archived,
            from_archive: VecDeque::new(),
            from_database: VecDeque::new(),
            next: Some(Place(None)),
            last: None,
        };
        // The database first: its oldest records are those that may leave it meanwhile.
        search.fill_from_database().await?;
        spawn_blocking(move || read(&archive, filter, &send));
        Ok(search)
    }

    /// The next one.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn next(&mut self) -> Result<Option<StoredRecord>, SearchError> {
        loop {
            if self.from_archive.is_empty()
                && let Some(more) = self.archived.recv().await
            {
                self.from_archive = more?.into();
                continue;
            }
            if self.from_database.is_empty() && self.next.is_some() {
                self.fill_from_database().await?;
                continue;
            }
            let archived = self.from_archive.front().map(cursor);
            let fresh = self.from_database.front().map(cursor);
            let takes_archived = match (archived, fresh) {
                (None, None) => return Ok(None),
                (Some(archived), Some(fresh)) => archived <= fresh,
                (archived, None) => archived.is_some(),
                (None, Some(_)) => false,
            };
            let from = if takes_archived { &mut self.from_archive } else { &mut self.from_database };
            let Some(stored) = from.pop_front() else { continue };
            let place = cursor(&stored);
            if self.last.replace(place) != Some(place) {
                return Ok(Some(stored));
            }
        }
    }

    async fn fill_from_database(&mut self) -> Result<(), SearchError> {
        if let Some(Place(after)) = self.next {
            let page = self.storage.search_records(self.filter.clone(), after, PAGE).await?;
            self.from_database.extend(page.records);
            self.next = page.next.map(|next| Place(Some(next)));
        }
        Ok(())
    }
}

fn cursor(stored: &StoredRecord) -> RecordCursor {
    RecordCursor { time: stored.record.time, id: stored.id }
}

/// Reads the archive, as fast as somebody takes what is read.
fn read(
    archive: &Archive,
    filter: RecordFilter,
    send: &mpsc::Sender<Result<Vec<StoredRecord>, ArchiveError>>,
) {
    let mut records = match archive.read(filter) {
        Ok(records) => records,
        Err(error) => {
            let _ = send.blocking_send(Err(error));
            return;
        }
    };
    loop {
        let part: Result<Vec<_>, _> = records.by_ref().take(PAGE as usize).collect();
        let ends = !matches!(&part, Ok(records) if !records.is_empty());
        let is_empty = matches!(&part, Ok(records) if records.is_empty());
        if !is_empty && send.blocking_send(part).is_err() || ends {
            return;
        }
    }
}

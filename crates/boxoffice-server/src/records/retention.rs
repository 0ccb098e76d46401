//! Old records leave the database for the archive (operations.md, section 4, `[records]`).

use std::sync::Arc;
use std::time::Duration;

use boxoffice_storage::{RecordFilter, RecordId, Storage, StorageError};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::archive::{Archive, ArchiveError};
use crate::app::App;

/// Why records stay where they are.
#[derive(Debug, Error)]
pub enum RetentionError {
    /// The archive cannot be written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The thread that writes was lost.
    #[error("writing was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

/// How many records are read at once, and how many are deleted in one transaction.
const PAGE: u32 = 1_000;

/// How many records there are in one file.
const FILE: usize = 100_000;

/// Archives every record from before a time, and says how many. Each leaves the database only once it is durable in its
/// file.
///
/// # Errors
/// [`RetentionError`]; what was archived until then stays archived.
pub async fn archive_before(
    storage: &Arc<dyn Storage>,
    archive: &Archive,
    before: Timestamp,
) -> Result<u64, RetentionError> {
    let mut all = 0;
    loop {
        let ids = archive_file(storage, archive, before).await?;
        for part in ids.chunks(PAGE as usize) {
            storage.delete_records(part.to_vec()).await?;
        }
        all += ids.len() as u64;
        if ids.len() < FILE {
            return Ok(all);
        }
    }
}

/// Writes one file, of the oldest, and gives the numbers of what is in it.
async fn archive_file(
    storage: &Arc<dyn Storage>,
    archive: &Archive,
    before: Timestamp,
) -> Result<Vec<RecordId>, RetentionError> {
    let filter = RecordFilter { to: Some(before), ..RecordFilter::default() };
    let mut writer = None;
    let mut after = None;
    loop {
        let page = storage.search_records(filter.clone(), after, PAGE).await?;
        after = page.next;
        if !page.records.is_empty() {
            let (archive, begun) = (archive.clone(), writer.take());
            let written = spawn_blocking(move || {
                let mut writer = begun.map_or_else(|| archive.begin(), Ok)?;
                writer.add(&page.records)?;
                Ok::<_, ArchiveError>(writer)
            });
            writer = Some(written.await??);
        }
        let full = writer.as_ref().is_some_and(|writer| writer.len() >= FILE);
        if full || after.is_none() {
            let Some(writer) = writer else { return Ok(Vec::new()) };
            return Ok(spawn_blocking(move || writer.finish()).await??);
        }
    }
}

/// How often what is over is forgotten.
const SWEEP: Duration = Duration::from_mins(1);

/// How many rounds of sweeping there are to one of archiving.
const ROUNDS: u32 = 60;

/// How many rows one sweep takes.
const ROWS: u32 = 1_000;

/// Forgets used tokens, streams and answers that are over, each minute, and archives old records, each hour and at the
/// start; for ever.
pub(crate) async fn keep_records(app: App) {
    let archive = Archive::new(app.config().records.archive_dir.clone());
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "what is over of redemptions could not be forgotten");
        }
        if round.is_multiple_of(ROUNDS) {
            archive_old(&app, &archive).await;
        }
        round = round.wrapping_add(1);
    }
}

async fn sweep(app: &App) -> Result<(), StorageError> {
    while app.installation().storage().sweep_redemptions(app.now(), ROWS).await? >= ROWS {}
    Ok(())
}

async fn archive_old(app: &App, archive: &Archive) {
    let Some(days) = app.config().records.keep_days else { return };
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    let Ok(before) = app.now().checked_sub(kept) else { return };
    match archive_before(app.installation().storage(), archive, before).await {
        Ok(0) => {}
        Ok(archived) => tracing::info!(archived, %before, "old records are in the archive"),
        Err(error) => tracing::error!(%error, "old records could not be archived, and stay in the database"),
    }
}

//! What has to be done from time to time: ending keys, and sealing rows anew after a rotation.

use std::sync::Arc;
use std::time::Duration;

use boxoffice_core::Environment;
use boxoffice_core::key_storage::SeedPlace;
use boxoffice_storage::{AccountKeyUse, RemovedAccountKey, Reseal, StoredKey};
use jiff::{SignedDuration, Timestamp};

use super::rotation::superseded;
use super::row::OpenRow;
use super::seeds::kind_word;
use super::{Call, KeyStorage, KeyStorageError};

/// What one round did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Maintenance {
    /// Keys that have ended and are no longer counted.
    pub expired: u64,
    /// Keys that had ended long ago, and are gone.
    pub purged: u64,
    /// Account keys that were wrapped anew.
    pub rewrapped: u64,
    /// Keys and seeds that were sealed anew.
    pub resealed: u64,
    /// Account keys that sealed nothing any more, and are gone.
    pub removed: u64,
}

/// Keys leave count and lists within a minute of their end (key-storage.md, section 8).
const ROUND: Duration = Duration::from_secs(10);

/// Rows of one call to the database; the others' calls come in between.
const ROWS: u32 = 256;

/// How long sealing anew rests after so many rows: at most 5,000 a second, and never the whole machine.
const REST: Duration = Duration::from_millis(50);

impl KeyStorage {
    /// Does a round every ten seconds, for as long as the service runs. To be spawned once on every node; nodes do
    /// not get in each other's way.
    pub async fn maintain(self: Arc<Self>) {
        let mut every = tokio::time::interval(ROUND);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            match self.maintain_once(REST).await {
                Ok(round) if round == Maintenance::default() => {}
                Ok(round) => tracing::info!(
                    expired = round.expired,
                    purged = round.purged,
                    rewrapped = round.rewrapped,
                    resealed = round.resealed,
                    removed = round.removed,
                    "looked after the key storage"
                ),
                Err(error) => {
                    tracing::error!(%error, "the key storage could not be looked after: {error}");
                }
            }
        }
    }

    /// Does one round to its end, resting for `rest` between parts.
    ///
    /// # Errors
    /// [`KeyStorageError`]; what was done stays done, and the next round goes on.
    pub async fn maintain_once(&self, rest: Duration) -> Result<Maintenance, KeyStorageError> {
        let mut round = Maintenance::default();
        let now = self.clock.now();
        round.expired = self.sweep(now).await?;
        let kept = SignedDuration::from_hours(24 * i64::from(self.settings.keep_expired_days));
        if let Ok(before) = now.checked_sub(kept) {
            round.purged = self.purge(before).await?;
        }
        for environment in Environment::ALL {
            round.rewrapped += self.rewrap_account_keys(environment).await?;
            let uses = self.storage.account_key_use(environment).await?;
            for key in superseded(&uses) {
                round.resealed += self.reseal_account_key(environment, key, rest).await?;
                let removed = self.storage.remove_account_key(key.account, key.id).await?;
                round.removed += u64::from(removed == RemovedAccountKey::Removed);
            }
        }
        Ok(round)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, KeyStorageError> {
        let mut all = 0;
        loop {
            let swept = self.storage.sweep_expired_keys(now, ROWS).await?;
            all += u64::from(swept);
            if swept < ROWS {
                return Ok(all);
            }
        }
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, KeyStorageError> {
        let mut all = 0;
        loop {
            let purged = self.storage.purge_expired_keys(before, ROWS).await?;
            all += u64::from(purged);
            if purged < ROWS {
                return Ok(all);
            }
        }
    }

    /// Seals anew what a superseded account key seals.
    async fn reseal_account_key(
        &self,
        environment: Environment,
        key: &AccountKeyUse,
        rest: Duration,
    ) -> Result<u64, KeyStorageError> {
        let call = Call {
            environment,
            account: key.account,
            authenticator: None,
            service_keys: true,
            address: None,
            request_id: String::new(),
        };
        // What seals is read anew, as this key was the newest a moment ago.
        self.account_keys.forget(key.account);
        let mut done = 0;
        if key.keys > 0 {
            done += self.reseal_rows(&call, key, rest).await?;
        }
        if key.seeds > 0 {
            done += self.reseal_seeds(&call, key).await?;
        }
        Ok(done)
    }

    async fn reseal_rows(
        &self,
        call: &Call,
        key: &AccountKeyUse,
        rest: Duration,
    ) -> Result<u64, KeyStorageError> {
        let (mut done, mut after) = (0, None);
        loop {
            let page = self.storage.keys_sealed_under(key.account, key.id, after, ROWS).await?;
            let mut reseals = Vec::with_capacity(page.keys.len());
            for row in page.keys {
                reseals.extend(self.reseal_row(call, row).await?);
            }
            if !reseals.is_empty() {
                done += self.storage.reseal_keys(key.account, reseals).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(done);
            }
            tokio::time::sleep(rest).await;
        }
    }

    /// A row's new seal; `None` where it does not open, so that one damaged row does not keep the others waiting.
    async fn reseal_row(&self, call: &Call, row: StoredKey) -> Result<Option<Reseal>, KeyStorageError> {
        let OpenRow { row, material } = match self.open_row(call, row).await {
            Ok(open) => open,
            Err(error @ KeyStorageError::Row { .. }) => {
                tracing::error!(alarm = "key-storage-damaged", %error, "a row cannot be sealed anew: {error}");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let sealing = self.sealing_key(call.environment, call.account).await?;
        let sealed = sealing.seal(&row.kid, &material, &*self.random);
        Ok(Some(Reseal { kid: row.kid, expected: row.sealed, account_key: sealing.id(), sealed }))
    }

    async fn reseal_seeds(&self, call: &Call, key: &AccountKeyUse) -> Result<u64, KeyStorageError> {
        let mut done = 0;
        for seed in self.storage.seeds(Some(key.account)).await? {
            if seed.seed.account_key != key.id {
                continue;
            }
            let bytes = self.open_seed_bytes(call.environment, &seed).await?;
            let sealing = self.sealing_key(call.environment, call.account).await?;
            let place = SeedPlace { kind: kind_word(seed.seed.kind), created_at: seed.seed.created_at };
            let sealed = sealing.seal_seed(place, &bytes, &*self.random);
            let resealed = self.storage.reseal_seed(seed.id, seed.seed.sealed, sealing.id(), sealed).await?;
            done += u64::from(resealed);
        }
        Ok(done)
    }
}

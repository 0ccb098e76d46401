//! The key seeds of accounts (key-storage.md, section 9).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use boxoffice_core::key_storage::{KeySeed, SeedPlace};
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::{AddedSeed, NewSeed, RetiredSeed, Seed, SeedId, SeedKind};
use drm_primitives::{Kek, Kid};
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::opened_seed::OpenedSeed;
use super::{Call, KeyStorage, KeyStorageError};

/// What `seed create` and `seed import` make.
#[derive(Debug)]
pub enum NewSeedKind {
    /// Answers for the KIDs that it makes; drawn here.
    Native,
    /// Answers for any KID; drawn here.
    Open,
    /// A native seed of another installation: 32 bytes.
    ImportedNative(Zeroizing<[u8; 32]>),
    /// A PlayReady key seed: the first 30 bytes, which are all that is used.
    ImportedPlayReady(Zeroizing<[u8; 30]>),
}

/// A seed without its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeedSummary {
    /// Its number: that of `#seed.<id>`.
    pub id: SeedId,
    /// Whose.
    pub account: AccountId,
    /// What it answers for.
    pub kind: SeedKind,
    /// Whether it came from elsewhere.
    pub imported: bool,
    /// When it was made or imported.
    pub created_at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// Why no seed was made, retired or exported.
#[derive(Debug, Error)]
pub enum SeedError {
    /// Keys that are in use follow from it.
    #[error(
        "{rows} contents have their keys from this seed; delete them first, or give --force to end their keys"
    )]
    HasContents {
        /// How many contents that are not deleted.
        rows: u64,
    },
    /// The key storage.
    #[error(transparent)]
    KeyStorage(#[from] KeyStorageError),
    /// An account has one open seed at most.
    #[error("seed {} answers for any KID of this account already; retire it first", id.0)]
    OpenSeedExists {
        /// That one.
        id: SeedId,
    },
    /// No such seed, or it is retired.
    #[error("there is no seed {} that is not retired", id.0)]
    Unknown {
        /// The number that was asked for.
        id: SeedId,
    },
}

/// A seed that answers, opened.
#[derive(Debug)]
pub(super) struct LiveSeed {
    pub(super) id: SeedId,
    pub(super) kind: SeedKind,
    pub(super) imported: bool,
    pub(super) opened: OpenedSeed,
}

impl LiveSeed {
    /// Whether the KID can be one that this seed answers for; a random one can, of a native seed, once in about 2^32.
    pub(super) fn may_answer(&self, kid: &Kid) -> bool {
        self.kind.is_open() || self.opened.recognise(kid).is_some()
    }
}

/// The seeds of accounts that were asked for, for less than a second: one that is retired ends that soon.
#[derive(Default)]
pub(super) struct SeedCache(RwLock<HashMap<AccountId, Remembered>>);

struct Remembered {
    seeds: Arc<[Arc<LiveSeed>]>,
    read_at: Instant,
}

const FRESH: Duration = Duration::from_millis(500);

/// The most accounts in memory; beyond it all are forgotten at once, which costs each a look-up.
const MOST: usize = 65_536;

impl SeedCache {
    fn get(&self, account: AccountId) -> Option<Arc<[Arc<LiveSeed>]>> {
        let accounts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let remembered = accounts.get(&account).filter(|remembered| remembered.read_at.elapsed() < FRESH)?;
        Some(Arc::clone(&remembered.seeds))
    }

    fn put(&self, account: AccountId, remembered: Remembered) {
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MOST && !accounts.contains_key(&account) {
            accounts.clear();
        }
        accounts.insert(account, remembered);
    }

    fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The word of a kind, on the command line and in the seal.
#[must_use]
pub const fn kind_word(kind: SeedKind) -> &'static str {
    match kind {
        SeedKind::Native => "native",
        SeedKind::Open => "open",
        SeedKind::PlayReady => "playready",
    }
}

impl KeyStorage {
    /// Makes or imports a seed for an account, and returns its number.
    ///
    /// # Errors
    /// [`SeedError::OpenSeedExists`], or the key storage's own.
    pub async fn new_seed(
        &self,
        (environment, account): (Environment, AccountId),
        kind: NewSeedKind,
    ) -> Result<SeedId, SeedError> {
        let (kind, imported, bytes) = match kind {
            NewSeedKind::Native => (SeedKind::Native, false, self.draw_seed()),
            NewSeedKind::Open => (SeedKind::Open, false, self.draw_seed()),
            NewSeedKind::ImportedNative(seed) => {
                (SeedKind::Native, true, Zeroizing::new(seed.as_slice().to_vec()))
            }
            NewSeedKind::ImportedPlayReady(seed) => {
                (SeedKind::PlayReady, true, Zeroizing::new(seed.as_slice().to_vec()))
            }
        };
        loop {
            let sealing = self.sealing_key(environment, account).await?;
            // Whole microseconds, as the database keeps them: the seal is bound to this moment.
            let now = self.clock.now();
            let created_at = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
            let place = SeedPlace { kind: kind_word(kind), created_at };
            let sealed = sealing.seal_seed(place, &bytes, &*self.random);
            let seed = NewSeed { account, kind, imported, sealed, account_key: sealing.id(), created_at };
            match self.storage.add_seed(seed).await.map_err(KeyStorageError::from)? {
                AddedSeed::Added(id) => {
                    self.seeds.clear();
                    return Ok(id);
                }
                AddedSeed::OpenSeedExists(id) => return Err(SeedError::OpenSeedExists { id }),
                AddedSeed::AccountKeyGone => self.account_keys.forget(account),
            }
        }
    }

    /// The seeds of an account, or of all, by number, the retired ones too.
    ///
    /// # Errors
    /// The database's.
    pub async fn seed_summaries(
        &self,
        account: Option<AccountId>,
    ) -> Result<Vec<SeedSummary>, KeyStorageError> {
        let summary = |seed: Seed| SeedSummary {
            id: seed.id,
            account: seed.seed.account,
            kind: seed.seed.kind,
            imported: seed.seed.imported,
            created_at: seed.seed.created_at,
            retired_at: seed.retired_at,
        };
        Ok(self.storage.seeds(account).await?.into_iter().map(summary).collect())
    }

    /// Retires a seed: its keys end. With `force` also where contents point to it.
    ///
    /// # Errors
    /// [`SeedError`].
    pub async fn retire_seed(&self, id: SeedId, force: bool) -> Result<(), SeedError> {
        let retired = self.storage.retire_seed(id, self.clock.now(), force).await;
        match retired.map_err(KeyStorageError::from)? {
            RetiredSeed::Retired => {
                self.seeds.clear();
                Ok(())
            }
            RetiredSeed::HasContents(rows) => Err(SeedError::HasContents { rows }),
            RetiredSeed::Unknown => Err(SeedError::Unknown { id }),
        }
    }

    /// A seed wrapped by RFC 3394 under `kek`: 40 bytes. A PlayReady seed has two zero bytes behind its 30.
    ///
    /// # Errors
    /// [`SeedError::Unknown`], or the key storage's own.
    pub async fn export_seed(&self, id: SeedId, kek: &Kek) -> Result<[u8; 40], SeedError> {
        let seeds = self.storage.seeds(None).await.map_err(KeyStorageError::from)?;
        let seed = seeds.into_iter().find(|seed| seed.id == id && seed.retired_at.is_none());
        let seed = seed.ok_or(SeedError::Unknown { id })?;
        let account = self.storage.account(seed.seed.account).await.map_err(KeyStorageError::from)?;
        let environment = account.ok_or(SeedError::Unknown { id })?.environment;
        let bytes = self.open_seed_bytes(environment, &seed).await?;
        let mut padded = Zeroizing::new([0; 32]);
        for (byte, &exported) in padded.iter_mut().zip(bytes.iter()) {
            *byte = exported;
        }
        Ok(kek.wrap_secret(&padded))
    }

    /// The seeds of an account that answer.
    pub(super) async fn live_seeds(&self, call: &Call) -> Result<Arc<[Arc<LiveSeed>]>, KeyStorageError> {
        if let Some(seeds) = self.seeds.get(call.account) {
            return Ok(seeds);
        }
        let read_at = Instant::now();
        let mut live = Vec::new();
        for seed in self.storage.seeds(Some(call.account)).await? {
            if seed.retired_at.is_some() {
                continue;
            }
            let bytes = self.open_seed_bytes(call.environment, &seed).await?;
            let opened = OpenedSeed::new(seed.seed.kind, &bytes);
            let opened = opened.ok_or(KeyStorageError::Seed { id: seed.id })?;
            let (id, kind, imported) = (seed.id, seed.seed.kind, seed.seed.imported);
            live.push(Arc::new(LiveSeed { id, kind, imported, opened }));
        }
        let seeds: Arc<[_]> = live.into();
        self.seeds.put(call.account, Remembered { seeds: Arc::clone(&seeds), read_at });
        Ok(seeds)
    }

    /// The bytes under a seed's seal.
    pub(super) async fn open_seed_bytes(
        &self,
        environment: Environment,
        seed: &Seed,
    ) -> Result<Zeroizing<Vec<u8>>, KeyStorageError> {
        let NewSeed { account, kind, ref sealed, account_key, created_at, .. } = seed.seed;
        let key = self.opening_key((environment, account), account_key).await?;
        let place = SeedPlace { kind: kind_word(kind), created_at };
        key.open_seed(place, sealed).map_err(|_| KeyStorageError::Seed { id: seed.id })
    }

    fn draw_seed(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(KeySeed::draw(&*self.random).expose().to_vec())
    }
}

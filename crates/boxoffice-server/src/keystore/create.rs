//! Creating a key, or finding the one that has the KID (key-storage.md, sections 4 and 9).

use std::borrow::Cow;
use std::sync::Arc;

use boxoffice_core::key_ring::KeyId;
use boxoffice_core::key_storage::{KeyMaterial, KeyProblem, KeyRefusal, NewKey, NewMaterial, Revealed};
use boxoffice_storage::{CreatedKey, StoredKey};
use drm_primitives::{ContentKey, Kek, Kid, WrappedKey};

use super::lookup::{Found, Missing};
use super::row::{Holders, stored_kind};
use super::seeds::LiveSeed;
use super::shown::ShownKey;
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

/// What became of a create.
#[derive(Debug)]
pub struct Created {
    /// Whether the KID was new.
    pub new: bool,
    /// The key that has the KID now.
    pub key: ShownKey,
}

/// How often a create is tried again where the account key that it sealed under has gone.
const ATTEMPTS: usize = 4;

impl KeyStorage {
    /// `POST /keystore/keys`, `word` in its record. Of any number of simultaneous creates of one KID exactly one is new, and all have the
    /// same key.
    pub async fn create(
        &self,
        call: &Call,
        word: &'static str,
        kek: Option<&Kek>,
        key: NewKey,
    ) -> Outcome<Created> {
        let kid = key.kid.unwrap_or_else(|| Kid::from_bytes(self.random.array()));
        let result = self.create_as(call, word, kek, kid, key).await;
        Outcome::new(vec![kid], result)
    }

    async fn create_as(
        &self,
        call: &Call,
        word: &'static str,
        kek: Option<&Kek>,
        kid: Kid,
        key: NewKey,
    ) -> Result<Done<Created>, KeyRefusal> {
        NewMaterial::check_service_keys(kek, &key.material, call.service_keys)?;
        let seeds = self.live_seeds(call).await?;
        let mut derived = None;
        // Where no seed can, the row alone decides, and the database says whether there is one as it stores.
        if key.kid.is_some() && seeds.iter().any(|seed| seed.may_answer(&kid)) {
            match self.owner(call, &seeds, kid, kek).await? {
                Owner::Answers(done) => return Ok(*done),
                Owner::OpenSeed(value) => derived = Some(value),
                Owner::Nobody => {}
            }
        }
        let NewKey { kid: _, material, kek_id, info, content_id, expiration } = key;
        let fresh = || derived.unwrap_or_else(|| ContentKey::from_bytes(self.random.array()));
        let made = match NewMaterial::plan(kek, material, kek_id, fresh) {
            Ok(made) => made,
            // What a body wants counts only where the KID is new.
            Err(refusal) => return self.existing_or(call, kid, kek, refusal).await,
        };
        let holders = Holders::of(&made.material);
        let wrapped = wrapped(&made);
        let mut row = StoredKey {
            kid,
            kind: stored_kind(&made.material),
            sealed: Vec::new(),
            account_key: KeyId(0),
            version: 0,
            last_update: self.clock.now(),
            expiration,
            kek_id: made.kek_id,
            info,
            content_id,
            scheme: None,
            track: None,
            period: None,
            iv: None,
            only_one: false,
        };
        for _ in 0..ATTEMPTS {
            let sealing = self.sealing_key(call.environment, call.account).await?;
            row.account_key = sealing.id();
            row.sealed = sealing.seal(&kid, &made.material, &*self.random);
            // Key and record in one: neither is there without the other, and the disk is waited for once.
            let record = self.record(call, word, vec![kid], holders.as_str(), Cow::Borrowed("201"));
            let created = self.storage.create_key(call.account, row.clone(), record).await;
            match created.map_err(KeyStorageError::from)? {
                CreatedKey::Created => {
                    let key = ShownKey::stored(row, Revealed { key: made.key, wrapped });
                    return Ok(Done::recorded(Created { new: true, key }, holders));
                }
                CreatedKey::Existing(existing) => return self.existing(call, *existing, kek).await,
                CreatedKey::AccountKeyGone => self.account_keys.forget(call.account),
            }
        }
        Err(KeyStorageError::Contended.into())
    }

    /// Who answers for a KID before anything is stored.
    async fn owner(
        &self,
        call: &Call,
        seeds: &[Arc<LiveSeed>],
        kid: Kid,
        kek: Option<&Kek>,
    ) -> Result<Owner, KeyRefusal> {
        let row = self.storage.keys(call.account, vec![kid]).await.map_err(KeyStorageError::from)?;
        if let Some(row) = row.into_iter().next().flatten() {
            return Ok(Owner::Answers(Box::new(self.existing(call, row, kek).await?)));
        }
        match self.derive(seeds, &kid, self.clock.now()).await? {
            Found::Derived(derived) if derived.owned => {
                let key = ShownKey::derived(kid, derived, kek)?;
                Ok(Owner::Answers(Box::new(Done::new(Created { new: false, key }, Holders::DERIVED))))
            }
            Found::Derived(derived) => Ok(Owner::OpenSeed(derived.key)),
            // A deleted content's KID never gets another key.
            Found::Missing(missing @ Missing::Deleted { .. }) => Err(taken(&missing.hint(&kid))),
            Found::Missing(_) | Found::Stored(_) => Ok(Owner::Nobody),
        }
    }

    /// The row that has the KID already.
    async fn existing(
        &self,
        call: &Call,
        row: StoredKey,
        kek: Option<&Kek>,
    ) -> Result<Done<Created>, KeyRefusal> {
        let kid = row.kid;
        if row.is_expired(self.clock.now()) {
            return Err(taken(&Missing::expired(row).hint(&kid)));
        }
        let open = self.open_row(call, row).await?;
        let holders = Holders::of(&open.material);
        let key = ShownKey::open(open, kek)?;
        Ok(Done::new(Created { new: false, key }, holders))
    }

    /// The row that has the KID, or else what is wrong with a new one.
    async fn existing_or(
        &self,
        call: &Call,
        kid: Kid,
        kek: Option<&Kek>,
        refusal: KeyRefusal,
    ) -> Result<Done<Created>, KeyRefusal> {
        let row = self.storage.keys(call.account, vec![kid]).await.map_err(KeyStorageError::from)?;
        match row.into_iter().next().flatten() {
            Some(row) => self.existing(call, row, kek).await,
            None => Err(refusal),
        }
    }
}

enum Owner {
    Answers(Box<Done<Created>>),
    Nobody,
    OpenSeed(ContentKey),
}

/// The KID is that of a key that has ended and is kept (key-storage.md, section 8).
fn taken(hint: &str) -> KeyRefusal {
    let hint =
        format!("{hint}; its KID gets no other key: a later expiration brings it back, DELETE removes it");
    KeyRefusal::new(KeyProblem::KidExists, hint).parameter("kid")
}

fn wrapped(made: &NewMaterial) -> Option<WrappedKey> {
    match &made.material {
        KeyMaterial::ClientKek(wrapped) => Some(*wrapped),
        KeyMaterial::ServiceHeld(_) => None,
    }
}

//! Changing members of a stored key (key-storage.md, section 4).

use boxoffice_core::key_storage::{Change, KeyChange, KeyMaterial, KeyRefusal, MaterialChange};
use boxoffice_storage::{StoredKey, UpdatedKey};
use drm_primitives::{Kek, Kid};
use jiff::Timestamp;

use super::lookup::Missing;
use super::row::{Holders, OpenRow, stored_kind};
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

/// How often a change is tried again where others changed the row in between.
const ATTEMPTS: usize = 16;

impl KeyStorage {
    /// `PUT /keystore/keys/{kid}`, in one transaction: a refused change changes nothing.
    pub async fn change(&self, call: &Call, kid: Kid, kek: Option<&Kek>, change: KeyChange) -> Outcome<()> {
        let result = self.change_row(call, kid, kek, &change).await;
        Outcome::new(vec![kid], result)
    }

    async fn change_row(
        &self,
        call: &Call,
        kid: Kid,
        kek: Option<&Kek>,
        change: &KeyChange,
    ) -> Result<Done<()>, KeyRefusal> {
        for _ in 0..ATTEMPTS {
            let rows = self.storage.keys(call.account, vec![kid]).await.map_err(KeyStorageError::from)?;
            let row = rows.into_iter().next().flatten().ok_or_else(|| Missing::Unknown.refusal(&kid))?;
            let now = self.clock.now();
            if row.is_expired(now) && !brings_back(&change.expiration, now) {
                return Err(Missing::expired(row).refusal(&kid));
            }
            let OpenRow { row, material } = self.open_row(call, row).await?;
            let planned = MaterialChange::plan(
                &material,
                row.kek_id.clone(),
                kek,
                change.material.clone(),
                change.kek_id.clone(),
            )?;
            let holders = Holders::of(planned.material.as_ref().unwrap_or(&material));
            let changed = self.changed(call, &row, planned, change, now).await?;
            let updated = self.storage.update_key(call.account, row, changed).await;
            match updated.map_err(KeyStorageError::from)? {
                UpdatedKey::Updated => return Ok(Done::new((), holders)),
                UpdatedKey::Changed => {}
                UpdatedKey::AccountKeyGone => self.account_keys.forget(call.account),
            }
        }
        Err(KeyStorageError::Contended.into())
    }

    /// The row as it shall be.
    async fn changed(
        &self,
        call: &Call,
        row: &StoredKey,
        planned: MaterialChange,
        change: &KeyChange,
        now: Timestamp,
    ) -> Result<StoredKey, KeyStorageError> {
        let mut changed = row.clone();
        if let Some(material) = planned.material {
            self.reseal(call, &mut changed, &material).await?;
        }
        changed.kek_id = planned.kek_id;
        changed.info = change.info.clone().apply(changed.info);
        changed.content_id = change.content_id.clone().apply(changed.content_id);
        changed.expiration = change.expiration.clone().apply(changed.expiration);
        changed.last_update = now;
        Ok(changed)
    }

    async fn reseal(
        &self,
        call: &Call,
        row: &mut StoredKey,
        material: &KeyMaterial,
    ) -> Result<(), KeyStorageError> {
        let sealing = self.sealing_key(call.environment, call.account).await?;
        row.kind = stored_kind(material);
        row.account_key = sealing.id();
        row.sealed = sealing.seal(&row.kid, material, &*self.random);
        Ok(())
    }
}

/// Whether a change brings back a key that has ended (key-storage.md, section 8).
fn brings_back(expiration: &Change<Timestamp>, now: Timestamp) -> bool {
    match expiration {
        Change::Clear => true,
        Change::Keep => false,
        Change::Set(time) => *time > now,
    }
}

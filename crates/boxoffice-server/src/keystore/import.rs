//! Importing many keys (key-storage.md, section 11): each is created as POST does.

use std::borrow::Cow;

use boxoffice_core::key_ring::KeyId;
use boxoffice_core::key_storage::{GivenMaterial, KeyMaterial, KeyRefusal, NewKey, NewMaterial};
use boxoffice_storage::{CreatedKey, StoredKey};
use drm_primitives::{ContentKey, Kek, Kid};

use super::lookup::Found;
use super::row::stored_kind;
use super::{Call, KeyStorage, KeyStorageError};

/// One key of an import; its KID is given.
#[derive(Debug)]
pub struct ImportRow {
    /// Its name.
    pub kid: Kid,
    /// The rest.
    pub key: NewKey,
}

/// What became of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ImportOutcome {
    /// The same key was there already.
    AlreadyThere,
    /// It is stored.
    Created,
    /// Another key has this KID, or one that the import cannot open to compare.
    OtherKey,
    /// It is nothing that could be stored.
    Refused(KeyRefusal),
}

/// How often rows are tried again whose account key has gone.
const ATTEMPTS: usize = 4;

/// A row that is ready to be stored.
struct Planned {
    index: usize,
    kid: Kid,
    given: GivenMaterial,
    made: NewMaterial,
    row: StoredKey,
}

impl KeyStorage {
    /// Creates keys and says of each, in their order, what became of it. Every key is durable for itself: after a
    /// failure the same rows can be imported again.
    ///
    /// # Errors
    /// [`KeyStorageError`]; a part may be stored.
    pub async fn import(
        &self,
        call: &Call,
        kek: Option<&Kek>,
        rows: Vec<ImportRow>,
    ) -> Result<Vec<ImportOutcome>, KeyStorageError> {
        let mut outcomes: Vec<_> = rows.iter().map(|_| None).collect();
        let mut set = |index: usize, outcome: ImportOutcome| {
            if let Some(place) = outcomes.get_mut(index) {
                *place = Some(outcome);
            }
        };
        let mut planned = Vec::with_capacity(rows.len());
        for (index, ImportRow { kid, key }) in rows.into_iter().enumerate() {
            match self.plan_import(call, kek, index, kid, key).await? {
                Ok(plan) => planned.push(plan),
                Err(outcome) => set(index, outcome),
            }
        }
        let (mut created, mut existing) = (Vec::new(), Vec::new());
        for _ in 0..ATTEMPTS {
            if planned.is_empty() {
                break;
            }
            planned = self
                .store_planned(call, kek, planned, &mut |plan, outcome| {
                    let kids = if outcome == ImportOutcome::Created { &mut created } else { &mut existing };
                    kids.push(plan.kid);
                    set(plan.index, outcome);
                })
                .await?;
        }
        if !planned.is_empty() {
            return Err(KeyStorageError::Contended);
        }
        let records = [(created, "201"), (existing, "200")].into_iter().filter(|(kids, _)| !kids.is_empty());
        let records =
            records.map(|(kids, outcome)| self.record(call, "import", kids, "", Cow::Borrowed(outcome)));
        self.storage.append_key_audit(records.collect()).await?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// What a row stores; or what becomes of it without storing anything.
    async fn plan_import(
        &self,
        call: &Call,
        kek: Option<&Kek>,
        index: usize,
        kid: Kid,
        key: NewKey,
    ) -> Result<Result<Planned, ImportOutcome>, KeyStorageError> {
        let NewKey { kid: _, material: given, kek_id, info, content_id, expiration } = key;
        if let Err(refusal) = NewMaterial::check_service_keys(kek, &given, call.service_keys) {
            return Ok(Err(ImportOutcome::Refused(refusal)));
        }
        let seeds = self.live_seeds(call).await?;
        let mut derived_key = None;
        let owned = seeds.iter().any(|seed| seed.opened.recognise(&kid).is_some());
        let may_derive = given == GivenMaterial::Nothing && seeds.iter().any(|seed| seed.kind.is_open());
        if owned || may_derive {
            match self.look_up(call, &[kid]).await?.pop() {
                Some(Found::Derived(derived)) if derived.owned => {
                    let same = match &given {
                        GivenMaterial::Key(key) => *key == derived.key,
                        GivenMaterial::Nothing => true,
                        GivenMaterial::Wrapped(_) => false,
                    };
                    return Ok(Err(if same { ImportOutcome::AlreadyThere } else { ImportOutcome::OtherKey }));
                }
                Some(Found::Derived(derived)) => derived_key = Some(derived.key),
                _ => {}
            }
        }
        let fresh = || derived_key.unwrap_or_else(|| ContentKey::from_bytes(self.random.array()));
        let made = match NewMaterial::plan(kek, given.clone(), kek_id, fresh) {
            Ok(made) => made,
            Err(refusal) => return Ok(Err(ImportOutcome::Refused(refusal))),
        };
        let row = StoredKey {
            kid,
            kind: stored_kind(&made.material),
            sealed: Vec::new(),
            account_key: KeyId(0),
            version: 0,
            last_update: self.clock.now(),
            expiration,
            kek_id: made.kek_id.clone(),
            info,
            content_id,
            scheme: None,
            track: None,
            period: None,
            iv: None,
            only_one: false,
        };
        Ok(Ok(Planned { index, kid, given, made, row }))
    }

    /// Stores what is planned, and returns what has to be tried again.
    async fn store_planned(
        &self,
        call: &Call,
        kek: Option<&Kek>,
        mut planned: Vec<Planned>,
        done: &mut (dyn FnMut(&Planned, ImportOutcome) + Send),
    ) -> Result<Vec<Planned>, KeyStorageError> {
        let sealing = self.sealing_key(call.environment, call.account).await?;
        for plan in &mut planned {
            plan.row.account_key = sealing.id();
            plan.row.sealed = sealing.seal(&plan.kid, &plan.made.material, &*self.random);
        }
        let rows = planned.iter().map(|plan| plan.row.clone()).collect();
        let results = self.storage.create_keys(call.account, rows).await?;
        let mut again = Vec::new();
        for (plan, result) in planned.into_iter().zip(results) {
            match result {
                CreatedKey::Created => done(&plan, ImportOutcome::Created),
                CreatedKey::AccountKeyGone => again.push(plan),
                CreatedKey::Existing(existing) => {
                    let open = self.open_row(call, *existing).await?;
                    let same = is_same(&open.material, &plan.given, kek);
                    done(&plan, if same { ImportOutcome::AlreadyThere } else { ImportOutcome::OtherKey });
                }
            }
        }
        if !again.is_empty() {
            self.account_keys.forget(call.account);
        }
        Ok(again)
    }
}

/// Whether a stored key is the one that a row gives.
fn is_same(stored: &KeyMaterial, given: &GivenMaterial, kek: Option<&Kek>) -> bool {
    let opened = match (stored, kek) {
        (KeyMaterial::ServiceHeld(key), None) => Some(key.clone()),
        (KeyMaterial::ServiceHeld(_), Some(_)) | (KeyMaterial::ClientKek(_), None) => None,
        (KeyMaterial::ClientKek(wrapped), Some(kek)) => kek.unwrap(wrapped).ok(),
    };
    match (given, stored) {
        (GivenMaterial::Nothing, KeyMaterial::ClientKek(_)) => kek.is_none() || opened.is_some(),
        (GivenMaterial::Nothing, KeyMaterial::ServiceHeld(_)) => kek.is_none(),
        (GivenMaterial::Key(key), _) => opened.is_some_and(|opened| opened == *key),
        (GivenMaterial::Wrapped(given), KeyMaterial::ClientKek(wrapped)) => given == wrapped,
        (GivenMaterial::Wrapped(_), KeyMaterial::ServiceHeld(_)) => false,
    }
}

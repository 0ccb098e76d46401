//! Counts that go up and down with rows, added up, so that many rows cost one update; and what those rows hang on, looked
//! up once.

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use rusqlite::{Connection, params};

use crate::{KeyKind, StorageError};

/// What a transaction changes of the counts.
#[derive(Default)]
pub(super) struct Tally {
    account_keys: Vec<AccountKeyChange>,
    keks: Vec<(i64, i64)>,
    names: Vec<KekName>,
}

/// The name by which a KEK was found. It cannot go before the tally is written.
struct KekName {
    account: AccountId,
    kind: KeyKind,
    kek_id: Option<String>,
    kek: i64,
}

struct AccountKeyChange {
    account: u32,
    key: u32,
    live: i64,
    expired: i64,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self { account_keys: Vec::new(), keks: Vec::new(), names: Vec::new() }
    }

    /// Whether rows were counted under an account key, which is there then.
    pub(super) fn has_account_key(&self, account: AccountId, key: KeyId) -> bool {
        self.account_keys.iter().any(|change| change.account == account.0 && change.key == key.0)
    }

    /// The KEK that [`Self::found_kek`] was told of.
    pub(super) fn kek_of(&self, account: AccountId, kind: KeyKind, kek_id: Option<&str>) -> Option<i64> {
        let found =
            self.names.iter().rev().find(|name| {
                name.account == account && name.kind == kind && name.kek_id.as_deref() == kek_id
            });
        found.map(|name| name.kek)
    }

    /// Remembers which KEK has a name, and counts it, so that it goes where it has no keys in the end.
    pub(super) fn found_kek(&mut self, account: AccountId, kind: KeyKind, kek_id: Option<&str>, kek: i64) {
        self.names.push(KekName { account, kind, kek_id: kek_id.map(str::to_owned), kek });
        self.kek(kek, 0);
    }

    /// Counts `by` rows more, or fewer, that an account key seals.
    pub(super) fn account_key(&mut self, account: AccountId, key: KeyId, swept: bool, by: i64) {
        let (live, expired) = if swept { (0, by) } else { (by, 0) };
        // A transaction has few account keys.
        let known = self
            .account_keys
            .iter_mut()
            .rev()
            .find(|change| change.account == account.0 && change.key == key.0);
        match known {
            Some(change) => {
                change.live += live;
                change.expired += expired;
            }
            None => {
                self.account_keys.push(AccountKeyChange { account: account.0, key: key.0, live, expired });
            }
        }
    }

    /// Counts `by` rows more, or fewer, of a KEK, and lets it go where none are left.
    pub(super) fn kek(&mut self, kek: i64, by: i64) {
        match self.keks.iter_mut().rev().find(|change| change.0 == kek) {
            Some(change) => change.1 += by,
            None => self.keks.push((kek, by)),
        }
    }

    pub(super) fn write(self, connection: &Connection) -> Result<(), StorageError> {
        for change in self.account_keys.iter().filter(|change| change.live != 0 || change.expired != 0) {
            let updated = connection
                .prepare_cached(
                    "UPDATE account_keys SET live_keys = live_keys + ?3, expired_keys = expired_keys + ?4 \
                     WHERE account = ?1 AND id = ?2",
                )?
                .execute(params![change.account, change.key, change.live, change.expired])?;
            if updated != 1 {
                return Err(StorageError::Broken(format!(
                    "account {} has rows under its key {}, which is not there",
                    change.account, change.key
                )));
            }
        }
        for (kek, by) in self.keks {
            let updated = connection
                .prepare_cached("UPDATE keks SET keys = keys + ?2 WHERE id = ?1")?
                .execute([kek, by])?;
            if updated != 1 {
                return Err(StorageError::Broken(format!("keys are of a KEK {kek} that is not there")));
            }
            // One that has got more has some.
            if by <= 0 {
                connection.prepare_cached("DELETE FROM keks WHERE id = ?1 AND keys = 0")?.execute([kek])?;
            }
        }
        Ok(())
    }
}

//! Rows as they rest, opened.

use boxoffice_core::key_storage::{KeyMaterial, MaterialKind};
use boxoffice_storage::{KeyKind, StoredKey};

use super::{Call, KeyStorage, KeyStorageError};

/// A stored key whose seal is open.
pub(super) struct OpenRow {
    pub(super) row: StoredKey,
    pub(super) material: KeyMaterial,
}

/// Who can open the keys of a call: the word `kind` of its record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holders {
    pub(super) client_kek: bool,
    pub(super) service_held: bool,
    pub(super) derived: bool,
}

impl Holders {
    pub(super) const NONE: Self = Self { client_kek: false, service_held: false, derived: false };

    pub(super) const DERIVED: Self = Self { derived: true, ..Self::NONE };

    pub(super) const fn of(material: &KeyMaterial) -> Self {
        Self::of_kind(stored_kind(material))
    }

    /// Of rows that rest, in the record's word.
    pub(super) fn word_of_rows(rows: &[&StoredKey]) -> &'static str {
        rows.iter().fold(Self::NONE, |holders, row| holders.and(Self::of_kind(row.kind))).as_str()
    }

    const fn of_kind(kind: KeyKind) -> Self {
        match kind {
            KeyKind::ClientKek => Self { client_kek: true, ..Self::NONE },
            KeyKind::ServiceHeld => Self { service_held: true, ..Self::NONE },
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            client_kek: self.client_kek || other.client_kek,
            service_held: self.service_held || other.service_held,
            derived: self.derived || other.derived,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match (self.client_kek, self.service_held, self.derived) {
            (false, false, false) => "",
            (true, false, false) => "client-kek",
            (false, true, false) => "service-held",
            (false, false, true) => "derived",
            (true, true, false) => "client-kek,service-held",
            (true, false, true) => "client-kek,derived",
            (false, true, true) => "service-held,derived",
            (true, true, true) => "client-kek,service-held,derived",
        }
    }
}

pub(super) const fn stored_kind(material: &KeyMaterial) -> KeyKind {
    match material.kind() {
        MaterialKind::ClientKek => KeyKind::ClientKek,
        MaterialKind::ServiceHeld => KeyKind::ServiceHeld,
    }
}

impl KeyStorage {
    /// Opens a row's seal.
    pub(super) async fn open_row(&self, call: &Call, row: StoredKey) -> Result<OpenRow, KeyStorageError> {
        let key = self.opening_key((call.environment, call.account), row.account_key).await?;
        let kind = match row.kind {
            KeyKind::ClientKek => MaterialKind::ClientKek,
            KeyKind::ServiceHeld => MaterialKind::ServiceHeld,
        };
        let material = key
            .open(&row.kid, kind, &row.sealed)
            .map_err(|_| KeyStorageError::Row { account: call.account, kid: row.kid })?;
        Ok(OpenRow { row, material })
    }
}

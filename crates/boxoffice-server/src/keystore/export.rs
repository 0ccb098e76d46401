//! Exporting keys wrapped under one KEK (key-storage.md, section 11).

use std::borrow::Cow;

use boxoffice_core::key_storage::{KeyMaterial, Revealed};
use boxoffice_storage::KeyFilter;
use drm_primitives::{Kek, Kid};

use super::row::{Holders, OpenRow};
use super::shown::ShownKey;
use super::{Call, KeyStorage, KeyStorageError};

/// A part of an export.
#[derive(Debug)]
pub struct ExportedPage {
    /// By KID, each with its key wrapped under the KEK of the export.
    pub keys: Vec<ShownKey>,
    /// Keys under a client's KEK which is another one, so that nobody here can wrap them anew.
    pub left_out: Vec<Kid>,
    /// Where the next part begins.
    pub next: Option<Kid>,
}

/// How many keys a part has.
const PAGE: u32 = 1_000;

impl KeyStorage {
    /// The stored keys behind `after` that have not ended. Nothing is in clear; the record is durable when this
    /// returns.
    ///
    /// # Errors
    /// [`KeyStorageError`].
    pub async fn export(
        &self,
        call: &Call,
        kek: &Kek,
        after: Option<Kid>,
    ) -> Result<ExportedPage, KeyStorageError> {
        let filter = KeyFilter::default();
        let rows = self.storage.list_keys(call.account, filter, after, PAGE, self.clock.now()).await?;
        let full = u32::try_from(rows.len()).is_ok_and(|got| got >= PAGE);
        let next = rows.last().filter(|_| full).map(|row| row.kid);
        let (mut keys, mut left_out, mut holders) =
            (Vec::with_capacity(rows.len()), Vec::new(), Holders::NONE);
        for row in rows {
            let OpenRow { mut row, material } = self.open_row(call, row).await?;
            let wrapped = match &material {
                KeyMaterial::ServiceHeld(key) => kek.wrap(key),
                KeyMaterial::ClientKek(wrapped) if kek.unwrap(wrapped).is_ok() => *wrapped,
                KeyMaterial::ClientKek(_) => {
                    left_out.push(row.kid);
                    continue;
                }
            };
            holders = holders.and(Holders::of(&material));
            row.kind = boxoffice_storage::KeyKind::ClientKek;
            row.kek_id = row.kek_id.or_else(|| Some(kek.id()));
            keys.push(ShownKey::stored(row, Revealed { key: None, wrapped: Some(wrapped) }));
        }
        let kids = keys.iter().map(|key| key.kid).collect();
        let record = self.record(call, "export", kids, holders.as_str(), Cow::Borrowed("200"));
        self.storage.append_key_audit(vec![record]).await?;
        Ok(ExportedPage { keys, left_out, next })
    }
}

//! Deleting a stored key (key-storage.md, sections 4 and 8).

use boxoffice_core::key_storage::{KeyRefusal, check_kek};
use drm_primitives::{Kek, Kid};

use super::lookup::Missing;
use super::row::Holders;
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

impl KeyStorage {
    /// `DELETE /keystore/keys/{kid}`: removes the row, also one that has ended and is kept.
    pub async fn delete(&self, call: &Call, kid: Kid, kek: Option<&Kek>) -> Outcome<()> {
        let result = self.delete_row(call, kid, kek).await;
        Outcome::new(vec![kid], result)
    }

    async fn delete_row(&self, call: &Call, kid: Kid, kek: Option<&Kek>) -> Result<Done<()>, KeyRefusal> {
        let mut holders = Holders::NONE;
        if kek.is_some() {
            // A KEK that does not fit is an error on every call that names KIDs (section 5).
            let rows = self.storage.keys(call.account, vec![kid]).await.map_err(KeyStorageError::from)?;
            let row = rows.into_iter().next().flatten().ok_or_else(|| Missing::Unknown.refusal(&kid))?;
            let open = self.open_row(call, row).await?;
            check_kek(&open.material, kek)?;
            holders = Holders::of(&open.material);
        }
        if self.storage.delete_key(call.account, kid).await.map_err(KeyStorageError::from)? {
            Ok(Done::new((), holders))
        } else {
            Err(Missing::Unknown.refusal(&kid))
        }
    }
}

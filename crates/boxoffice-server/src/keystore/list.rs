//! Listing the stored keys of an account (key-storage.md, section 4).

use boxoffice_core::key_storage::{Cursor, KeyProblem, KeyRefusal, ListFilter, Revealed, SERVICE, reveal};
use boxoffice_storage::{KekFilter, KeyFilter, KeyKind, StoredKey};
use drm_primitives::Kek;

use super::row::Holders;
use super::shown::ShownKey;
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

/// What a listing asks for.
#[derive(Debug, Default)]
pub struct ListRequest {
    /// Which keys.
    pub filter: ListFilter,
    /// How many a page, 1 to 1000; `None`: all of them, or an error where that is too many.
    pub limit: Option<u32>,
    /// The cursor of the page before.
    pub cursor: Option<Vec<u8>>,
}

/// A listing, or a page of one.
#[derive(Debug)]
pub struct Listed {
    /// By KID.
    pub keys: Vec<ShownKey>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// After so many keys the others on this thread get their turn.
const TURN: usize = 256;

impl KeyStorage {
    /// `GET /keystore/keys`. Keys that `kek` opens show it; service-held keys do not.
    pub async fn list(&self, call: &Call, request: &ListRequest, kek: Option<&Kek>) -> Outcome<Listed> {
        let result = self.list_keys(call, request, kek).await;
        // The record names the keys that leave in clear; the others' names alone are no secret, and may be many.
        let kids = result.as_ref().map_or_else(
            |_| Vec::new(),
            |done| done.answer.keys.iter().filter(|key| key.key.is_some()).map(|key| key.kid).collect(),
        );
        Outcome::new(kids, result)
    }

    async fn list_keys(
        &self,
        call: &Call,
        request: &ListRequest,
        kek: Option<&Kek>,
    ) -> Result<Done<Listed>, KeyRefusal> {
        let now = self.clock.now();
        let place = (call.environment, call.account);
        let after = match &request.cursor {
            None => None,
            Some(text) => {
                let cursor = Cursor::open(text, &self.master_key, place, &request.filter, now);
                Some(cursor.map_err(|error| refused("cursor", format!("cursor: {error}")))?.after)
            }
        };
        let most = request.limit.map_or(self.settings.list_max, |limit| limit as usize);
        let Some(filter) = stored_filter(&request.filter) else {
            return Ok(Done::new(Listed { keys: Vec::new(), next: None }, Holders::NONE));
        };
        // One more than a page has tells whether there is another.
        let fetch = u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX);
        let rows = self.storage.list_keys(call.account, filter, after, fetch, now).await;
        let mut rows = rows.map_err(KeyStorageError::from)?;
        let mut next = None;
        if rows.len() > most {
            if request.limit.is_none() {
                let hint = format!(
                    "there are more than {most} keys; ask for pages with limit (1 to 1000) and follow the link \
                     to the next"
                );
                return Err(refused("limit", hint));
            }
            rows.truncate(most);
            next = rows.last().map(|last| {
                let cursor = Cursor { after: last.kid, issued_at: now };
                cursor.seal(&self.master_key, place, &request.filter, &*self.random)
            });
        }
        let (mut keys, mut holders) = (Vec::with_capacity(rows.len()), Holders::NONE);
        for (index, row) in rows.into_iter().enumerate() {
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let (key, kind) = self.listed(call, row, kek).await?;
            holders = holders.and(kind);
            keys.push(key);
        }
        Ok(Done::new(Listed { keys, next }, holders))
    }

    async fn listed(
        &self,
        call: &Call,
        row: StoredKey,
        kek: Option<&Kek>,
    ) -> Result<(ShownKey, Holders), KeyStorageError> {
        if row.kind == KeyKind::ServiceHeld {
            let holders = Holders { service_held: true, ..Holders::NONE };
            return Ok((ShownKey::stored(row, Revealed { key: None, wrapped: None }), holders));
        }
        let open = self.open_row(call, row).await?;
        let holders = Holders::of(&open.material);
        // A key that this KEK does not open is listed as it is, which is no error.
        let revealed = match reveal(open.material.clone(), kek) {
            Ok(revealed) => Ok(revealed),
            Err(_) => reveal(open.material, None),
        };
        let revealed = revealed.unwrap_or(Revealed { key: None, wrapped: None });
        Ok((ShownKey::stored(open.row, revealed).without_wrapped(), holders))
    }
}

/// What the database is asked; `None` where no stored key can match.
fn stored_filter(filter: &ListFilter) -> Option<KeyFilter> {
    // Texts without a value are stored as absent, and seeds' keys are not stored.
    let kek = match filter.kek_id.as_deref() {
        None => None,
        Some("") => return None,
        Some(SERVICE) => Some(KekFilter::ServiceHeld),
        Some(name) => Some(KekFilter::Named(name.to_owned())),
    };
    if filter.content_id.as_deref() == Some("") {
        return None;
    }
    Some(KeyFilter { content_id: filter.content_id.clone(), kek })
}

fn refused(name: &'static str, hint: String) -> KeyRefusal {
    KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter(name)
}

//! What an answer shows of a key.

use boxoffice_core::key_storage::{KeyMaterial, KeyRefusal, KeyView, Revealed, SERVICE, reveal};
use boxoffice_storage::StoredKey;
use drm_primitives::{ContentKey, Kek, Kid, WrappedKey};
use jiff::Timestamp;

use super::lookup::DerivedKey;
use super::row::OpenRow;

/// A key as an answer has it; wiped when dropped.
#[derive(Debug)]
pub struct ShownKey {
    /// Its name.
    pub kid: Kid,
    /// The key, where it may be shown.
    pub key: Option<ContentKey>,
    /// The wrapped key, where it is shown.
    pub wrapped: Option<WrappedKey>,
    /// Which KEK, or whose seed.
    pub kek_id: Option<String>,
    /// Free text.
    pub info: Option<String>,
    /// Free text.
    pub content_id: Option<String>,
    /// When it ends.
    pub expiration: Option<Timestamp>,
    /// When it was last changed; derived keys never are.
    pub last_update: Option<Timestamp>,
    /// The protection scheme that a packager asked for.
    pub scheme: Option<String>,
    /// The track that it was made for.
    pub track: Option<String>,
    /// The key period that it was made for.
    pub period: Option<u32>,
    /// The initialisation vector that a packager was given.
    pub iv: Option<Vec<u8>>,
}

/// What the members of an answer take at most, but for the free texts.
const MEMBERS: usize = 512;

/// What an octet of a text takes in JSON at most: `\u0000`.
const ESCAPED: usize = 6;

impl ShownKey {
    /// How long the answer is at most. A buffer of that size never grows, and so leaves no copy of a key that is not
    /// wiped; a larger one would cost its wiping.
    pub(super) fn longest(&self) -> usize {
        let texts = [&self.kek_id, &self.info, &self.content_id, &self.scheme, &self.track];
        MEMBERS + texts.into_iter().flatten().map(|text| text.len() * ESCAPED).sum::<usize>()
    }

    /// A row, with as much of its key as the caller may see.
    pub(super) fn stored(row: StoredKey, revealed: Revealed) -> Self {
        let service_held = matches!(row.kind, boxoffice_storage::KeyKind::ServiceHeld);
        Self {
            kid: row.kid,
            key: revealed.key,
            wrapped: revealed.wrapped,
            kek_id: if service_held { Some(SERVICE.to_owned()) } else { row.kek_id },
            info: row.info,
            content_id: row.content_id,
            expiration: row.expiration,
            last_update: Some(row.last_update),
            scheme: row.scheme,
            track: row.track,
            period: row.period,
            iv: row.iv,
        }
    }

    /// A row, opened with the caller's KEK where there is one: both the key and the wrapped key.
    pub(super) fn open(row: OpenRow, kek: Option<&Kek>) -> Result<Self, KeyRefusal> {
        Ok(Self::stored(row.row, reveal(row.material, kek)?))
    }

    /// A key that follows from a seed.
    pub(super) fn derived(kid: Kid, derived: DerivedKey, kek: Option<&Kek>) -> Result<Self, KeyRefusal> {
        let kek_id = Some(derived.kek_id());
        let content_id = derived.content_id().map(ToOwned::to_owned);
        // There is no KEK to match, as for a key that the service holds.
        let revealed = reveal(KeyMaterial::ServiceHeld(derived.key), kek)?;
        Ok(Self {
            kid,
            key: revealed.key,
            wrapped: None,
            kek_id,
            info: None,
            content_id,
            expiration: None,
            last_update: None,
            scheme: None,
            track: derived.names.map(|names| names.track),
            period: derived.period,
            iv: None,
        })
    }

    /// Shows the key in place of the wrapped key, where it has both.
    pub(super) fn without_wrapped(mut self) -> Self {
        if self.key.is_some() {
            self.wrapped = None;
        }
        self
    }

    /// As an answer writes it.
    #[must_use]
    pub fn view(&self) -> KeyView<'_> {
        KeyView {
            kid: self.kid,
            key: self.key.as_ref(),
            wrapped: self.wrapped.as_ref(),
            kek_id: self.kek_id.as_deref(),
            info: self.info.as_deref(),
            content_id: self.content_id.as_deref(),
            expiration: self.expiration,
            last_update: self.last_update,
            scheme: self.scheme.as_deref(),
            track: self.track.as_deref(),
            period: self.period,
            iv: self.iv.as_deref(),
        }
    }
}

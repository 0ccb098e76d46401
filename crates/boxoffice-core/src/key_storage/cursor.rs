//! Where a listing goes on (key-storage.md, section 4).

use drm_primitives::{Kid, Random, base64};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::seal::MasterKey;
use crate::{AccountId, Environment};

/// Which keys a listing has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListFilter {
    /// Those of exactly this `contentId`.
    pub content_id: Option<String>,
    /// Those of exactly this `kekId`.
    pub kek_id: Option<String>,
}

/// A place in a listing of one account with one filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cursor {
    /// The last KID of the page before.
    pub after: Kid,
    /// When that page was made.
    pub issued_at: Timestamp,
}

/// Why a text is no cursor of this listing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CursorError {
    /// It was given out more than a day ago.
    #[error("a cursor is good for a day, and this one is older; begin again")]
    Expired,
    /// It was never given out, or for another account or another filter.
    #[error("it was given out for another account or other filters, or not at all; begin again")]
    Foreign,
}

impl Cursor {
    /// How long it is good.
    const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

    /// The text in the link: sealed under the master key, which every node has, and bound to account and filter.
    #[must_use]
    pub fn seal(
        &self,
        master: &MasterKey,
        (environment, account): (Environment, AccountId),
        filter: &ListFilter,
        random: &dyn Random,
    ) -> String {
        let mut plain = [0; 24];
        let (kid, time) = plain.split_at_mut(16);
        kid.copy_from_slice(self.after.as_bytes());
        time.copy_from_slice(&self.issued_at.as_second().to_be_bytes());
        let sealed = master.seal_value(&name(environment, account, filter), &plain, random);
        base64::encode_url(&sealed)
    }

    /// Reads the text back.
    ///
    /// # Errors
    /// [`CursorError`].
    pub fn open(
        text: &[u8],
        master: &MasterKey,
        (environment, account): (Environment, AccountId),
        filter: &ListFilter,
        now: Timestamp,
    ) -> Result<Self, CursorError> {
        let sealed = base64::decode(text).map_err(|_| CursorError::Foreign)?;
        let plain = master.open_value(&name(environment, account, filter), &sealed);
        let plain = plain.map_err(|_| CursorError::Foreign)?;
        let (kid, time) = plain.split_first_chunk().ok_or(CursorError::Foreign)?;
        let seconds = i64::from_be_bytes(time.try_into().map_err(|_| CursorError::Foreign)?);
        let issued_at = Timestamp::from_second(seconds).map_err(|_| CursorError::Foreign)?;
        if now.duration_since(issued_at) > Self::LIFETIME {
            return Err(CursorError::Expired);
        }
        Ok(Self { after: Kid::from_bytes(*kid), issued_at })
    }
}

/// Debug escapes whatever could end a text, so that no two filters have one name.
fn name(environment: Environment, account: AccountId, filter: &ListFilter) -> String {
    format!("keystore cursor/{environment}/{account}/{filter:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_ring::Secret32;
    use drm_primitives::SequenceRandom;
    use proptest::prelude::*;

    const PLACE: (Environment, AccountId) = (Environment::Test, AccountId(100_001));

    fn master() -> MasterKey {
        MasterKey::new(&Secret32::new([1; 32]))
    }

    #[test]
    fn a_cursor_is_bound_to_account_and_filter_and_good_for_a_day() {
        let issued_at = Timestamp::from_second(1_800_000_000).unwrap();
        let cursor = Cursor { after: Kid::from_bytes([7; 16]), issued_at };
        let filter = ListFilter { content_id: Some("movie-1".to_owned()), kek_id: None };
        let text = cursor.seal(&master(), PLACE, &filter, &SequenceRandom::new(1));
        assert!(!text.contains(['+', '/', '=']));
        let open = |place, filter: &ListFilter, hours| {
            let now = issued_at + SignedDuration::from_hours(hours);
            Cursor::open(text.as_bytes(), &master(), place, filter, now)
        };
        assert_eq!(open(PLACE, &filter, 24), Ok(cursor));
        assert_eq!(open(PLACE, &filter, 25), Err(CursorError::Expired));
        assert_eq!(open((PLACE.0, AccountId(7)), &filter, 0), Err(CursorError::Foreign));
        assert_eq!(open((Environment::Production, PLACE.1), &filter, 0), Err(CursorError::Foreign));
        assert_eq!(open(PLACE, &ListFilter::default(), 0), Err(CursorError::Foreign));
        let swapped = ListFilter { content_id: None, kek_id: Some("movie-1".to_owned()) };
        assert_eq!(open(PLACE, &swapped, 0), Err(CursorError::Foreign));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_opens(text: Vec<u8>) {
            let filter = ListFilter::default();
            prop_assert!(Cursor::open(&text, &master(), PLACE, &filter, Timestamp::UNIX_EPOCH).is_err());
        }
    }
}

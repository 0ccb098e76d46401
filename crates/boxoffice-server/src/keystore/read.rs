//! Reading keys by KID: one, or several in the order asked (key-storage.md, section 4).

use std::borrow::Cow;

use boxoffice_core::key_storage::KeyRefusal;
use boxoffice_storage::ReadKeys;
use drm_primitives::{Kek, Kid};

use super::lookup::Found;
use super::row::Holders;
use super::shown::ShownKey;
use super::{Call, Done, KeyStorage, KeyStorageError, Outcome};

impl KeyStorage {
    /// `GET /keystore/keys/{kid}`, `word` in its record: the keys, all or nothing. With a KEK each shows its key in
    /// place of the wrapped one.
    pub async fn read(
        &self,
        call: &Call,
        word: &'static str,
        kids: Vec<Kid>,
        kek: Option<&Kek>,
    ) -> Outcome<Vec<ShownKey>> {
        let result = self.read_all(call, word, &kids, kek).await;
        Outcome::new(kids, result)
    }

    async fn read_all(
        &self,
        call: &Call,
        word: &'static str,
        kids: &[Kid],
        kek: Option<&Kek>,
    ) -> Result<Done<Vec<ShownKey>>, KeyRefusal> {
        let (found, recorded) = match kek {
            // Whether it is the right one is known only once the rows are open, and their record says so.
            Some(_) => (self.look_up(call, kids).await?, false),
            None => self.look_up_and_record(call, word, kids).await?,
        };
        // Existence comes before the KEK (section 5), also within a list.
        for (kid, found) in kids.iter().zip(&found) {
            if let Found::Missing(missing) = found {
                return Err(missing.refusal(kid));
            }
        }
        let (mut shown, mut holders) = (Vec::with_capacity(found.len()), Holders::NONE);
        for (kid, found) in kids.iter().zip(found) {
            let key = match found {
                Found::Stored(row) => {
                    holders = holders.and(Holders::of(&row.material));
                    ShownKey::open(*row, kek)?
                }
                Found::Derived(derived) => {
                    holders = holders.and(Holders::DERIVED);
                    ShownKey::derived(*kid, derived, kek)?
                }
                Found::Missing(missing) => return Err(missing.refusal(kid)),
            };
            shown.push(key.without_wrapped());
        }
        Ok(if recorded { Done::recorded(shown, holders) } else { Done::new(shown, holders) })
    }

    /// What each KID leads to; and whether it is on record already that they were read, as it is where all have
    /// rows. A row that does not open then leaves the record of the refusal behind that one.
    async fn look_up_and_record(
        &self,
        call: &Call,
        word: &'static str,
        kids: &[Kid],
    ) -> Result<(Vec<Found>, bool), KeyStorageError> {
        let record = self.record(call, word, kids.to_vec(), Holders::NONE.as_str(), Cow::Borrowed("200"));
        let now = record.time;
        let read = self.storage.read_keys(call.account, kids.to_vec(), record, Holders::word_of_rows);
        let ReadKeys { rows, recorded } = read.await?;
        Ok((self.look_up_beside(call, kids, rows, now).await?, recorded))
    }
}

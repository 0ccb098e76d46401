//! Reading keys by KID: one, or several in the order asked (key-storage.md, section 4).

use boxoffice_core::key_storage::KeyRefusal;
use drm_primitives::{Kek, Kid};

use super::lookup::Found;
use super::row::Holders;
use super::shown::ShownKey;
use super::{Call, Done, KeyStorage, Outcome};

impl KeyStorage {
    /// `GET /keystore/keys/{kid}`: the keys, all or nothing. With a KEK each shows its key in place of the wrapped
    /// one.
    pub async fn read(&self, call: &Call, kids: Vec<Kid>, kek: Option<&Kek>) -> Outcome<Vec<ShownKey>> {
        let result = self.read_all(call, &kids, kek).await;
        Outcome::new(kids, result)
    }

    async fn read_all(
        &self,
        call: &Call,
        kids: &[Kid],
        kek: Option<&Kek>,
    ) -> Result<Done<Vec<ShownKey>>, KeyRefusal> {
        let found = self.look_up(call, kids).await.map_err(KeyRefusal::from)?;
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
        Ok(Done::new(shown, holders))
    }
}

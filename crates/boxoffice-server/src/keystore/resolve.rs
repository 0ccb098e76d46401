//! Keys for token requests (token-api.md, section 4).

use boxoffice_core::key_storage::{KeyMaterial, KeyProblem, KeyRefusal};
use boxoffice_core::{Event, Refusal};
use drm_primitives::{ContentKey, Kek, Kid};

use super::lookup::Found;
use super::row::Holders;
use super::{Call, Done, KeyStorage, Outcome};

/// A key that a token request wants from the key storage.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose key.
    pub kid: Kid,
    /// What opens it; `None`: the service itself holds the key.
    pub kek: Option<Kek>,
}

/// Why one of them cannot be had.
enum Unusable {
    /// -4024.
    Kek(&'static str),
    /// -4019.
    Missing(String),
}

impl KeyStorage {
    /// The keys, in the order asked, once their record is durable.
    ///
    /// # Errors
    /// The first that cannot be had, with its position: -4019 (400; 503 while the storage is down), -4024. The
    /// parameter at fault is the caller's to name, as it knows the index.
    pub async fn resolve(&self, call: &Call, wanted: &[Wanted]) -> Result<Vec<ContentKey>, (usize, Refusal)> {
        let kids: Vec<_> = wanted.iter().map(|wanted| wanted.kid).collect();
        let mut at_fault = None;
        let result = match self.look_up(call, &kids).await {
            Err(error) => Err(KeyRefusal::from(error)),
            Ok(found) => open_all(wanted, found).map_err(|(at, unusable)| {
                let refusal = as_key_refusal(&unusable);
                at_fault = Some((at, unusable));
                refusal
            }),
        };
        let outcome = Outcome::new(kids, result);
        let released = self.release(call, "token", |_| 200, outcome).await;
        released.map_err(|refusal| match at_fault {
            Some((at, Unusable::Kek(hint))) => (at, Refusal::new(Event::EncryptedKeyOrKek, hint)),
            Some((at, Unusable::Missing(hint))) => (at, Refusal::new(Event::KeyStorage, hint)),
            None => (0, unavailable(&refusal)),
        })
    }
}

fn open_all(wanted: &[Wanted], found: Vec<Found>) -> Result<Done<Vec<ContentKey>>, (usize, Unusable)> {
    let (mut keys, mut holders) = (Vec::with_capacity(found.len()), Holders::NONE);
    for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        let (key, kind) = open(wanted, found).map_err(|unusable| (at, unusable))?;
        holders = holders.and(kind);
        keys.push(key);
    }
    Ok(Done::new(keys, holders))
}

fn open(wanted: &Wanted, found: Found) -> Result<(ContentKey, Holders), Unusable> {
    const HELD: &str = "this key is not under a client's KEK: ask for it by kid alone";
    match (found, &wanted.kek) {
        (Found::Missing(missing), _) => Err(Unusable::Missing(missing.hint(&wanted.kid))),
        (Found::Derived(_), Some(_)) => Err(Unusable::Kek(HELD)),
        (Found::Derived(derived), None) => Ok((derived.key, Holders::DERIVED)),
        (Found::Stored(row), kek) => {
            let holders = Holders::of(&row.material);
            let key = match (row.material, kek) {
                (KeyMaterial::ServiceHeld(key), None) => key,
                (KeyMaterial::ServiceHeld(_), Some(_)) => return Err(Unusable::Kek(HELD)),
                (KeyMaterial::ClientKek(wrapped), Some(kek)) => kek.unwrap(&wrapped).map_err(|_| {
                    Unusable::Kek("this kek does not open the key that is stored under this kid")
                })?,
                (KeyMaterial::ClientKek(_), None) => {
                    let kid = wanted.kid;
                    let hint =
                        format!("the key {kid} is under a client's KEK, which only kek opens: give kek too");
                    return Err(Unusable::Missing(hint));
                }
            };
            Ok((key, holders))
        }
    }
}

/// What the record says.
fn as_key_refusal(unusable: &Unusable) -> KeyRefusal {
    match unusable {
        Unusable::Kek(hint) => KeyRefusal::new(KeyProblem::IncorrectKek, *hint),
        Unusable::Missing(hint) => KeyRefusal::new(KeyProblem::NotFound, hint.clone()),
    }
}

/// The storage is down, or the record cannot be written.
fn unavailable(refusal: &KeyRefusal) -> Refusal {
    let seconds = refusal.retry_seconds().unwrap_or(1);
    Refusal::new(Event::KeyStorage, refusal.hint.clone()).status(503).retry_after(seconds)
}

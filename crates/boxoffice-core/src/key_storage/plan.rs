//! What a call does to a key, decided without the store (the tables of key-storage.md, section 4).

use drm_primitives::{ContentKey, Kek, WrappedKey};

use super::{GivenMaterial, KekId, KeyMaterial, KeyProblem, KeyRefusal};

/// What may be shown of a key, after the KEK had its say.
#[derive(Debug, Eq, PartialEq)]
pub struct Revealed {
    /// The key, where the KEK opened it or the service holds it.
    pub key: Option<ContentKey>,
    /// The wrapped key, where the key is under a client's KEK.
    pub wrapped: Option<WrappedKey>,
}

/// What a create stores.
#[derive(Debug, Eq, PartialEq)]
pub struct NewMaterial {
    /// What the row seals.
    pub material: KeyMaterial,
    /// The key, where it was given, opened or made.
    pub key: Option<ContentKey>,
    /// Its `kekId`; service-held keys have none of their own.
    pub kek_id: Option<String>,
}

/// What a change does to a row's key; `None` leaves it.
#[derive(Debug, Eq, PartialEq)]
pub struct MaterialChange {
    /// What the row seals from now on.
    pub material: Option<KeyMaterial>,
    /// Its `kekId` from now on.
    pub kek_id: Option<String>,
}

/// Opens a stored key as far as the caller may: GET shows `key` before `wrapped`, POST both.
///
/// # Errors
/// [`KeyProblem::IncorrectKek`] where `kek` does not open it, or there is no KEK to match.
pub fn reveal(material: KeyMaterial, kek: Option<&Kek>) -> Result<Revealed, KeyRefusal> {
    match (material, kek) {
        (KeyMaterial::ClientKek(wrapped), None) => Ok(Revealed { key: None, wrapped: Some(wrapped) }),
        (KeyMaterial::ClientKek(wrapped), Some(kek)) => {
            Ok(Revealed { key: Some(unwrap(kek, &wrapped)?), wrapped: Some(wrapped) })
        }
        (KeyMaterial::ServiceHeld(key), None) => Ok(Revealed { key: Some(key), wrapped: None }),
        (KeyMaterial::ServiceHeld(_), Some(_)) => Err(no_kek_to_match()),
    }
}

/// Checks a KEK on a call that names a key and shows nothing of it.
///
/// # Errors
/// As for [`reveal`].
pub fn check_kek(material: &KeyMaterial, kek: Option<&Kek>) -> Result<(), KeyRefusal> {
    match (material, kek) {
        (_, None) => Ok(()),
        (KeyMaterial::ClientKek(wrapped), Some(kek)) => unwrap(kek, wrapped).map(drop),
        (KeyMaterial::ServiceHeld(_), Some(_)) => Err(no_kek_to_match()),
    }
}

impl NewMaterial {
    /// Decides what a create stores where the KID is new; `make` gives the key that the caller leaves to us.
    ///
    /// # Errors
    /// [`KeyProblem::IncorrectKek`] where `kek` does not open `ek`; [`KeyProblem::InvalidParameters`] for the
    /// `kekId` of a key that would be the service's own.
    pub fn plan(
        kek: Option<&Kek>,
        given: GivenMaterial,
        kek_id: Option<KekId>,
        make: impl FnOnce() -> ContentKey,
    ) -> Result<Self, KeyRefusal> {
        let kek_id = kek_id.map(KekId::into_string);
        let key = match (kek, given) {
            (kek, GivenMaterial::Wrapped(wrapped)) => {
                let key = kek.map(|kek| unwrap(kek, &wrapped)).transpose()?;
                let kek_id = kek_id.or_else(|| kek.map(Kek::id));
                return Ok(Self { material: KeyMaterial::ClientKek(wrapped), key, kek_id });
            }
            (_, GivenMaterial::Key(key)) => key,
            (_, GivenMaterial::Nothing) => make(),
        };
        if let Some(kek) = kek {
            let kek_id = kek_id.or_else(|| Some(kek.id()));
            return Ok(Self { material: KeyMaterial::ClientKek(kek.wrap(&key)), key: Some(key), kek_id });
        }
        if kek_id.is_some() {
            return Err(kek_id_of_service());
        }
        Ok(Self { material: KeyMaterial::ServiceHeld(key.clone()), key: Some(key), kek_id: None })
    }

    /// Whether a request asks for a key that the service holds itself.
    ///
    /// # Errors
    /// [`KeyProblem::NoKek`] where the account has switched these off.
    pub fn check_service_keys(
        kek: Option<&Kek>,
        given: &GivenMaterial,
        service_keys: bool,
    ) -> Result<(), KeyRefusal> {
        if service_keys || kek.is_some() || matches!(given, GivenMaterial::Wrapped(_)) {
            return Ok(());
        }
        let hint = "this account stores no keys that the service can open (service-keys off): give kek or ek";
        Err(KeyRefusal::new(KeyProblem::NoKek, hint).parameter("kek"))
    }
}

impl MaterialChange {
    /// Decides what a change does to a row that seals `present` under `present_kek_id`.
    ///
    /// # Errors
    /// [`KeyProblem::KekRequired`], [`KeyProblem::IncorrectKek`], or [`KeyProblem::InvalidParameters`] for the
    /// `kekId` of a service-held key.
    pub fn plan(
        present: &KeyMaterial,
        present_kek_id: Option<String>,
        kek: Option<&Kek>,
        given: GivenMaterial,
        kek_id: Option<KekId>,
    ) -> Result<Self, KeyRefusal> {
        let kek_id = kek_id.map(KekId::into_string);
        let service_held = matches!(present, KeyMaterial::ServiceHeld(_));
        match (given, kek) {
            (GivenMaterial::Wrapped(wrapped), kek) => {
                if let Some(kek) = kek {
                    unwrap(kek, &wrapped)?;
                }
                let computed = kek.filter(|_| service_held).map(Kek::id);
                let kek_id = kek_id.or(computed).or(present_kek_id);
                Ok(Self { material: Some(KeyMaterial::ClientKek(wrapped)), kek_id })
            }
            (GivenMaterial::Key(key), Some(kek)) => Ok(Self {
                material: Some(KeyMaterial::ClientKek(kek.wrap(&key))),
                kek_id: kek_id.or_else(|| Some(kek.id())),
            }),
            (GivenMaterial::Key(_), None) if !service_held => {
                let hint = "this key is under a client's KEK: give the kek that the new value goes under";
                Err(KeyRefusal::new(KeyProblem::KekRequired, hint).parameter("kek"))
            }
            (GivenMaterial::Key(_) | GivenMaterial::Nothing, None) if service_held && kek_id.is_some() => {
                Err(kek_id_of_service())
            }
            (GivenMaterial::Key(key), None) => {
                Ok(Self { material: Some(KeyMaterial::ServiceHeld(key)), kek_id: None })
            }
            (GivenMaterial::Nothing, kek) => {
                check_kek(present, kek)?;
                Ok(Self { material: None, kek_id: kek_id.or(present_kek_id) })
            }
        }
    }
}

fn unwrap(kek: &Kek, wrapped: &WrappedKey) -> Result<ContentKey, KeyRefusal> {
    kek.unwrap(wrapped)
        .map_err(|error| KeyRefusal::new(KeyProblem::IncorrectKek, format!("kek: {error}")).parameter("kek"))
}

fn no_kek_to_match() -> KeyRefusal {
    let hint = "the service itself holds this key, so there is no KEK to match: leave kek out";
    KeyRefusal::new(KeyProblem::IncorrectKek, hint).parameter("kek")
}

fn kek_id_of_service() -> KeyRefusal {
    let hint = "a key that the service itself holds has no KEK to name: leave kekId out, or give kek or ek";
    KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter("kekId")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kek(byte: char) -> Kek {
        Kek::from_hex(byte.to_string().repeat(32).as_bytes()).unwrap()
    }

    fn key(byte: u8) -> ContentKey {
        ContentKey::from_bytes([byte; 16])
    }

    fn named(text: &str) -> Option<KekId> {
        KekId::parse(text).ok()
    }

    fn client(byte: u8) -> KeyMaterial {
        KeyMaterial::ClientKek(kek('1').wrap(&key(byte)))
    }

    #[test]
    fn a_key_is_shown_as_far_as_its_kek_reaches() {
        let wrapped = kek('1').wrap(&key(7));
        assert_eq!(reveal(client(7), None), Ok(Revealed { key: None, wrapped: Some(wrapped) }));
        assert_eq!(
            reveal(client(7), Some(&kek('1'))),
            Ok(Revealed { key: Some(key(7)), wrapped: Some(wrapped) })
        );
        let held = || KeyMaterial::ServiceHeld(key(7));
        assert_eq!(reveal(held(), None), Ok(Revealed { key: Some(key(7)), wrapped: None }));
        for material in [client(7), held()] {
            let refused = check_kek(&material, Some(&kek('2'))).unwrap_err();
            assert_eq!(refused.problem, KeyProblem::IncorrectKek);
            assert_eq!(reveal(material, Some(&kek('2'))), Err(refused));
        }
    }

    #[test]
    fn the_table_of_creates_holds_row_by_row() {
        let plan = |kek: Option<&Kek>, given, kek_id| NewMaterial::plan(kek, given, kek_id, || key(9));
        let wrapped = kek('1').wrap(&key(7));
        let one = kek('1');
        // kek
        let made = plan(Some(&one), GivenMaterial::Nothing, None).unwrap();
        assert_eq!((made.material, made.key), (client(9), Some(key(9))));
        assert_eq!(made.kek_id.as_deref(), Some("#1.952241b0259652b68a8cae2be819dfa3"));
        // kek, k
        let made = plan(Some(&one), GivenMaterial::Key(key(7)), named("mine")).unwrap();
        assert_eq!((made.material, made.kek_id.as_deref()), (client(7), Some("mine")));
        // kek, ek
        let made = plan(Some(&one), GivenMaterial::Wrapped(wrapped), None).unwrap();
        assert_eq!((made.material, made.key), (client(7), Some(key(7))));
        let refused = plan(Some(&kek('2')), GivenMaterial::Wrapped(wrapped), None).unwrap_err();
        assert_eq!(refused.problem, KeyProblem::IncorrectKek);
        // ek
        let made = plan(None, GivenMaterial::Wrapped(wrapped), None).unwrap();
        assert_eq!((made.material, made.key, made.kek_id), (client(7), None, None));
        // k
        let made = plan(None, GivenMaterial::Key(key(7)), None).unwrap();
        assert_eq!((made.material, made.kek_id), (KeyMaterial::ServiceHeld(key(7)), None));
        // none of them
        let made = plan(None, GivenMaterial::Nothing, None).unwrap();
        assert_eq!((made.material, made.key), (KeyMaterial::ServiceHeld(key(9)), Some(key(9))));
        let refused = plan(None, GivenMaterial::Nothing, named("mine")).unwrap_err();
        assert_eq!((refused.problem, refused.parameter), (KeyProblem::InvalidParameters, Some("kekId")));
    }

    #[test]
    fn accounts_without_service_keys_need_kek_or_ek() {
        let wrapped = GivenMaterial::Wrapped(kek('1').wrap(&key(7)));
        let check =
            |kek: Option<&Kek>, given: &GivenMaterial| NewMaterial::check_service_keys(kek, given, false);
        assert!(check(None, &wrapped).is_ok());
        assert!(check(Some(&kek('1')), &GivenMaterial::Nothing).is_ok());
        for given in [GivenMaterial::Nothing, GivenMaterial::Key(key(7))] {
            assert_eq!(check(None, &given).unwrap_err().problem, KeyProblem::NoKek);
            assert!(NewMaterial::check_service_keys(None, &given, true).is_ok());
        }
    }

    #[test]
    fn the_table_of_changes_holds_row_by_row() {
        let held = || KeyMaterial::ServiceHeld(key(1));
        let plan = |present: KeyMaterial, kek: Option<&Kek>, given, kek_id| {
            let old = matches!(present, KeyMaterial::ClientKek(_)).then(|| "old".to_owned());
            MaterialChange::plan(&present, old, kek, given, kek_id).map_err(|refusal| refusal.problem)
        };
        let wrapped = || GivenMaterial::Wrapped(kek('1').wrap(&key(7)));
        let (one, two) = (kek('1'), kek('2'));
        let changed = |material, kek_id: Option<&str>| {
            Ok(MaterialChange { material, kek_id: kek_id.map(ToOwned::to_owned) })
        };
        // ek, no kek
        assert_eq!(plan(client(1), None, wrapped(), None), changed(Some(client(7)), Some("old")));
        assert_eq!(plan(held(), None, wrapped(), None), changed(Some(client(7)), None));
        assert_eq!(plan(held(), None, wrapped(), named("new")), changed(Some(client(7)), Some("new")));
        // ek, kek
        assert_eq!(plan(client(1), Some(&one), wrapped(), None), changed(Some(client(7)), Some("old")));
        let id = "#1.952241b0259652b68a8cae2be819dfa3";
        assert_eq!(plan(held(), Some(&one), wrapped(), None), changed(Some(client(7)), Some(id)));
        assert_eq!(plan(held(), Some(&two), wrapped(), None), Err(KeyProblem::IncorrectKek));
        // k, kek
        let given = || GivenMaterial::Key(key(7));
        assert_eq!(plan(client(1), Some(&one), given(), None), changed(Some(client(7)), Some(id)));
        assert_eq!(plan(held(), Some(&one), given(), named("new")), changed(Some(client(7)), Some("new")));
        // k, no kek
        let replaced = Some(KeyMaterial::ServiceHeld(key(7)));
        assert_eq!(plan(held(), None, given(), None), changed(replaced, None));
        assert_eq!(plan(client(1), None, given(), None), Err(KeyProblem::KekRequired));
        // kekId for a service-held key
        assert_eq!(plan(held(), None, given(), named("new")), Err(KeyProblem::InvalidParameters));
        assert_eq!(
            plan(held(), None, GivenMaterial::Nothing, named("new")),
            Err(KeyProblem::InvalidParameters)
        );
        // other members alone; a KEK that does not fit is an error on every call
        let nothing = || GivenMaterial::Nothing;
        assert_eq!(plan(client(1), Some(&one), nothing(), named("new")), changed(None, Some("new")));
        assert_eq!(plan(client(1), None, nothing(), None), changed(None, Some("old")));
        assert_eq!(plan(client(1), Some(&two), nothing(), None), Err(KeyProblem::IncorrectKek));
        assert_eq!(plan(held(), Some(&one), nothing(), None), Err(KeyProblem::IncorrectKek));
    }
}

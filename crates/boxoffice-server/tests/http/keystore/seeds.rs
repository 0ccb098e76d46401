//! Keys that follow from a seed (key-storage.md, section 9).

use boxoffice_core::{AccountId, Environment};
use boxoffice_server::keystore::{Call, NewSeedKind, SeedError, TrackKey};
use boxoffice_storage::SeedId;
use drm_primitives::{Kek, hex};
use zeroize::Zeroizing;

use super::{EK, KEK, KEY, KID1, Keys, empty, expect, incorrect_kek, not_found};

/// The KID and key of `movie-1`, `SD` under the seed of the vectors.
const MOVIE_SD: &str = "532dcf1d9750941203fae2808a885599";
const MOVIE_SD_KEY: &str = "d27874fe61d977617963357220c31d38";

impl Keys {
    fn place(&self) -> (Environment, AccountId) {
        (Environment::Test, self.customer.id)
    }

    async fn seed(&self, kind: NewSeedKind) -> SeedId {
        self.lab.app.key_storage().new_seed(self.place(), kind).await.unwrap()
    }

    /// What a packager interface asks for.
    async fn track(&self, content_id: &str, track: &str, period: Option<u32>) -> TrackKey {
        let call = Call {
            environment: Environment::Test,
            account: self.customer.id,
            authenticator: None,
            service_keys: true,
            address: None,
            request_id: String::new(),
        };
        self.lab.app.key_storage().track_key(&call, content_id.as_bytes(), track, period).await.unwrap()
    }
}

/// Bytes 20 to 3f.
fn published() -> NewSeedKind {
    NewSeedKind::ImportedNative(Zeroizing::new(std::array::from_fn(|at| 0x20 + u8::try_from(at).unwrap())))
}

fn kid_of(key: &TrackKey) -> String {
    match key {
        TrackKey::Derived { kid, .. } => kid.to_hex(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_vectors_hold_over_http() {
    let keys = Keys::start().await;
    let seed = keys.seed(published()).await;
    // Under an imported seed a tag that is not on record is accepted.
    for (kid, key, period) in [
        (MOVIE_SD, MOVIE_SD_KEY, None),
        ("b7c4ea6addf7a5adf040284fa4e483e5", "483b4501a3ac451391cbeaf1c611cae6", None),
        ("6fa04967987062db340185f91d9f71fc", "a344d8f2af59c55f4b304c26b0ef43d0", None),
        ("91e2fd559d7681f39446d210078faff2", "605d0fecb6a19e4c9d8d5c08580b28aa", Some(0)),
        ("8850c9d575f68c4d8e0224dbdbc72346", "efe7c3876d9d159988116b02953910b7", Some(1)),
        ("865f6f3f5dbc52d1a338568611c2ab4f", "5df3d16f1be0a8de7261f61b87de3c4e", Some(u32::MAX)),
    ] {
        let period = period.map_or_else(String::new, |period| format!(",\"period\":{period}"));
        let expected = format!(r##"{{"kid":"{kid}","k":"{key}","kekId":"#seed.{}"{period}}}"##, seed.0);
        assert_eq!(keys.get(&format!("/keys/{}", kid.to_uppercase())).await.text(), expected);
        assert_eq!(keys.get(&format!("/keys/{kid}/value")).await.text(), key);
    }
    assert_eq!(keys.count().await, 0, "nothing is stored");
    assert_eq!(keys.get("/keys").await.text(), "[]");
    // The names come with the first use by name.
    assert_eq!(kid_of(&keys.track("movie-1", "SD", None).await), MOVIE_SD);
    let expected = format!(
        r##"{{"kid":"{MOVIE_SD}","k":"{MOVIE_SD_KEY}","kekId":"#seed.{}","contentId":"movie-1","track":"SD"}}"##,
        seed.0
    );
    assert_eq!(keys.get(&format!("/keys/{MOVIE_SD}")).await.text(), expected);
}

#[tokio::test]
async fn the_calls_on_a_derived_kid_do_as_the_table_says() {
    let keys = Keys::start().await;
    keys.seed(NewSeedKind::Native).await;
    let TrackKey::Derived { kid, key, .. } = keys.track("channel-7", "HD+HDR", Some(3)).await else {
        panic!("there is a seed");
    };
    let key = hex::encode(key.expose());
    let shown = keys.get(&format!("/keys/{kid}")).await;
    let object = shown.json();
    assert_eq!((&object["k"], &object["contentId"]), (&key.as_str().into(), &"channel-7".into()));
    assert_eq!((&object["track"], &object["period"]), (&"HD+HDR".into(), &3.into()));
    assert!(object.get("lastUpdate").is_none());
    incorrect_kek(&keys.get(&format!("/keys/{kid}?kek={KEK}")).await);
    for body in [format!(r#"{{"kid":"{kid}"}}"#), format!(r#"{{"kid":"{kid}","k":"{KEY}","info":"x"}}"#)] {
        let there = keys.post("/keys", &body).await;
        assert_eq!((there.status, there.text()), (200, shown.text()));
        incorrect_kek(&keys.post(&format!("/keys?kek={KEK}"), &body).await);
    }
    not_found(&keys.put(&format!("/keys/{kid}"), r#"{"info":"x"}"#).await);
    not_found(&keys.delete(&format!("/keys/{kid}")).await);
    assert_eq!(keys.count().await, 0);
    // Another account's seed does not know it, nor does one of the same account by chance.
    let other = keys.lab.account().await;
    not_found(&keys.call_as(&other, http::Method::GET, &format!("/keys/{kid}"), "").await);
    keys.seed(NewSeedKind::Native).await;
    assert_eq!(keys.get(&format!("/keys/{kid}/value")).await.text(), key);
    // A tag that is not on record is nobody's under a seed that was made here.
    assert_eq!(keys.get(&format!("/keys/{MOVIE_SD}")).await.status, 404);
}

#[tokio::test]
async fn a_stored_row_wins_over_a_seed() {
    let keys = Keys::start().await;
    let made = keys.post("/keys", &format!(r#"{{"kid":"{MOVIE_SD}","k":"{KEY}"}}"#)).await;
    assert_eq!(made.status, 201);
    keys.seed(published()).await;
    assert_eq!(keys.get(&format!("/keys/{MOVIE_SD}/value")).await.text(), KEY);
    empty(&keys.delete(&format!("/keys/{MOVIE_SD}")).await);
    assert_eq!(keys.get(&format!("/keys/{MOVIE_SD}/value")).await.text(), MOVIE_SD_KEY);
}

#[tokio::test]
async fn deleting_a_content_ends_all_its_keys_for_good() {
    let keys = Keys::start().await;
    keys.seed(published()).await;
    let (first, second) =
        (keys.track("movie-1", "SD", None).await, keys.track("movie-1", "AUDIO", None).await);
    let storage = keys.lab.app.key_storage();
    assert_eq!(storage.delete_content(keys.customer.id, b"movie-1").await.unwrap(), 2);
    assert_eq!(storage.delete_content(keys.customer.id, b"movie-1").await.unwrap(), 0);
    for key in [first, second] {
        let kid = kid_of(&key);
        let gone = keys.get(&format!("/keys/{kid}")).await;
        not_found(&gone);
        assert!(gone.text().contains("deleted"), "{}", gone.text());
        // Its KID gets no other key, not even under an open seed.
        expect(&keys.post("/keys", &format!(r#"{{"kid":"{kid}"}}"#)).await, 409, 4, "KID already exists");
    }
    keys.seed(NewSeedKind::Open).await;
    not_found(&keys.get(&format!("/keys/{MOVIE_SD}")).await);
    assert!(matches!(keys.track("movie-1", "SD", None).await, TrackKey::Deleted));
}

#[tokio::test]
async fn an_open_seed_answers_for_any_kid() {
    let keys = Keys::start().await;
    let playready =
        NewSeedKind::ImportedPlayReady(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())));
    let seed = keys.seed(playready).await;
    let expected =
        format!(r##"{{"kid":"{KID1}","k":"dbadfcbf0aa0e0b6a9d1736efdb8dbaf","kekId":"#seed.{}"}}"##, seed.0);
    assert_eq!(keys.get("/keys/^kid1").await.text(), expected);
    assert_eq!(keys.get("/keys/^anything").await.status, 200);
    // At most one.
    let second = keys.lab.app.key_storage().new_seed(keys.place(), NewSeedKind::Open).await;
    assert!(matches!(second, Err(SeedError::OpenSeedExists { id }) if id == seed));
    // Creating stores the derived value, under the KEK where there is one; or the value that comes, which wins.
    let stored = keys.post("/keys", r#"{"kid":"^kid1","contentId":"c"}"#).await;
    assert_eq!(stored.status, 201);
    assert_eq!(stored.json()["k"], "dbadfcbf0aa0e0b6a9d1736efdb8dbaf");
    assert_eq!(stored.json()["kekId"], "#service");
    let derived = keys.get("/keys/^kid2/value").await.text().to_owned();
    let stored = keys.post(&format!("/keys?kek={KEK}"), r#"{"kid":"^kid2"}"#).await.json();
    assert_eq!(stored["k"], derived);
    assert_eq!(keys.get(&format!("/keys/^kid2/value?kek={KEK}")).await.text(), derived);
    let stored = keys.post("/keys", &format!(r#"{{"kid":"^kid3","ek":"{EK}"}}"#)).await;
    assert_eq!(stored.status, 201);
    assert_eq!(keys.get("/keys/^kid3/value").await.text(), format!("#{EK}"));
    assert_eq!(keys.count().await, 3);
    empty(&keys.delete("/keys/^kid3").await);
    assert_eq!(keys.get("/keys/^kid3/value").await.text().len(), 32);
}

#[tokio::test]
async fn a_retired_seeds_keys_end_and_contents_stand_in_the_way() {
    let keys = Keys::start().await;
    let seed = keys.seed(NewSeedKind::Native).await;
    let kid = kid_of(&keys.track("movie-1", "SD", None).await);
    let storage = keys.lab.app.key_storage();
    assert!(matches!(storage.retire_seed(seed, false).await, Err(SeedError::HasContents { rows: 1 })));
    assert_eq!(keys.get(&format!("/keys/{kid}")).await.status, 200);
    storage.retire_seed(seed, true).await.unwrap();
    not_found(&keys.get(&format!("/keys/{kid}")).await);
    assert!(matches!(storage.retire_seed(seed, true).await, Err(SeedError::Unknown { .. })));
    assert!(matches!(keys.track("movie-1", "SD", None).await, TrackKey::NoSeed));
    assert!(storage.seed_summaries(Some(keys.customer.id)).await.unwrap()[0].retired_at.is_some());
}

#[tokio::test]
async fn a_seed_leaves_only_wrapped() {
    let keys = Keys::start().await;
    let seed = keys.seed(published()).await;
    let kek = Kek::from_hex(KEK.as_bytes()).unwrap();
    let wrapped = keys.lab.app.key_storage().export_seed(seed, &kek).await.unwrap();
    let expected = kek.wrap_secret(&std::array::from_fn(|at| 0x20 + u8::try_from(at).unwrap()));
    assert_eq!(wrapped, expected);
}

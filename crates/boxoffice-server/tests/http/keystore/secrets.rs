//! Nothing in clear on disk, ever (key-storage.md, section 10), and nothing in the log.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use boxoffice_server::keystore::NewSeedKind;
use drm_primitives::{base64, hex};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::Keys;

/// How many keys of each of the two kinds that are stored.
const KEYS: u16 = 500;

/// How many are stored at once.
const AT_ONCE: u16 = 50;

/// With how many of them every call is made.
const EVERY_CALL: u16 = 24;

/// Every form in which a secret might stand somewhere. Base64 has three, by where in a triple the secret begins.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let text = hex::encode(secret);
    let mut forms = vec![secret.to_vec(), text.clone().into_bytes(), text.to_uppercase().into_bytes()];
    for shift in 0..3 {
        let padded = [&vec![0; shift], secret].concat();
        let whole = padded.len() / 3 * 4;
        // What the neighbours decide is cut off.
        let from = [0, 2, 3][shift];
        forms.push(base64::encode(&padded).into_bytes()[from..whole].to_vec());
        forms.push(base64::encode_url(&padded).into_bytes()[from..whole].to_vec());
    }
    forms
}

fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Looks for all of them in one pass: by their first eight bytes.
struct Search {
    starts: HashMap<[u8; 8], Vec<Vec<u8>>>,
}

impl Search {
    fn new(secrets: &[Vec<u8>]) -> Self {
        let mut starts: HashMap<_, Vec<_>> = HashMap::new();
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            starts.entry(*form.first_chunk().unwrap()).or_default().push(form);
        }
        Self { starts }
    }

    fn finds_in(&self, bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|at| {
            let rest = &bytes[at..];
            let start = rest.first_chunk().and_then(|start| self.starts.get(start));
            start.is_some_and(|forms| forms.iter().any(|form| rest.starts_with(form)))
        })
    }
}

/// Sixteen bytes that are nobody else's.
fn secret(kind: u8, number: u16) -> [u8; 16] {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64 ^ u64::from(kind) << 32 ^ u64::from(number);
    std::array::from_fn(|_| {
        // The generator of Knuth's MMIX.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random.to_be_bytes()[0]
    })
}

/// Stores a key of each kind, and makes every call with some of them.
async fn store(keys: Arc<Keys>, number: u16) {
    let [kek, key, held] = [1, 2, 3].map(|kind| secret(kind, number));
    let (wrapping, content) = (hex::encode(&kek), hex::encode(&key));
    let name = format!("^{number}");
    let body = format!(r#"{{"kid":"{name}","k":"{content}"}}"#);
    assert_eq!(keys.post(&format!("/keys?kek={wrapping}"), &body).await.status, 201);
    let body = format!(r#"{{"kid":"{name}h","k":"{}"}}"#, hex::encode(&held));
    assert_eq!(keys.post("/keys", &body).await.status, 201);
    if number >= EVERY_CALL {
        return;
    }
    keys.get(&format!("/keys/{name}?kek={wrapping}")).await;
    keys.get(&format!("/keys/{name}h/value")).await;
    keys.get(&format!("/keys?kek={wrapping}")).await;
    keys.put(&format!("/keys/{name}h"), r#"{"info":"x"}"#).await;
    keys.put(&format!("/keys/{name}?kek={wrapping}"), &format!(r#"{{"k":"{content}"}}"#)).await;
    // Errors quote nothing either.
    let refused = keys.post("/keys", &format!(r#"{{"k":"{content}00","ek":"{content}"}}"#)).await;
    assert!(!refused.text().contains(&content[..16]), "{}", refused.text());
    keys.get(&format!("/keys/{name}?kek={wrapping}00")).await;
    let parameters = format!("kid=%5E{number}&kek={wrapping}");
    keys.lab.ask_for_token(&keys.customer, "ck", &parameters).await;
}

#[tokio::test]
async fn no_key_kek_or_seed_stands_in_any_file_or_log() {
    let keys = Arc::new(Keys::start().await);
    let mut secrets = Vec::new();
    for first in (0..KEYS).step_by(usize::from(AT_ONCE)) {
        let mut calls = JoinSet::new();
        for number in first..(first + AT_ONCE).min(KEYS) {
            secrets.extend([1, 2, 3].map(|kind| secret(kind, number).to_vec()));
            calls.spawn(store(Arc::clone(&keys), number));
        }
        calls.join_all().await;
    }
    let seed: [u8; 32] = std::array::from_fn(|at| 0xC3 ^ u8::try_from(at).unwrap().wrapping_mul(53));
    let place = (boxoffice_core::Environment::Test, keys.customer.id);
    let storage = keys.lab.app.key_storage();
    storage.new_seed(place, NewSeedKind::ImportedNative(Zeroizing::new(seed))).await.unwrap();
    secrets.push(seed.to_vec());
    storage.rotate_storage_key(place.0).await.unwrap();
    storage.maintain_once(std::time::Duration::ZERO).await.unwrap();
    for first in (0..KEYS).step_by(250) {
        let numbers = first..first + 250;
        let names: Vec<_> = numbers.clone().map(|number| format!("^{number}h")).collect();
        let expected: Vec<_> = numbers.map(|number| hex::encode(&secret(3, number))).collect();
        assert_eq!(keys.get(&format!("/keys/{}/value", names.join(","))).await.text(), expected.join(","));
    }
    let mut places = vec![("the log".to_owned(), keys.lab.log().into_bytes())];
    files(keys.lab.directory(), &mut places);
    assert!(places.iter().any(|(name, bytes)| name.ends_with("boxoffice.db-wal") && !bytes.is_empty()));
    let search = Search::new(&secrets);
    assert!(
        search.finds_in(&[b"..".as_slice(), &forms(&secrets[5])[4]].concat()),
        "the search finds what is there"
    );
    for (place, bytes) in &places {
        assert!(!search.finds_in(bytes), "a secret stands in {place}");
    }
}

//! Nothing in clear on disk, ever (key-storage.md, section 10), and nothing in the log.

use std::collections::HashMap;
use std::path::Path;

use boxoffice_server::keystore::NewSeedKind;
use drm_primitives::{base64, hex};
use zeroize::Zeroizing;

use super::Keys;

/// How many keys of each kind.
const KEYS: u8 = 24;

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

#[tokio::test]
async fn no_key_kek_or_seed_stands_in_any_file_or_log() {
    let keys = Keys::start().await;
    let secret = |kind: u8, number: u8| -> [u8; 16] {
        std::array::from_fn(|at| {
            kind.wrapping_mul(89)
                ^ number.wrapping_mul(37)
                ^ u8::try_from(at).unwrap().wrapping_mul(101)
                ^ 0xA5
        })
    };
    let mut secrets = Vec::new();
    for number in 0..KEYS {
        let (kek, key, held) = (secret(1, number), secret(2, number), secret(3, number));
        let (wrapping, content) = (hex::encode(&kek), hex::encode(&key));
        let name = format!("^{number}");
        keys.post(&format!("/keys?kek={wrapping}"), &format!(r#"{{"kid":"{name}","k":"{content}"}}"#)).await;
        keys.post("/keys", &format!(r#"{{"kid":"{name}h","k":"{}"}}"#, hex::encode(&held))).await;
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
        secrets.extend([kek.to_vec(), key.to_vec(), held.to_vec()]);
    }
    let seed: [u8; 32] = std::array::from_fn(|at| 0xC3 ^ u8::try_from(at).unwrap().wrapping_mul(53));
    let place = (boxoffice_core::Environment::Test, keys.customer.id);
    let storage = keys.lab.app.key_storage();
    storage.new_seed(place, NewSeedKind::ImportedNative(Zeroizing::new(seed))).await.unwrap();
    secrets.push(seed.to_vec());
    storage.rotate_storage_key(place.0).await.unwrap();
    storage.maintain_once(std::time::Duration::ZERO).await.unwrap();
    for number in 0..KEYS {
        assert_eq!(
            keys.get(&format!("/keys/^{number}h/value")).await.text(),
            hex::encode(&secret(3, number))
        );
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

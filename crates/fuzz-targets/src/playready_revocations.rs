use drm_primitives::hex;
use playready::Revocations;

/// A list of revoked PlayReady certificates: each digest in it is found, and written in hex it is found again.
pub fn playready_revocations(bytes: &[u8]) {
    let Ok(list) = Revocations::parse(bytes) else { return };
    let document: serde_json::Value = serde_json::from_slice(bytes).expect("it was read as JSON");
    let given = document.get("digests").and_then(serde_json::Value::as_array).expect("it was read as one");
    assert!(list.len() <= given.len() && list.is_empty() == given.is_empty());
    let again = serde_json::json!({ "version": list.version(), "digests": [hex::encode(&[7; 32])] });
    let again = Revocations::parse(again.to_string().as_bytes()).expect("this is a list");
    assert!(again.contains(&[7; 32]) && again.version() == list.version());
}

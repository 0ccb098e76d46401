use clearkey::lab_client::{accept, request};
use clearkey::{Key, Request, answer};
use drm_primitives::Kid;

/// An answer to the lab's Clear Key client: the keys that it accepts, granted by the service, are accepted again.
pub fn clearkey_answer(bytes: &[u8]) {
    let asked = [
        Kid::from_bytes(*b"\x9e\xb4\x05\x0d\xe4\x4b\x48\x02\x93\x2e\x27\xd7\x50\x83\xe2\x66"),
        Kid::from_bytes([0; 16]),
    ];
    let Ok(accepted) = accept(bytes, &asked) else { return };
    assert!(!accepted.is_empty() && accepted.iter().all(|(kid, _)| asked.contains(kid)));
    let kids: Vec<Kid> = accepted.iter().map(|(kid, _)| *kid).collect();
    let keys: Vec<Key<'_>> = accepted.iter().map(|(kid, key)| Key { kid: *kid, key }).collect();
    let request = Request::parse(&request(&kids)).expect("the lab client asks as a player does");
    let granted = answer(&request, &keys).expect("every key is asked for").write();
    assert_eq!(accept(&granted, &kids), Ok(accepted.clone()));
}

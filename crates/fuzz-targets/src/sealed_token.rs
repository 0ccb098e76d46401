use std::sync::LazyLock;

use boxoffice_core::Environment;
use boxoffice_core::key_ring::{KeyId, Secret32};
use boxoffice_core::seal::{Envelope, SealingKey, SealingRing, TokenError};
use drm_primitives::{SequenceRandom, base64};
use jiff::Timestamp;

/// Version 1, key number 1.
const HEADER: [u8; 5] = [1, 0, 0, 0, 1];

const KEY: Secret32 = Secret32::new([0x42; 32]);

static RING: LazyLock<SealingRing> = LazyLock::new(|| {
    let key = SealingKey::new(KeyId(1), Timestamp::UNIX_EPOCH, &KEY);
    SealingRing::new(Environment::Test, vec![key]).expect("it has a key")
});

/// A token as it came, which nobody can have forged; and the inside of a token, sealed as ours are, which comes back
/// from the token that it is sealed into again.
pub fn sealed_token(bytes: &[u8]) {
    assert!(RING.open(bytes).is_err(), "only this function knows the key, and it has sealed nothing yet");
    let random = SequenceRandom::new(1);
    let mut token = HEADER.to_vec();
    // token-api.md, section 9: version, key number and environment are authenticated with the inside.
    let context = [&b"boxoffice token/"[..], &[Environment::Test.number()], &HEADER].concat();
    Envelope::new(&KEY).seal_onto(&mut token, &context, bytes, &random);
    match RING.open(base64::encode_url(&token).as_bytes()) {
        Ok(entitlement) => {
            let again = RING.seal(&entitlement, Timestamp::UNIX_EPOCH, &random);
            assert_eq!(RING.open(again.as_bytes()), Ok(entitlement));
        }
        Err(error) => assert!(matches!(error, TokenError::Malformed(_)), "{error}"),
    }
}

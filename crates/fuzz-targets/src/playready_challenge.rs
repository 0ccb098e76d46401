use std::sync::LazyLock;

use drm_primitives::SequenceRandom;
use playready::challenge::wrap_in_key_message;
use playready::lab::Material;
use playready::{Challenge, Issuer, Revocations};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

static ISSUER: LazyLock<Issuer> =
    LazyLock::new(|| Material::generate(&SequenceRandom::new(1)).expect("numbers do not run out").issuer());

/// A SOAP challenge: wrapped as an EME module does, it says the same; and whatever it says, the steps behind it
/// refuse it or name a device.
pub fn playready_challenge(bytes: &[u8]) {
    let Ok(challenge) = Challenge::parse(bytes) else { return };
    assert!((1..=Challenge::MAXIMUM_LENGTH).contains(&bytes.len()));
    if let Some(token) = challenge.token() {
        let custom_data = challenge.custom_data().expect("the token is in it");
        assert!(!token.is_empty() && custom_data.contains(token));
    }
    let _ = (challenge.check_version(), challenge.check_clock(NOW), challenge.header());
    let wrapped = wrap_in_key_message(bytes);
    // What is wrapped already is no SOAP, and what is too long then is refused.
    if !bytes.starts_with(b"<\0")
        && !bytes.starts_with(b"\xFF\xFE")
        && wrapped.len() <= Challenge::MAXIMUM_LENGTH
    {
        let unwrapped = Challenge::parse(&wrapped).expect("a wrapped challenge is one");
        assert_eq!(unwrapped.nonce(), challenge.nonce());
        assert_eq!(unwrapped.custom_data(), challenge.custom_data());
        assert_eq!(unwrapped.check_signature().is_ok(), challenge.check_signature().is_ok());
    }
    if let Ok(device) = ISSUER.identify(&challenge, NOW, &Revocations::default()) {
        assert!(challenge.check_signature().is_ok());
        assert_eq!(device.device_id().len(), 32);
        assert_eq!(device.key_digests().len(), device.certificate_digests().len());
    }
}

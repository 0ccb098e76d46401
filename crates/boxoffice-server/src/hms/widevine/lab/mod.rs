//! The embedded lab issuer as the back end: the test environment alone.

pub(super) mod licence;
pub(super) mod session;

use boxoffice_core::{Environment, Event, Refusal};
use widevine::LicenceSessionKey;

use crate::app::App;

/// The licence session keys, the newest first. Their number in a session is one byte, the low one of the ring's.
fn session_keys(app: &App, environment: Environment) -> Vec<LicenceSessionKey> {
    let key = |key: &crate::installation::RingKey| {
        let [.., number] = key.id.0.to_be_bytes();
        LicenceSessionKey::new(number, *key.secret.expose())
    };
    app.rings().licence_session(environment).iter().rev().map(key).collect()
}

/// The installation makes one at its first start.
fn no_session_key() -> Refusal {
    Refusal::new(Event::WidevineLicenseFailed, "no licence session key").reason("internal").status(500)
}

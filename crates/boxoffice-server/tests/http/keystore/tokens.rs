//! Tokens that take their keys from the key storage (token-api.md, section 4).

use boxoffice_server::keystore::NewSeedKind;
use boxoffice_storage::Storage as _;

use super::{KEK, KEY, Keys, OTHER_KEK};

/// The DRMs whose tokens may have several keys, and what each wants beside them.
const SEVERAL_KEYS: [(&str, &str); 3] = [
    ("wv", "securityLevel=1&hdcpOutputControl=0"),
    (
        "pr",
        "rightsType=BuyToOwn&analogVideoOPL=0&compressedDigitalAudioOPL=0&compressedDigitalVideoOPL=0&uncompressedDigitalAudioOPL=0&uncompressedDigitalVideoOPL=0",
    ),
    ("ck", ""),
];

impl Keys {
    async fn token(&self, drm: &str, parameters: &str) -> (u16, i64, String, String) {
        let rest = SEVERAL_KEYS.iter().find(|(name, _)| *name == drm).map_or("", |(_, rest)| *rest);
        let asked = format!("errorFormat=json&{rest}&{parameters}");
        let answer = self.lab.ask_for_token(&self.customer, drm, &asked).await;
        if answer.status == 200 {
            return (200, 0, String::new(), answer.text().to_owned());
        }
        let error = answer.json();
        (
            answer.status,
            error["code"].as_i64().unwrap(),
            error["parameter"].as_str().unwrap_or_default().to_owned(),
            error["hint"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

async fn stored() -> Keys {
    let keys = Keys::start().await;
    keys.post(&format!("/keys?kek={KEK}"), &format!(r#"{{"kid":"^client","k":"{KEY}"}}"#)).await;
    keys.post("/keys", r#"{"kid":"^held"}"#).await;
    keys
}

#[tokio::test]
async fn every_drm_takes_a_kid_alone_and_a_kid_with_its_kek() {
    let keys = stored().await;
    for (drm, _) in SEVERAL_KEYS {
        for parameters in ["kid=%5Eheld".to_owned(), format!("kid=%5Eclient&kek={KEK}")] {
            let (status, _, _, text) = keys.token(drm, &parameters).await;
            assert_eq!(status, 200, "{drm} {parameters}: {text}");
        }
        let indexed = format!("kid.0=%5Eheld&kid.1=%5Eclient&kek.1={KEK}&kid.2=%5Ex&contentKey.2={KEY}");
        let (status, _, _, text) = keys.token(drm, &indexed).await;
        assert_eq!(status, 200, "{drm}: {text}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_had_has_its_code_and_parameter() {
    let keys = stored().await;
    for (drm, _) in SEVERAL_KEYS {
        for (parameters, code, parameter, said) in [
            ("kid=%5Eunknown".to_owned(), -4019, "kid", "no key"),
            (format!("kid=%5Eunknown&kek={KEK}"), -4019, "kid", "no key"),
            ("kid=%5Eclient".to_owned(), -4019, "kid", "give kek too"),
            (format!("kid=%5Eclient&kek={OTHER_KEK}"), -4024, "kek", "does not open"),
            (format!("kid=%5Eheld&kek={KEK}"), -4024, "kek", "by kid alone"),
            ("kid.0=%5Eheld&kid.3=%5Eunknown".to_owned(), -4019, "kid.3", "no key"),
            (format!("kid.0=%5Eheld&kid.1=%5Eclient&kek.1={OTHER_KEK}"), -4024, "kek.1", "does not open"),
            // The lower index first, whatever its trouble.
            ("kid.0=%5Eunknown&kid.1=%5Eheld&contentKey.1=00".to_owned(), -4019, "kid.0", "no key"),
            (
                "kid.0=%5Eheld&kid.1=%5Ex&contentKey.1=00&kid.2=%5Eunknown".to_owned(),
                -2027,
                "contentKey.1",
                "",
            ),
        ] {
            let (status, got, name, hint) = keys.token(drm, &parameters).await;
            assert_eq!((status, got, name.as_str()), (400, code, parameter), "{drm} {parameters}: {hint}");
            assert!(hint.contains(said), "{parameters}: {hint}");
        }
    }
}

#[tokio::test]
async fn a_fairplay_token_has_one_key_and_takes_it_from_the_store_too() {
    let keys = stored().await;
    let iv = "00000000000000000000000000000000";
    for (asked, expected) in [
        (format!("kid=%5Eheld&iv={iv}"), (200, 0, "")),
        (format!("kid.0=%5Eheld&iv.0={iv}"), (200, 0, "")),
        (format!("kid=%5Eclient&kek={KEK}&iv={iv}"), (200, 0, "")),
        (format!("kid=%5Eunknown&iv={iv}"), (400, -4019, "kid")),
        (format!("kid=%5Eclient&iv={iv}"), (400, -4019, "kid")),
        (format!("kid=%5Eclient&kek={OTHER_KEK}&iv={iv}"), (400, -4024, "kek")),
    ] {
        let (status, code, parameter, said) = keys.token("fp", &asked).await;
        assert_eq!((status, code, parameter.as_str()), expected, "{asked}: {said}");
    }
}

#[tokio::test]
async fn while_the_store_is_down_tokens_by_kid_wait_and_others_do_not() {
    let keys = stored().await;
    let asked = format!("kid=%5Ea&contentKey={KEY}");
    assert_eq!(keys.token("ck", &asked).await.0, 200);
    keys.lab.storage.fail("keys", 1, boxoffice_storage::Fault::Before);
    let (status, code, parameter, _) = keys.token("ck", "kid=%5Eheld").await;
    assert_eq!((status, code, parameter.as_str()), (503, -4019, "kid"));
    // Neither does a key leave without its record.
    keys.lab.storage.fail("append_key_audit", 1, boxoffice_storage::Fault::Before);
    let answer = keys.lab.ask_for_token(&keys.customer, "ck", "errorFormat=json&kid=%5Eheld").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (503, Some(-4019)));
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(keys.token("ck", "kid=%5Eheld").await.0, 200);
    keys.lab.storage.check().await.unwrap();
}

#[tokio::test]
async fn a_derived_key_needs_its_kid_alone() {
    let keys = Keys::start().await;
    let place = (boxoffice_core::Environment::Test, keys.customer.id);
    keys.lab.app.key_storage().new_seed(place, NewSeedKind::Open).await.unwrap();
    for (drm, _) in SEVERAL_KEYS {
        assert_eq!(keys.token(drm, "kid=%5Eany").await.0, 200);
    }
    assert_eq!(keys.token("ck", &format!("kid=%5Eany&kek={KEK}")).await.1, -4024);
}

#[tokio::test]
async fn a_clear_key_licence_has_the_stored_key() {
    let keys = stored().await;
    let url = keys.token("ck", "kid=%5Eheld").await.3;
    let token = url.split_once("ExpressPlayToken=").unwrap().1;
    let held = keys.get("/keys/^held").await.json();
    let encode = |member: &str| {
        let bytes = drm_primitives::hex::decode_any(held[member].as_str().unwrap().as_bytes()).unwrap();
        drm_primitives::base64::encode_url(&bytes)
    };
    let challenge = format!(r#"{{"kids":["{}"],"type":"temporary"}}"#, encode("kid"));
    let target = format!("/hms/ck/rights/?ExpressPlayToken={token}");
    let licence = keys.lab.send(crate::kit::Request::post(target, "application/json", challenge)).await;
    assert_eq!(licence.json()["keys"][0]["k"], encode("k"), "{}", licence.text());
}

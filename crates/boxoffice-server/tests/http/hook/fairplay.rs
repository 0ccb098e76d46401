//! FairPlay: the lease and the HDCP type.

use fairplay::HdcpType;
use serde_json::json;

use super::world::{grant, hook, last_record, refuse};
use crate::fairplay::world::{GOOD, KEY, KID, World, refusal, refused};

#[tokio::test]
async fn the_operator_shortens_the_lease_and_raises_the_hdcp_type() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let token = format!("{GOOD}&rentalDuration=3600&fpExtension=wudo,AAECAw==");
    for (policy, lease, hdcp, tightened, ignored) in [
        (json!({}), 3_600, HdcpType::Type0, json!([]), json!([])),
        (
            json!({ "rental_duration_seconds": 60 }),
            60,
            HdcpType::Type0,
            json!(["rental_duration_seconds"]),
            json!([]),
        ),
        (json!({ "hdcp": 1 }), 3_600, HdcpType::Type1, json!(["hdcp"]), json!([])),
        (
            json!({ "rental_duration_seconds": 7200, "hdcp": -1 }),
            3_600,
            HdcpType::Type0,
            json!([]),
            json!(["rental_duration_seconds", "hdcp"]),
        ),
    ] {
        hook.role().answer_with(grant(&policy));
        let asset = world.asset(&token).await;
        assert_eq!((asset.lease_seconds, asset.hdcp_type), (Some(lease), hdcp));
        let (_, policy) = last_record(&world.lab).await;
        assert_eq!(policy, json!({ "decision": "grant", "tightened": tightened, "ignored": ignored }));
    }
    let asked = hook.last_request().unwrap();
    let question: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(question["drm"], "fairplay");
    assert_eq!(question["keys"], json!([{ "kid": KID, "track_type": 1, "hdcp": 0 }]));
    assert_eq!(question["policy"]["rental_duration_seconds"], 3_600);
    assert_eq!(question["extensions"], json!([{ "type": "wudo", "payload": "AAECAw==" }]));
    assert!(!String::from_utf8(asked.body.to_vec()).unwrap().contains(KEY));
}

#[tokio::test]
async fn a_refusal_and_silence_come_before_the_key_server() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let target = world.target(GOOD).await;
    hook.role().answer_with(refuse("no"));
    assert_eq!(refusal(&world.redeem(&target).await), refused(-6004, 403, "policy"));
    hook.role().answer_with(grant(&json!({ "hdcp": 9 })));
    assert_eq!(refusal(&world.redeem(&target).await), refused(-6004, 503, "policy-unavailable"));
    hook.stop().await;
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), refused(-6004, 503, "policy-unavailable"));
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(world.key_server.request_count(), 0);
}

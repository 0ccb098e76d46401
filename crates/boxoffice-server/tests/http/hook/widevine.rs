//! Widevine, from the lab and through the operator's licence service: new licences, renewals, and no releases.

use drm_primitives::SystemRandom;
use serde_json::{Value, json};
use testkit::MockServer;
use testkit::policy_hook::PolicyHook;
use widevine::lab_client::OpenedLicence;
use widevine::messages::LicenseType;

use super::world::{grant, hook, last_record, refuse};
use crate::kit::Answer;
use crate::upstream;
use crate::widevine::world::{KEY, KID, World, plan};

const RENEWAL: &str = "[environments.test.widevine.renewal]\nenabled = true\n";

fn question(hook: &MockServer<PolicyHook>) -> Value {
    serde_json::from_slice(&hook.last_request().unwrap().body).unwrap()
}

fn refusal(answer: &Answer) -> (i64, u16, String) {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let json = answer.json();
    (json["code"].as_i64().unwrap(), answer.status, json["reason"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, reason: &str) -> (i64, u16, String) {
    (-7008, status, reason.to_owned())
}

/// A licence for a device, opened; or what came in its place.
async fn redeem(world: &World, device: &str, target: &str) -> Result<OpenedLicence, Answer> {
    let mut challenge = world.challenge(device);
    let answer = world.redeem(target, &challenge.body).await;
    if answer.status != 200 {
        return Err(answer);
    }
    Ok(challenge.session.open(&answer.body, None).unwrap())
}

#[tokio::test]
async fn the_operator_is_told_of_device_content_keys_and_policy_and_tightens_them() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let target = world.target("GOOD&contentId=film-1&licenseDuration=3600&wvExtension=wudo,AAECAw==").await;
    let plain = redeem(&world, "android-l1", &target).await.unwrap();
    assert_eq!(plain.policy.playback_duration_seconds, Some(3_600));
    let asked = question(&hook);
    assert_eq!((&asked["drm"], &asked["request"]), (&json!("widevine"), &json!("licence")));
    assert_eq!(asked["device"]["level"], "L1");
    assert!(asked["device"]["system_id"].is_u64() && asked["device"]["serial"].is_string(), "{asked}");
    assert_eq!(asked["content"], json!({ "kids": [KID], "content_id": "film-1", "type": "streaming" }));
    assert_eq!(asked["keys"], json!([{ "kid": KID, "track_type": 1, "security_level": 1, "hdcp": 0 }]));
    assert_eq!(
        asked["policy"],
        json!({ "can_persist": false, "rental_duration_seconds": null, "playback_duration_seconds": 3_600 })
    );
    assert_eq!(asked["extensions"], json!([{ "type": "wudo", "payload": "AAECAw==" }]));
    assert!(!asked.to_string().contains(KEY));
    let tighter = json!({
        "rental_duration_seconds": 120, "playback_duration_seconds": 60, "security_level": 5, "hdcp": 2,
    });
    hook.role().answer_with(grant(&tighter));
    let licence = redeem(&world, "android-l1", &target).await.unwrap();
    assert_eq!(licence.policy.playback_duration_seconds, Some(60));
    assert_eq!(licence.policy.rental_duration_seconds, Some(120));
    assert_eq!((licence.keys[0].level, licence.keys[0].hdcp), (5, 2));
    // The same key is beyond a device of software now.
    let answer = redeem(&world, "android-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-4001, 403, "device-level".to_owned()));
    hook.role()
        .answer_with(grant(&json!({ "playback_duration_seconds": 7200, "hdcp": 0, "can_persist": true })));
    let licence = redeem(&world, "android-l1", &target).await.unwrap();
    assert_eq!(licence.policy.playback_duration_seconds, Some(3_600));
    assert_ne!(licence.policy.can_persist, Some(true));
    let (_, policy) = last_record(&world.lab).await;
    assert_eq!(policy["ignored"], json!(["can_persist", "playback_duration_seconds"]));
}

#[tokio::test]
async fn what_may_be_stored_may_not_where_the_operator_says_so() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let target = world.target("GOOD&persistent=true").await;
    let offline = || {
        let plan = plan(&[KID], LicenseType::Offline);
        world.device("android-l1").challenge(&plan, None, &SystemRandom)
    };
    assert_eq!(world.redeem(&target, &offline().body).await.status, 200);
    assert_eq!(question(&hook)["content"]["type"], "offline");
    hook.role().answer_with(grant(&json!({ "can_persist": false })));
    let answer = world.redeem(&target, &offline().body).await;
    assert_eq!(refusal(&answer), refused(400, "persistence-not-granted"));
    let licence = redeem(&world, "android-l1", &target).await.unwrap();
    assert_ne!(licence.policy.can_persist, Some(true));
}

#[tokio::test]
async fn renewals_are_asked_about_and_releases_are_not() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&format!("{settings}{RENEWAL}")).await;
    let target = world.target("GOOD&licenseDuration=3600").await;
    let licence = redeem(&world, "android-l3", &target).await.unwrap();
    world.lab.clock.advance(60);
    let now = world.lab.app.now().as_second();
    let renew = || licence.renewal(now, None);
    assert_eq!(world.redeem(&target, &renew().body).await.status, 200);
    assert_eq!((question(&hook)["request"].clone(), hook.request_count()), (json!("renewal"), 2));
    hook.role().answer_with(refuse("enough"));
    let answer = world.redeem(&target, &renew().body).await;
    assert_eq!(refusal(&answer), refused(403, "policy"));
    assert_eq!(answer.json()["hint"], "enough");
    hook.role().answer_with(json!({ "decision": "maybe" }));
    assert_eq!(refusal(&world.redeem(&target, &renew().body).await), refused(503, "policy-unavailable"));
    let asked = hook.request_count();
    // Whoever does not hold the session's key is told so, and the operator is not asked.
    let mut forged = renew().body;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(world.redeem(&target, &forged).await.status, 400);
    assert_eq!(world.redeem(&target, &licence.release(now, None).body).await.status, 200);
    assert_eq!(hook.request_count(), asked);
}

#[tokio::test]
async fn refusals_and_silence_cost_nothing() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let target = world.target("GOOD").await;
    hook.role().answer_with(refuse("no"));
    let answer = redeem(&world, "android-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), refused(403, "policy"));
    hook.stop().await;
    let answer = redeem(&world, "android-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), refused(503, "policy-unavailable"));
    let (record, _) = last_record(&world.lab).await;
    assert_eq!((record.granted, record.code), (false, -7008));
}

#[tokio::test]
async fn the_licence_service_gets_the_tighter_terms_and_what_the_operator_adds() {
    let (hook, settings) = hook().await;
    let world = upstream::world::World::with(&format!("\n{settings}")).await;
    let target = world.target("licenseDuration=3600").await;
    hook.role().answer_with(refuse("no"));
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), refused(403, "policy"));
    assert_eq!(world.mock.request_count(), 0, "the service is not asked about what is refused");
    hook.role().answer_with(json!({
        "decision": "grant",
        "policy": { "playback_duration_seconds": 60 },
        "upstream": {
            "allow_unverified_platform": true,
            "session_init": { "provider_session_token": "AAAA" },
            "provider": "somebody-else", "content_key_specs": [],
        },
    }));
    let licence = world.redeem("chrome-l3", &target).await.unwrap();
    assert_eq!(licence.policy.playback_duration_seconds, Some(60));
    let (record, policy) = last_record(&world.lab).await;
    assert!(record.granted);
    assert_eq!(policy["tightened"], json!(["playback_duration_seconds"]));
    let detail: Value = serde_json::from_str(&record.detail.unwrap()).unwrap();
    assert_eq!(detail["upstreamIgnored"], json!(["provider", "content_key_specs"]));
    let sent: Value = serde_json::from_slice(&world.mock.last_request().unwrap().body).unwrap();
    let request = drm_primitives::base64::decode(sent["request"].as_str().unwrap().as_bytes()).unwrap();
    let request: Value = serde_json::from_slice(&request).unwrap();
    assert_eq!(request["allow_unverified_platform"], true);
    assert_eq!(request["session_init"]["provider_session_token"], "AAAA");
    assert_eq!(request["provider"], "acme");
    assert_eq!(request["policy_overrides"]["playback_duration_seconds"], 60);
}

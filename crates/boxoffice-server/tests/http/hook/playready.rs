//! PlayReady, from a challenge and over the webhook: ends, levels, faults.

use playready::{LicencePolicy, SecurityLevel};
use serde_json::{Value, json};
use testkit::MockServer;
use testkit::policy_hook::PolicyHook;

use super::world::{grant, hook, last_record, refuse};
use crate::kit::NOW;
use crate::playready::world::{OPLS, TRACKS, World, header, kids, plain, purchased, tracks};
use crate::webhook::sdk;

fn question(hook: &MockServer<PolicyHook>) -> Value {
    serde_json::from_slice(&hook.last_request().unwrap().body).unwrap()
}

const RENTAL: &str =
    "rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B172800&rental.playDuration=86400";

#[tokio::test]
async fn the_operator_ends_a_rental_sooner_and_takes_it_off_the_disk() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let token = world.token(&format!("{}&{OPLS}&{RENTAL}", tracks(1))).await;
    let rental = || LicencePolicy {
        persistent: true,
        begin_date: Some(NOW - 300),
        expiration_date: Some(NOW + 172_800),
        expiration_after_first_play: Some(86_400),
        ..purchased(0)
    };
    let kids = kids(1);
    world.redeem(&token, &plain(), &kids, &[rental()]).await;
    let asked = question(&hook);
    assert_eq!(asked["drm"], "playready");
    assert_eq!(asked["device"]["level"], "SL2000");
    assert!(asked["device"]["serial"].is_string() && asked["device"]["make"].is_string(), "{asked}");
    assert_eq!(asked["keys"], json!([{ "kid": TRACKS[0].0, "security_level": 2000 }]));
    assert_eq!(
        asked["policy"],
        json!({ "can_persist": true, "rental_duration_seconds": 172_800, "playback_duration_seconds": 86_400 })
    );
    assert!(!asked.to_string().contains(TRACKS[0].1));
    hook.role()
        .answer_with(grant(&json!({ "rental_duration_seconds": 600, "playback_duration_seconds": 300 })));
    let shorter = LicencePolicy {
        expiration_date: Some(NOW + 600),
        expiration_after_first_play: Some(300),
        ..rental()
    };
    world.redeem(&token, &plain(), &kids, &[shorter]).await;
    hook.role()
        .answer_with(grant(&json!({ "rental_duration_seconds": 200_000, "playback_duration_seconds": 0 })));
    world.redeem(&token, &plain(), &kids, &[rental()]).await;
    let (_, policy) = last_record(&world.lab).await;
    assert_eq!(policy["ignored"], json!(["rental_duration_seconds", "playback_duration_seconds"]));
}

#[tokio::test]
async fn a_raised_level_withholds_keys_or_the_whole_licence() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let token = world.purchase(2, "minCertSecurityLevel.0=150&minCertSecurityLevel.1=150").await;
    let request = || header("4.2.0.0", Some("AESCTR"), &[0, 1]);
    let policy = |track, level| LicencePolicy {
        minimum_security_level: SecurityLevel::from_number(level).unwrap(),
        ..purchased(track)
    };
    hook.role().answer_with(grant(&json!({ "security_level": 2000 })));
    world.redeem(&token, &request(), &kids(2), &[policy(0, 2000), policy(1, 2000)]).await;
    hook.role().answer_with(grant(&json!({ "security_level": 3000 })));
    let refused = world.refused(&token, world.challenge(&world.device(), &request())).await;
    assert_eq!(refused.row(), ("0x8004c604", -4001, 403, "device-level"));
}

#[tokio::test]
async fn refusals_and_silence_have_the_faults_of_the_specification() {
    let (hook, settings) = hook().await;
    let world = World::with_settings(&settings).await;
    let token = world.purchase(1, "").await;
    let challenge = || world.challenge(&world.device(), &plain());
    hook.role().answer_with(refuse("no"));
    let refused = world.refused(&token, challenge()).await;
    assert_eq!(refused.row(), ("0x8004c604", -2030, 403, "policy"));
    assert_eq!(refused.hint(), "no");
    hook.role().answer_with(grant(&json!({ "security_level": 5 })));
    let refused = world.refused(&token, challenge()).await;
    assert_eq!(refused.row(), ("0x8004c600", -2030, 503, "policy-unavailable"));
    let (record, policy) = last_record(&world.lab).await;
    assert_eq!((record.granted, record.code), (false, -2030));
    assert!(policy["problem"].as_str().unwrap().contains("expected one of 150, 2000, 3000"), "{policy}");
}

#[tokio::test]
async fn the_webhook_of_the_operators_sdk_asks_too() {
    let (hook, settings) = hook().await;
    let lab = sdk::lab(&settings).await;
    let customer = lab.account().await;
    let parameters = format!("{}&{OPLS}&{RENTAL}", tracks(1));
    let token =
        lab.ask_for_token(&customer, "pr", &parameters).await.json()["token"].as_str().unwrap().to_owned();
    let ask = |note: &str| {
        let mut asked = sdk::question(&token);
        asked["client"]["manufacturer"] = note.into();
        asked
    };
    hook.role().answer_with(grant(&json!({ "rental_duration_seconds": 600, "can_persist": false })));
    let answer = sdk::ask(&lab, &ask("a")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let licence = &answer.json()["licenses"][0];
    assert_eq!(
        (&licence["persistent"], &licence["expirationDate"]),
        (&json!(false), &json!("2026-01-01T00:10:00Z"))
    );
    assert_eq!(question(&hook)["device"], json!({ "level": "SL2000", "make": "a" }));
    assert_eq!(sdk::ask(&lab, &ask("a")).await.body, answer.body);
    assert_eq!(hook.request_count(), 1, "what was decided is not asked about again");
    hook.role().answer_with(refuse("no"));
    let answer = sdk::ask(&lab, &ask("b")).await;
    assert_eq!((answer.status, &answer.json()["reason"]), (403, &json!("policy")));
    assert_eq!(answer.json()["fault"]["statusCode"], "0x8004c604");
    hook.stop().await;
    let answer = sdk::ask(&lab, &ask("c")).await;
    assert_eq!((answer.status, &answer.json()["reason"]), (503, &json!("policy-unavailable")));
    assert_eq!(answer.json()["fault"]["statusCode"], "0x8004c600");
}

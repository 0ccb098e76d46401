//! What a header asks for and a licence has not: `x-boxoffice-not-granted` and `device-level`.

use drm_primitives::Kid;
use playready::lab_client::HeaderKey;

use super::world::{TRACKS, World, header, header_of, kid, kids, plain, purchased};

#[tokio::test]
async fn kids_that_the_token_has_not_are_named_and_the_others_granted() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let device = world.device();
    let stranger = Kid::from_bytes([9; 16]);
    let keys = [stranger, kid(0), kid(2)].map(|kid| HeaderKey { kid, checksum: None });
    let request = header_of("4.2.0.0", Some("AESCTR"), &keys);
    let answer = world.post(&token, world.challenge(&device, &request)).await;
    let asked = keys.map(|key| key.kid);
    world.verify(&device, &request, &asked, &answer, &[purchased(0)]).unwrap();
    let named = format!("{}, {}", "09".repeat(16), TRACKS[2].0);
    assert_eq!(answer.header("x-boxoffice-not-granted"), named);
}

#[tokio::test]
async fn a_licence_for_everything_that_was_asked_for_names_nothing() {
    let world = World::new().await;
    let token = world.purchase(3, "").await;
    let answer = world.post(&token, world.challenge(&world.device(), &plain())).await;
    assert_eq!((answer.status, answer.header("x-boxoffice-not-granted")), (200, ""));
}

#[tokio::test]
async fn keys_above_the_device_s_level_are_left_out_and_named() {
    let world = World::new().await;
    let token = world.purchase(3, "minCertSecurityLevel.1=3000&minCertSecurityLevel.2=150").await;
    let request = || header("4.2.0.0", Some("AESCTR"), &[0, 1, 2]);
    let policy = |track, level| {
        let minimum_security_level = playready::SecurityLevel::from_number(level).unwrap();
        playready::LicencePolicy { minimum_security_level, ..purchased(track) }
    };
    let all = [policy(0, 2000), policy(1, 3000), policy(2, 150)];
    let withheld = |track: usize| format!("{};security-level", TRACKS[track].0);
    for (level, granted, named) in [
        (3000, vec![0, 1, 2], String::new()),
        (2000, vec![0, 2], withheld(1)),
        (150, vec![2], format!("{}, {}", withheld(0), withheld(1))),
    ] {
        let (device, request) = (world.device_at(level), request());
        let answer = world.post(&token, world.challenge(&device, &request)).await;
        let policies: Vec<_> = granted.iter().map(|&track: &usize| all[track].clone()).collect();
        world.verify(&device, &request, &kids(3), &answer, &policies).unwrap();
        assert_eq!(answer.header("x-boxoffice-not-granted"), named, "level {level}");
    }
}

#[tokio::test]
async fn a_device_below_every_key_is_told_both_levels() {
    let world = World::new().await;
    for (required, level) in [("3000", 2000), ("2000", 150), ("3000", 150)] {
        let token = world.purchase(1, &format!("minCertSecurityLevel={required}")).await;
        let refused = world.refused(&token, world.challenge(&world.device_at(level), &plain())).await;
        assert_eq!(refused.row(), ("0x8004c604", -4001, 403, "device-level"));
        assert!(refused.hint().contains(required) && refused.hint().contains(&level.to_string()));
    }
}

#[tokio::test]
async fn kids_of_which_the_token_has_none_are_told_with_the_other_byte_order() {
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let ask = async |kid: Kid| {
        let request = header_of("4.2.0.0", Some("AESCTR"), &[HeaderKey { kid, checksum: None }]);
        world.refused(&token, world.challenge(&world.device(), &request)).await
    };
    let refused = ask(Kid::from_bytes([9; 16])).await;
    assert_eq!(refused.row(), ("0x8004c604", -4022, 400, "kid-not-granted"));
    let (asked, granted) = ("09".repeat(16), TRACKS[0].0);
    assert!(refused.hint().contains(&asked) && refused.hint().contains(granted), "{}", refused.hint());
    assert!(!refused.hint().contains("swapped"), "{}", refused.hint());
    let refused = ask(kid(0).swapped()).await;
    assert_eq!(refused.row(), ("0x8004c604", -4022, 400, "kid-not-granted"));
    let hint = refused.hint();
    assert!(hint.contains("8c00e03344c470479899a321e079dd36") && hint.contains("swapped"), "{hint}");
}

//! What a device plays of the licence service's licences, second by second: the terms are ours, and arrive there whole
//! (widevine.md, sections 6, 7 and 9.1).

use drm_primitives::SystemRandom;
use widevine::lab_client::{OpenedLicence, Plan};
use widevine::messages::LicenseType;

use super::world::{KID, World, device, plan, refusal};
use crate::kit::NOW;
use crate::widevine::player::Player;

const RENEWAL: &str =
    "\n[environments.test.widevine.renewal]\nenabled = true\ndelay_seconds = 10\nrecovery_seconds = 5";

async fn licence(world: &World, target: &str, plan: &Plan) -> OpenedLicence {
    let mut challenge = device("android-l3").challenge(plan, None, &SystemRandom);
    let answer = world.post(target, challenge.body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    challenge.session.open(&answer.body, None).unwrap()
}

#[tokio::test]
async fn an_offline_rental_is_begun_within_its_window_and_then_plays_for_its_duration() {
    let world = World::with(RENEWAL).await;
    let target = world.target("persistent=true&rentalDuration=30&licenseDuration=12").await;
    let licence = licence(&world, &target, &plan(&[KID]).with_type(LicenseType::Offline)).await;
    for begin in 0..40 {
        let mut player = Player::of(&licence);
        let seconds: Vec<i64> = (begin..60).filter(|second| player.plays(NOW + second)).collect();
        let expected: Vec<i64> = if begin < 30 { (begin..begin + 12).collect() } else { Vec::new() };
        assert_eq!(seconds, expected, "begun at second {begin}");
    }
    assert_ne!(licence.policy.can_renew, Some(true));
}

#[tokio::test]
async fn without_durations_nothing_ends() {
    let world = World::new().await;
    let target = world.target("").await;
    let mut player = Player::of(&licence(&world, &target, &plan(&[KID])).await);
    assert!((0..100).all(|second| player.plays(NOW + second)) && player.plays(NOW + 86_400 * 365));
}

#[tokio::test]
async fn a_stream_that_nobody_renews_ends_with_delay_and_recovery() {
    let world = World::with(RENEWAL).await;
    let target = world.target("").await;
    let mut player = Player::of(&licence(&world, &target, &plan(&[KID])).await);
    for second in 0..30 {
        assert_eq!(player.plays(NOW + second), second < 15, "second {second}");
    }
}

#[tokio::test]
async fn renewals_carry_a_stream_on_until_it_is_released() {
    let world = World::with(RENEWAL).await;
    let target = world.target("").await;
    let mut licence = licence(&world, &target, &plan(&[KID])).await;
    let mut player = Player::of(&licence);
    for second in 0..60 {
        let now = NOW + second;
        if second > 0 && second % 10 == 0 {
            let exchange = if second == 50 { licence.release(now, None) } else { licence.renewal(now, None) };
            let answer = world.post(&target, exchange.body.clone()).await;
            assert_eq!(answer.status, 200, "second {second}: {}", answer.text());
            licence.accept(&exchange, &answer.body, None).unwrap();
            player.renewed(&licence);
        }
        assert_eq!(player.plays(now), second < 50, "second {second}");
        world.advance(1);
    }
    let answer = world.post(&target, licence.renewal(world.now(), None).body).await;
    assert_eq!(refusal(&answer), (-7008, 400, "renewal".to_owned()));
}

#[tokio::test]
async fn a_playback_duration_ends_a_renewed_stream_too() {
    let world = World::with(RENEWAL).await;
    let target = world.target("licenseDuration=23").await;
    let mut licence = licence(&world, &target, &plan(&[KID])).await;
    let mut player = Player::of(&licence);
    for second in 0..40 {
        if second > 0 && second % 9 == 0 {
            let exchange = licence.renewal(NOW + second, None);
            let answer = world.post(&target, exchange.body.clone()).await;
            licence.accept(&exchange, &answer.body, None).unwrap();
            player.renewed(&licence);
        }
        assert_eq!(player.plays(NOW + second), second < 23, "second {second}");
        world.advance(1);
    }
}

#[tokio::test]
async fn a_service_that_is_away_for_a_while_is_bridged_by_the_recovery_time() {
    let world = World::with(RENEWAL).await;
    let target = world.target("").await;
    let mut licence = licence(&world, &target, &plan(&[KID])).await;
    let mut player = Player::of(&licence);
    for second in 0..30 {
        let now = NOW + second;
        // The service is away when the renewal is due, and back two seconds later.
        if second == 10 {
            world.mock.faults().always(testkit::TransportFault::Half);
            let answer = world.post(&target, licence.renewal(now, None).body).await;
            assert_eq!(refusal(&answer), (-7008, 503, "upstream-unavailable".to_owned()));
            world.mock.faults().clear();
        }
        if second == 12 {
            let exchange = licence.renewal(now, None);
            let answer = world.post(&target, exchange.body.clone()).await;
            licence.accept(&exchange, &answer.body, None).unwrap();
            player.renewed(&licence);
        }
        assert_eq!(player.plays(now), second < 27, "second {second}");
        world.advance(1);
    }
}

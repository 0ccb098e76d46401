//! What a device plays, second by second (widevine.md, section 7: of the three clocks, the playback duration runs from
//! the first decryption, the rental duration from the start of the licence to the first decryption, and the licence
//! duration from the start of the licence, whatever happens).

use drm_primitives::SystemRandom;
use widevine::lab_client::{AskedInitData, OpenedLicence, Plan};
use widevine::messages::LicenseType;

use super::device;
use super::player::Player;
use crate::kit::{Lab, NOW};
use crate::token::GOOD;

const RENEWAL: &str =
    "[environments.test.widevine.renewal]\nenabled = true\ndelay_seconds = 10\nrecovery_seconds = 5";

async fn licence(lab: &Lab, url: &str, licence_type: LicenseType) -> OpenedLicence {
    let now = lab.app.now().as_second();
    let plan = Plan::streaming(AskedInitData::kids(&[device::kid("^kid1")]), now, &SystemRandom);
    device::redeem(lab, &device::named(lab, "android-l3"), url, &plan.with_type(licence_type)).await.unwrap()
}

async fn url(lab: &Lab, parameters: &str) -> String {
    let customer = lab.account().await;
    let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&{parameters}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().to_owned()
}

#[tokio::test]
async fn an_offline_rental_is_begun_within_its_window_and_then_plays_for_its_duration() {
    let lab = Lab::with_settings(RENEWAL).await;
    let url = url(&lab, "persistent=true&rentalDuration=30&licenseDuration=12").await;
    let licence = licence(&lab, &url, LicenseType::Offline).await;
    for begin in 0..40 {
        let mut player = Player::of(&licence);
        let seconds: Vec<i64> = (begin..60).filter(|second| player.plays(NOW + second)).collect();
        let expected: Vec<i64> = if begin < 30 { (begin..begin + 12).collect() } else { Vec::new() };
        assert_eq!(seconds, expected, "begun at second {begin}");
    }
    assert_eq!((licence.policy.can_renew, licence.policy.license_duration_seconds), (Some(false), None));
}

#[tokio::test]
async fn without_durations_nothing_ends() {
    let lab = Lab::start().await;
    let url = url(&lab, "").await;
    let mut player = Player::of(&licence(&lab, &url, LicenseType::Streaming).await);
    assert!((0..100).all(|second| player.plays(NOW + second)) && player.plays(NOW + 86_400 * 365));
}

#[tokio::test]
async fn a_stream_that_nobody_renews_ends_with_delay_and_recovery() {
    let lab = Lab::with_settings(RENEWAL).await;
    let url = url(&lab, "").await;
    let mut player = Player::of(&licence(&lab, &url, LicenseType::Streaming).await);
    for second in 0..30 {
        assert_eq!(player.plays(NOW + second), second < 15, "second {second}");
    }
}

#[tokio::test]
async fn renewals_carry_a_stream_to_the_end_of_its_session_and_no_second_further() {
    let lab = Lab::with_settings(&format!("{RENEWAL}\nmax_session_seconds = 40")).await;
    let url = url(&lab, "").await;
    let mut licence = licence(&lab, &url, LicenseType::Streaming).await;
    let mut player = Player::of(&licence);
    for second in 0..70 {
        let now = NOW + second;
        if second > 0 && second % 10 == 0 {
            let exchange = licence.renewal(now, None);
            let answer = device::post(&lab, &url, &exchange.body).await;
            assert_eq!(
                answer.status == 200,
                second <= 40,
                "second {second}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            if answer.status == 200 {
                licence.accept(&exchange, &answer.body, None).unwrap();
                player.renewed(&licence);
            }
        }
        assert_eq!(player.plays(now), second < 55, "second {second}");
        lab.clock.advance(1);
    }
}

#[tokio::test]
async fn a_playback_duration_ends_a_renewed_stream_too() {
    let lab = Lab::with_settings(RENEWAL).await;
    let url = url(&lab, "licenseDuration=23").await;
    let mut licence = licence(&lab, &url, LicenseType::Streaming).await;
    let mut player = Player::of(&licence);
    for second in 0..40 {
        if second > 0 && second % 9 == 0 {
            let exchange = licence.renewal(NOW + second, None);
            let answer = device::post(&lab, &url, &exchange.body).await;
            licence.accept(&exchange, &answer.body, None).unwrap();
            player.renewed(&licence);
        }
        assert_eq!(player.plays(NOW + second), second < 23, "second {second}");
        lab.clock.advance(1);
    }
}

#[tokio::test]
async fn a_released_licence_plays_no_more() {
    let lab = Lab::start().await;
    let url = url(&lab, "persistent=true").await;
    let mut licence = licence(&lab, &url, LicenseType::Offline).await;
    let exchange = licence.release(NOW, None);
    let answer = device::post(&lab, &url, &exchange.body).await;
    licence.accept(&exchange, &answer.body, None).unwrap();
    assert!(!Player::of(&licence).plays(NOW));
}

//! Players that post to the operator's service: whatever the lab's issuer would have written, they get the same.

use boxoffice_core::account::{AccountChange, BalanceChange};
use drm_primitives::Kid;
use playready::lab_client::{self, ChallengeRequest, Expectation, LabDevice, Verifier};

use super::sdk::{Sdk, lab};
use crate::kit::NOW;
use crate::playready::world::{World, header, kids, plain, purchased};

async fn world(further: &str) -> World {
    let lab = lab(further).await;
    World { customer: lab.account().await, lab }
}

/// The strict client's opinion of what the operator's service answers.
async fn play(
    world: &World,
    device: &LabDevice,
    request: &ChallengeRequest,
    asked: &[Kid],
    policies: &[playready::LicencePolicy],
) {
    let challenge = world.challenge(device, request);
    let (status, body) = Sdk::new(&world.lab).answer(&challenge, "203.0.113.7").await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let answer = lab_client::Answer { status, content_type: "text/xml; charset=utf-8", body: &body };
    let expectation = Expectation { policies, begin_tolerance: 0 };
    let mut verifier = Verifier::new(*world.material().root_public_key().as_bytes());
    verifier.verify(device, request, asked, &answer, world.now(), Some(&expectation)).unwrap();
}

fn with_token(request: ChallengeRequest, token: &str) -> ChallengeRequest {
    ChallengeRequest { custom_data: Some(token.to_owned()), ..request }
}

#[tokio::test]
async fn purchases_and_rentals_play_under_every_header_version() {
    let world = world("").await;
    let one = world.purchase(1, "").await;
    for version in ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"] {
        let request = with_token(header(version, Some("AESCTR"), &[0]), &one);
        play(&world, &world.device(), &request, &kids(1), &[purchased(0)]).await;
    }
    let three = world.purchase(3, "generalFlags=00000001").await;
    let request =
        with_token(header("4.2.0.0", Some("AESCTR"), &[0, 1, 2]), &format!("x=1&ExpressPlayToken={three}"));
    let stored = [0, 1, 2].map(|track| playready::LicencePolicy { persistent: true, ..purchased(track) });
    play(&world, &world.device(), &request, &kids(3), &stored).await;

    let parameters = format!(
        "{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=2026-01-03T00:00:00Z&rental.playDuration=86400&{}",
        crate::playready::world::tracks(1),
        crate::playready::world::OPLS
    );
    let rental = world.token(&parameters).await;
    let rented = playready::LicencePolicy {
        persistent: true,
        begin_date: Some(NOW - 300),
        expiration_date: Some(1_767_398_400),
        expiration_after_first_play: Some(86_400),
        ..purchased(0)
    };
    play(&world, &world.device(), &with_token(plain(), &rental), &kids(1), &[rented]).await;
}

#[tokio::test]
async fn a_header_without_kids_gets_every_key_of_the_token() {
    let world = world("").await;
    let token = world.purchase(3, "").await;
    let request = with_token(header("4.3.0.0", None, &[]), &token);
    play(&world, &world.device(), &request, &[], &[purchased(0), purchased(1), purchased(2)]).await;
}

#[tokio::test]
async fn a_token_bound_to_device_and_address_plays_there() {
    let world = world("").await;
    let device = world.device_with(&lab_client::LeafSettings::new([0xAB; 16]));
    let bound = "deviceId=abababababababababababababababab&ipAddress=203.0.113.0/24";
    let token = world.purchase(1, bound).await;
    play(&world, &device, &with_token(plain(), &token), &kids(1), &[purchased(0)]).await;
}

#[tokio::test]
async fn what_the_handler_throws_is_a_fault_that_a_player_reads() {
    let world = world("").await;
    let token = world.purchase(1, "").await;
    let change = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    let challenge = world.challenge(&world.device(), &with_token(plain(), &token));
    let (status, body) = Sdk::new(&world.lab).answer(&challenge, "203.0.113.7").await;
    let answer = lab_client::Answer { status, content_type: "text/xml; charset=utf-8", body: &body };
    let fault = Verifier::verify_fault(&answer).unwrap();
    assert_eq!((fault.status_code, fault.code), ("0x8004c604", -2019));
}

#[tokio::test]
async fn a_player_that_sends_a_challenge_again_pays_once() {
    let world = world("").await;
    let token = world.purchase(1, "").await;
    let change = AccountChange { balance: Some(BalanceChange::Set(1)), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    let challenge = world.challenge(&world.device(), &with_token(plain(), &token));
    let sdk = Sdk::new(&world.lab);
    // The database dies once, after the grant was durable: the handler's second try finds it.
    world.lab.storage.fail("grant", 1, boxoffice_storage::Fault::After);
    for _ in 0..2 {
        assert_eq!(sdk.answer(&challenge, "203.0.113.7").await.0, 200);
    }
    let another = world.challenge(&world.device(), &with_token(plain(), &token));
    assert_eq!(sdk.answer(&another, "203.0.113.7").await.0, 500);
}

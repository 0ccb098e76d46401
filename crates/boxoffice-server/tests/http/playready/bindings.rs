//! Tokens that are good on one device, from one place, for a time (token-api.md, section 3).

use playready::lab_client::LeafSettings;

use super::world::{OPLS, World, at, kids, plain, purchased, tracks};

const CLIENT_ID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[tokio::test]
async fn a_token_bound_to_a_device_is_good_on_that_device_alone() {
    let world = World::new().await;
    let token = world.purchase(1, "deviceId=000102030405060708090A0b0c0d0e0f").await;
    let device = world.device_with(&LeafSettings::new(CLIENT_ID));
    let request = plain();
    let answer = world.post(&token, world.challenge(&device, &request)).await;
    world.verify(&device, &request, &kids(1), &answer, &[purchased(0)]).unwrap();

    let mut other = CLIENT_ID;
    other[15] ^= 1;
    let other = world.device_with(&LeafSettings::new(other));
    let refused = world.refused(&token, world.challenge(&other, &plain())).await;
    assert_eq!(refused.row(), ("0x8004c604", -5005, 403, "device-binding"));
    assert!(refused.hint().contains("000102030405060708090a0b0c0d0e0e"), "{}", refused.hint());
}

#[tokio::test]
async fn a_token_bound_to_an_address_is_good_from_there_alone() {
    let world = World::with_settings("[server]\ntrusted_proxies = [\"127.0.0.1/32\"]").await;
    let challenge = |world: &World| world.challenge(&world.device(), &plain());
    for network in ["203.0.113.7", "203.0.113.0/24", "::ffff:203.0.113.7"] {
        let token = world.purchase(1, &format!("ipAddress={network}")).await;
        let from = async |address: &str| {
            world.lab.send(at(&token, challenge(&world)).header("X-Forwarded-For", address)).await
        };
        assert_eq!(from("203.0.113.7").await.status, 200, "{network}");
        let refused = super::world::fault(&from("198.51.100.1").await, super::world::RIGHTS);
        assert_eq!(refused.row(), ("0x8004c604", -2003, 403, "address"));
        assert!(refused.hint().contains("198.51.100.1"), "{}", refused.hint());
    }
    // Without a proxy it is the connection that counts.
    let token = world.purchase(1, "ipAddress=127.0.0.0/8").await;
    assert_eq!(world.post(&token, challenge(&world)).await.status, 200);
}

#[tokio::test]
async fn a_token_is_good_up_to_its_last_second() {
    let world = World::new().await;
    let token = world.purchase(1, "expirationTime=%2B60").await;
    world.lab.clock.advance(59);
    let mut request = plain();
    request.client_time = Some(world.now());
    world.redeem(&token, &request, &kids(1), &[purchased(0)]).await;
    world.lab.clock.advance(2);
    let refused = world.refused(&token, world.challenge(&world.device(), &request)).await;
    assert_eq!(refused.row(), ("0x8004c604", -4010, 401, "token-expired"));
    for evidence in ["2026-01-01T00:01:00Z", "2026-01-01T00:01:01Z", "1 s"] {
        assert!(refused.hint().contains(evidence), "{}", refused.hint());
    }
}

#[tokio::test]
async fn a_rental_that_is_over_is_refused_though_its_token_is_not() {
    let world = World::new().await;
    let rental =
        format!("{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B60&{OPLS}", tracks(1));
    let token = world.token(&rental).await;
    world.lab.clock.advance(61);
    let mut request = plain();
    request.client_time = Some(world.now());
    let refused = world.refused(&token, world.challenge(&world.device(), &request)).await;
    assert_eq!(refused.row(), ("0x8004c604", -4010, 401, "rental-ended"));
}

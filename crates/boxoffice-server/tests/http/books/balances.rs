//! A granted licence costs one, exactly.

use std::sync::Arc;

use boxoffice_core::account::Balance;

use super::world::{KID, OTHER_KID, World, refusal};

#[tokio::test]
async fn fifty_players_at_once_get_no_more_licences_than_are_paid() {
    let world = Arc::new(World::new().await);
    let target = world.target("").await;
    world.set_balance(30).await;
    let answers = world.redeem_at_once(&target, 50).await;
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(granted, 30);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refusal(refused), (-2019, 400, String::new()));
    }
    assert_eq!(world.balance().await, Balance::Licences(0));
    let records = world.records().await;
    assert_eq!(records.iter().filter(|record| record.granted).count(), 30);
    assert_eq!(records.iter().filter(|record| record.code == -2019).count(), 20);
}

#[tokio::test]
async fn however_many_keys_it_holds_a_licence_costs_one_and_a_refusal_nothing() {
    let world = World::new().await;
    let target = world.target_of_two("").await;
    world.set_balance(2).await;
    assert_eq!(world.redeem(&target, &[KID, OTHER_KID]).await.status, 200);
    assert_eq!(world.balance().await, Balance::Licences(1));
    assert_eq!(world.post(&target, "x").await.status, 400);
    assert_eq!(world.balance().await, Balance::Licences(1));
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    assert_eq!(refusal(&world.redeem(&target, &[KID]).await).0, -2019);
    // And so is a token request, until somebody tops it up.
    assert_eq!(refusal(&world.ask(&format!("kid={KID}&contentKey={KID}&errorFormat=json")).await).0, -2019);
    world.set_balance(1).await;
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
}

#[tokio::test]
async fn an_unlimited_balance_stays_unlimited() {
    let world = World::new().await;
    let target = world.target("").await;
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    assert_eq!(world.balance().await, Balance::Unlimited);
}

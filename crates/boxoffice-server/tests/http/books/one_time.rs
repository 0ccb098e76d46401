//! One-time tokens (token-api.md, section 9).

use std::sync::Arc;

use boxoffice_core::account::{AccountChange, Balance};

use super::world::{KID, OTHER_KID, World, refusal};
use crate::{playready, widevine};

const USED: (i64, u16, &str) = (-4010, 401, "token-used");

fn used(answer: &crate::kit::Answer) {
    let (code, status, reason) = refusal(answer);
    assert_eq!((code, status, reason.as_str()), USED);
}

#[tokio::test]
async fn each_kid_of_a_clear_key_token_is_handed_out_once() {
    let world = World::new().await;
    let target = world.target_of_two("oneTime=true").await;
    world.set_balance(2).await;
    // A refusal uses nothing up.
    assert_eq!(world.post(&target, "x").await.status, 400);
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    used(&world.redeem(&target, &[KID]).await);
    // As a whole: the other KID is still to be had.
    used(&world.redeem(&target, &[KID, OTHER_KID]).await);
    assert_eq!(world.redeem(&target, &[OTHER_KID]).await.status, 200);
    assert_eq!(world.balance().await, Balance::Licences(0));
    // Used comes before the balance.
    used(&world.redeem(&target, &[OTHER_KID]).await);
    assert_eq!(world.records().await.pop().unwrap().code, -4010);
}

#[tokio::test]
async fn the_account_may_want_it_for_every_token() {
    let world = World::new().await;
    let change = AccountChange { one_time: Some(true), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    let (once, often) = (world.target("").await, world.target("oneTime=false").await);
    assert_eq!(world.redeem(&once, &[KID]).await.status, 200);
    used(&world.redeem(&once, &[KID]).await);
    for _ in 0..3 {
        assert_eq!(world.redeem(&often, &[KID]).await.status, 200);
    }
}

#[tokio::test]
async fn of_twenty_that_come_at_once_one_gets_the_licence() {
    let world = Arc::new(World::new().await);
    let target = world.target("oneTime=true").await;
    let answers = world.redeem_at_once(&target, 20).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    answers.iter().filter(|answer| answer.status != 200).for_each(used);
}

#[tokio::test]
async fn a_widevine_token_is_used_up_as_a_whole() {
    let world = widevine::world::World::new().await;
    let target = world.target("GOOD&oneTime=true").await;
    assert_eq!(world.redeem(&target, b"x").await.status, 400);
    let challenge = world.challenge("android-l1");
    assert_eq!(world.redeem(&target, &challenge.body).await.status, 200);
    used(&world.redeem(&target, &challenge.body).await);
}

#[tokio::test]
async fn a_playready_token_gives_each_kid_once() {
    let world = playready::world::World::new().await;
    let token = world.purchase(2, "oneTime=true").await;
    let device = world.device();
    let ask = |track: usize| {
        world.challenge(&device, &playready::world::header("4.0.0.0", Some("AESCTR"), &[track]))
    };
    assert_eq!(world.post(&token, ask(0)).await.status, 200);
    let refused = world.refused(&token, ask(0)).await;
    assert_eq!((refused.json["code"].as_i64(), refused.json["status"].as_i64()), (Some(-4010), Some(401)));
    assert_eq!(refused.json["reason"], "token-used");
    assert_eq!(world.post(&token, ask(1)).await.status, 200);
}

#[tokio::test]
async fn the_memory_of_used_tokens_shrinks_as_they_expire() {
    use boxoffice_storage::Redemptions as _;
    let world = World::new().await;
    let target = world.target("oneTime=true&expirationTime=%2B60").await;
    assert_eq!(world.redeem(&target, &[KID]).await.status, 200);
    assert_eq!(world.lab.storage.sweep_redemptions(world.lab.app.now(), 100).await.unwrap(), 0);
    world.lab.clock.advance(61);
    assert_eq!(world.lab.storage.sweep_redemptions(world.lab.app.now(), 100).await.unwrap(), 1);
}

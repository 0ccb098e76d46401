//! How many streams a viewer may have at once (token-api.md, section 5; widevine.md, section 6).

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{RecordFilter, Records as _, Storage as _};
use serde_json::Value;
use widevine::lab_client::OpenedLicence;

use super::world::World;
use crate::kit::{Answer, NOW};

const RENEWAL: &str = "[environments.test.widevine.renewal]\nenabled = true";

async fn begin(world: &World, target: &str) -> Result<OpenedLicence, Answer> {
    let mut challenge = world.challenge("android-l3");
    let answer = world.redeem(target, &challenge.body).await;
    if answer.status != 200 {
        return Err(answer);
    }
    Ok(challenge.session.open(&answer.body, None).unwrap())
}

fn session(licence: &OpenedLicence) -> String {
    drm_primitives::hex::encode(licence.id.session_id.as_deref().unwrap())
}

fn refused(answer: &Answer) {
    let json = answer.json();
    assert_eq!(
        (answer.status, &json["code"], &json["reason"]),
        (403, &(-7008).into(), &"stream-limit".into())
    );
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_stream_over_the_limit_is_refused_and_the_record_lists_what_plays() {
    let world = World::with_settings(RENEWAL).await;
    let balance = Some(BalanceChange::Set(9));
    world.lab.change(&world.customer, AccountChange { balance, ..AccountChange::default() }).await;
    let target = world.target("GOOD&userId=viewer&maxStreams=2").await;
    let first = begin(&world, &target).await.unwrap();
    world.lab.clock.advance(1);
    let second = begin(&world, &target).await.unwrap();
    let answer = begin(&world, &target).await.unwrap_err();
    refused(&answer);
    let page = world.lab.storage.inner().search_records(RecordFilter::default(), None, 10).await.unwrap();
    let record = &page.records.last().unwrap().record;
    assert_eq!((record.granted, record.code), (false, -7008));
    let detail: Value = serde_json::from_str(record.detail.as_deref().unwrap()).unwrap();
    let playing: Vec<_> = detail["playing"].as_array().unwrap().iter().collect();
    assert_eq!(playing.len(), 2);
    assert_eq!(playing[0]["session"], session(&first));
    assert_eq!(playing[1]["session"], session(&second));
    assert!(playing[0]["activeUntil"].as_str().unwrap().starts_with("2026-01-01T00:03:00"), "{detail}");
    let account = world.lab.storage.inner().account(world.customer.id).await.unwrap().unwrap();
    assert_eq!(account.balance, Balance::Licences(7), "a refusal costs nothing");
}

#[tokio::test]
async fn other_viewers_and_other_accounts_have_limits_of_their_own() {
    let world = World::with_settings(RENEWAL).await;
    let of = async |viewer: &str| world.target(&format!("GOOD&userId={viewer}&maxStreams=1")).await;
    begin(&world, &of("a").await).await.unwrap();
    begin(&world, &of("b").await).await.unwrap();
    // Another token of the same viewer is the same viewer.
    refused(&begin(&world, &of("a").await).await.unwrap_err());
    let other = World { customer: world.lab.account().await, lab: world.lab };
    begin(&other, &other.target("GOOD&userId=a&maxStreams=1").await).await.unwrap();
}

#[tokio::test]
async fn renewals_are_the_heartbeat_and_without_them_a_stream_ends_after_three_minutes() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD&userId=viewer&maxStreams=1&expirationTime=%2B3600").await;
    let first = begin(&world, &target).await.unwrap();
    for minute in 1..=5 {
        world.lab.clock.advance(60);
        let renewal = first.renewal(NOW + 60 * minute, None);
        assert_eq!(world.redeem(&target, &renewal.body).await.status, 200);
        refused(&begin(&world, &target).await.unwrap_err());
    }
    // Delay and recovery, second by second.
    for _ in 0..179 {
        world.lab.clock.advance(1);
    }
    refused(&begin(&world, &target).await.unwrap_err());
    world.lab.clock.advance(1);
    begin(&world, &target).await.unwrap();
}

#[tokio::test]
async fn a_release_makes_room_at_once() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD&userId=viewer&maxStreams=1").await;
    let first = begin(&world, &target).await.unwrap();
    refused(&begin(&world, &target).await.unwrap_err());
    assert_eq!(world.redeem(&target, &first.release(NOW, None).body).await.status, 200);
    begin(&world, &target).await.unwrap();
}

#[tokio::test]
async fn the_account_has_a_limit_for_tokens_that_name_a_viewer_alone() {
    let world = World::with_settings(RENEWAL).await;
    let change = AccountChange { max_streams: Some(Some(1)), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    let (viewer, nobody) = (world.target("GOOD&userId=viewer").await, world.target("GOOD").await);
    begin(&world, &viewer).await.unwrap();
    refused(&begin(&world, &viewer).await.unwrap_err());
    // The token's own limit goes before the account's.
    begin(&world, &world.target("GOOD&userId=viewer&maxStreams=2").await).await.unwrap();
    for _ in 0..3 {
        begin(&world, &nobody).await.unwrap();
    }
}

#[tokio::test]
async fn at_once_there_are_no_more_than_the_limit_either() {
    let world = std::sync::Arc::new(World::with_settings(RENEWAL).await);
    let target = world.target("GOOD&userId=viewer&maxStreams=3").await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (world, target) = (std::sync::Arc::clone(&world), target.clone());
        asking.spawn(async move { begin(&world, &target).await.is_ok() });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|granted| *granted).count(), 3);
}

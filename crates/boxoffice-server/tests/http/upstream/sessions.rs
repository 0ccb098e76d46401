//! Renewal and release through the service, which holds the sessions (widevine.md, sections 6 and 9.1).

use boxoffice_core::account::{AccountChange, Balance, MinimumLevel};
use boxoffice_storage::RecordKind;
use testkit::TransportFault;
use widevine::lab_client::{Expectation, ExpectedRenewal};

use super::world::{KID, World, challenge, expectation, refusal};
use crate::kit::widevine_root;

const RENEWAL: &str = "\n[environments.test.widevine.renewal]\nenabled = true\n";

fn expected() -> Expectation {
    let renewal = Some(ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 });
    Expectation { renewal, ..expectation() }
}

#[tokio::test]
async fn a_licence_is_renewed_and_released_free_of_charge() {
    let world = World::with(RENEWAL).await;
    world.set_balance(1).await;
    let target = world.target("").await;
    let mut challenge = challenge("chrome-l3", &[KID]);
    let answer = world.post(&target, challenge.body).await;
    let mut licence = challenge.session.open(&answer.body, Some(&expected())).unwrap();
    assert_eq!(world.balance().await, Balance::Licences(0));
    for _ in 0..3 {
        world.advance(60);
        let exchange = licence.renewal(world.now(), None);
        let answer = world.post(&target, exchange.body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        licence.accept(&exchange, &answer.body, Some(&expected())).unwrap();
        let record = world.last_record().await;
        assert_eq!((record.kind, record.granted, record.attempts), (RecordKind::Renewal, true, 1));
    }
    let exchange = licence.release(world.now(), None);
    let answer = world.post(&target, exchange.body.clone()).await;
    licence.accept(&exchange, &answer.body, None).unwrap();
    assert_eq!(world.last_record().await.kind, RecordKind::Release);
    let exchange = licence.renewal(world.now(), None);
    let answer = world.post(&target, exchange.body).await;
    assert_eq!(refusal(&answer), (-7008, 400, "renewal".to_owned()));
    assert_eq!(world.balance().await, Balance::Licences(0));
}

#[tokio::test]
async fn a_renewal_is_entitled_anew() {
    let world = World::with(RENEWAL).await;
    let target = world.target("expirationTime=%2B60").await;
    let licence = world.redeem("chrome-l3", &target).await.unwrap();
    let renew = async || world.post(&target, licence.renewal(world.now(), None).body).await;
    assert_eq!(renew().await.status, 200);
    // The token may expire meanwhile, for as long as a session lasts.
    world.advance(61);
    assert_eq!(renew().await.status, 200);
    let off = AccountChange { widevine: Some(false), ..AccountChange::default() };
    world.change(off).await;
    assert_eq!(refusal(&renew().await).0, -7011);
    world.change(AccountChange { widevine: Some(true), ..AccountChange::default() }).await;
    let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
    world.change(disabled).await;
    assert_eq!(refusal(&renew().await).0, -2031);
    world.change(AccountChange { enabled: Some(true), ..AccountChange::default() }).await;
    world.advance(86_400);
    assert_eq!(refusal(&renew().await), (-4010, 401, "token-expired".to_owned()));
}

#[tokio::test]
async fn a_device_that_the_service_names_is_looked_at_again_at_each_renewal() {
    let world = World::with(RENEWAL).await;
    let target = world.target("").await;
    let licence = world.redeem("chrome-l3", &target).await.unwrap();
    let identity = widevine_root().device("chrome-l3").unwrap().client_id().to_vec();
    let renew = async |identity| world.post(&target, licence.renewal(world.now(), identity).body).await;
    assert_eq!(renew(Some(&identity)).await.status, 200);
    let min_level = Some(Some(MinimumLevel::L1));
    world.change(AccountChange { min_level, ..AccountChange::default() }).await;
    assert_eq!(refusal(&renew(Some(&identity)).await), (-4001, 403, "device-level".to_owned()));
    let record = world.last_record().await;
    assert_eq!((record.kind, record.granted, record.attempts), (RecordKind::Renewal, false, 1));
    // Whoever is not named was looked at when the session began.
    assert_eq!(renew(None).await.status, 200);
}

#[tokio::test]
async fn a_renewal_meets_the_same_bounds_as_a_licence() {
    let world = World::with(RENEWAL).await;
    let target = world.target("").await;
    let licence = world.redeem("chrome-l3", &target).await.unwrap();
    let renew = async || world.post(&target, licence.renewal(world.now(), None).body).await;
    world.mock.faults().next(TransportFault::Half);
    assert_eq!(renew().await.status, 200);
    assert_eq!(world.last_record().await.attempts, 2);
    world.mock.faults().always(TransportFault::Half);
    assert_eq!(refusal(&renew().await), (-7008, 503, "upstream-unavailable".to_owned()));
    let record = world.last_record().await;
    assert_eq!((record.kind, record.granted, record.attempts), (RecordKind::Renewal, false, 2));
}

#[tokio::test]
async fn without_renewal_only_a_release_is_passed_on() {
    let world = World::new().await;
    let target = world.target("").await;
    let mut licence = world.redeem("chrome-l3", &target).await.unwrap();
    let asked = world.mock.request_count();
    let answer = world.post(&target, licence.renewal(world.now(), None).body).await;
    assert_eq!(refusal(&answer), (-7008, 400, "renewal".to_owned()));
    assert_eq!(world.mock.request_count(), asked);
    let exchange = licence.release(world.now(), None);
    let answer = world.post(&target, exchange.body.clone()).await;
    licence.accept(&exchange, &answer.body, None).unwrap();
}

#[tokio::test]
async fn a_viewer_over_the_limit_is_refused_before_the_service_is_asked() {
    let world = World::with(RENEWAL).await;
    let target = world.target("userId=viewer&maxStreams=1").await;
    let mut first = world.redeem("chrome-l3", &target).await.unwrap();
    let asked = world.mock.request_count();
    let answer = world.redeem("android-l1", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-7008, 403, "stream-limit".to_owned()));
    assert_eq!(world.mock.request_count(), asked);
    assert!(world.last_record().await.detail.unwrap().contains("\"playing\""));
    // Renewals keep it alive, and its release makes room.
    for _ in 0..4 {
        world.advance(60);
        let answer = world.post(&target, first.renewal(world.now(), None).body).await;
        assert_eq!(answer.status, 200);
    }
    assert!(world.redeem("android-l1", &target).await.is_err());
    let exchange = first.release(world.now(), None);
    let answer = world.post(&target, exchange.body.clone()).await;
    first.accept(&exchange, &answer.body, None).unwrap();
    world.redeem("android-l1", &target).await.unwrap();
}

//! Renewal and release of the lab issuer's licences over HTTP (widevine.md, section 6).

use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{Record, RecordFilter, RecordKind, Records as _, Storage as _};
use widevine::lab_client::{Expectation, ExpectedRenewal, OpenedLicence};

use super::device;
use super::world::World;
use crate::kit::{Answer, NOW, eventually};

const RENEWAL: &str = "[environments.test.widevine.renewal]\nenabled = true";

/// What the policy of a renewal says; it has no keys.
fn expected() -> Expectation {
    let renewal = Some(ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 });
    Expectation { renewal, ..Expectation::default() }
}

async fn licence(world: &World, target: &str) -> OpenedLicence {
    let mut challenge = world.challenge("android-l3");
    let answer = world.redeem(target, &challenge.body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    challenge.session.open(&answer.body, None).unwrap()
}

async fn records(world: &World) -> Vec<Record> {
    let page = world.lab.storage.inner().search_records(RecordFilter::default(), None, 1_000).await;
    page.unwrap().records.into_iter().map(|stored| stored.record).collect()
}

fn refusal(answer: &Answer) -> (i64, u16, String) {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let json = answer.json();
    (json["code"].as_i64().unwrap(), answer.status, json["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_licence_is_renewed_at_the_same_url_for_nothing_and_consumes_no_one_time_token() {
    let world = World::with_settings(RENEWAL).await;
    let balance = Some(BalanceChange::Set(1));
    world.lab.change(&world.customer, AccountChange { balance, ..AccountChange::default() }).await;
    let target = world.target("GOOD&oneTime=true").await;
    let mut licence = licence(&world, &target).await;
    assert_eq!(licence.policy.license_duration_seconds, Some(180));
    for version in 1..=3 {
        world.lab.clock.advance(60);
        let now = NOW + 60 * i64::from(version);
        let exchange = licence.renewal(now, None);
        let answer = world.redeem(&target, &exchange.body).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/octet-stream"));
        licence.accept(&exchange, &answer.body, Some(&expected())).unwrap();
        assert_eq!((licence.id.version, licence.license_start_time), (Some(version), now));
    }
    let account = world.lab.storage.inner().account(world.customer.id).await.unwrap().unwrap();
    assert_eq!(account.balance, Balance::Licences(0));
    let kinds: Vec<_> = records(&world).await.iter().map(|record| (record.kind, record.granted)).collect();
    let renewal = (RecordKind::Renewal, true);
    assert_eq!(kinds, [(RecordKind::Licence, true), renewal, renewal, renewal]);
}

#[tokio::test]
async fn renewal_is_off_by_default_and_release_always_works() {
    let world = World::new().await;
    let target = world.target("GOOD").await;
    let mut licence = licence(&world, &target).await;
    assert_eq!(licence.policy.can_renew, Some(false));
    let answer = world.redeem(&target, &licence.renewal(NOW, None).body).await;
    assert_eq!(refusal(&answer), (-7008, 400, "renewal".to_owned()));
    assert_eq!(records(&world).await.pop().unwrap().kind, RecordKind::Renewal);
    let exchange = licence.release(NOW, None);
    let answer = world.redeem(&target, &exchange.body).await;
    licence.accept(&exchange, &answer.body, None).unwrap();
    let record = records(&world).await.pop().unwrap();
    assert_eq!((record.kind, record.granted), (RecordKind::Release, true));
}

#[tokio::test]
async fn after_its_release_a_session_is_not_renewed_again() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD").await;
    let mut licence = licence(&world, &target).await;
    let late = licence.renewal(NOW + 10, None);
    let exchange = licence.release(NOW + 5, None);
    let answer = world.redeem(&target, &exchange.body).await;
    licence.accept(&exchange, &answer.body, None).unwrap();
    world.lab.clock.advance(86_400);
    let answer = world.redeem(&target, &late.body).await;
    // Also at the last second of the session, and though the token has expired since.
    assert_eq!(refusal(&answer), (-7008, 400, "renewal".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("released"), "{}", answer.text());
}

#[tokio::test]
async fn a_session_belongs_to_its_token_its_key_and_its_time() {
    let world = World::with_settings(RENEWAL).await;
    let (target, another) = (world.target("GOOD").await, world.target("GOOD").await);
    let mut licence = licence(&world, &target).await;
    let renewal = |licence: &OpenedLicence| licence.renewal(NOW, None).body;
    let expect = (-7008, 400, "renewal".to_owned());
    assert_eq!(refusal(&world.redeem(&another, &renewal(&licence)).await), expect);
    let id = licence.id.session_id.clone().unwrap();
    licence.id.session_id.as_mut().unwrap()[15] ^= 1;
    assert_eq!(refusal(&world.redeem(&target, &renewal(&licence)).await), expect);
    licence.id.session_id = Some(b"short".to_vec());
    assert_eq!(refusal(&world.redeem(&target, &renewal(&licence)).await), expect);
    licence.id.session_id = Some(id);
    assert_eq!(world.redeem(&target, &renewal(&licence)).await.status, 200);
    world.lab.clock.advance(86_400);
    assert_eq!(world.redeem(&target, &renewal(&licence)).await.status, 200);
    world.lab.clock.advance(1);
    assert_eq!(refusal(&world.redeem(&target, &renewal(&licence)).await), expect);
}

#[tokio::test]
async fn the_token_may_expire_meanwhile_and_no_session_is_made_up_for_an_expired_one() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD&expirationTime=%2B60").await;
    let mut licence = licence(&world, &target).await;
    world.lab.clock.advance(61);
    assert_eq!(refusal(&world.redeem(&target, &world.challenge("android-l3").body).await).0, -4010);
    assert_eq!(world.redeem(&target, &licence.renewal(NOW + 61, None).body).await.status, 200);
    // A session that claims to have begun after the token's end.
    let began = u32::try_from(NOW + 61).unwrap().to_be_bytes();
    licence.id.session_id.as_mut().unwrap()[1..5].copy_from_slice(&began);
    let answer = world.redeem(&target, &licence.renewal(NOW + 61, None).body).await;
    assert_eq!(refusal(&answer), (-4010, 401, "token-expired".to_owned()));
}

#[tokio::test]
async fn each_renewal_is_entitled_anew() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD").await;
    let licence = licence(&world, &target).await;
    let renew = async || world.redeem(&target, &licence.renewal(NOW, None).body).await;
    let change = async |change: AccountChange| world.lab.change(&world.customer, change).await;
    change(AccountChange { widevine: Some(false), ..AccountChange::default() }).await;
    assert_eq!(refusal(&renew().await).0, -7011);
    change(AccountChange { widevine: Some(true), enabled: Some(false), ..AccountChange::default() }).await;
    assert_eq!(refusal(&renew().await).0, -2031);
    change(AccountChange { enabled: Some(true), ..AccountChange::default() }).await;
    assert_eq!(renew().await.status, 200);
}

#[tokio::test]
async fn a_device_that_is_revoked_while_it_plays_gets_no_renewal() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("revoked.json");
    std::fs::write(&file, r#"{"version":1,"systems":{},"serials":[]}"#).unwrap();
    let settings =
        format!("[environments.test.widevine]\nrevocation_file = \"{}\"\n{RENEWAL}", file.display());
    let world = World::with_settings(&settings).await;
    let target = world.target("GOOD").await;
    let licence = licence(&world, &target).await;
    let device =
        world.lab.app.issuers().lab().widevine_root.device("android-l3").unwrap().client_id().to_vec();
    let renew = async || world.redeem(&target, &licence.renewal(NOW, Some(&device)).body).await;
    assert_eq!(renew().await.status, 200);
    std::fs::write(&file, r#"{"version":2,"systems":{"31003":{"status":"revoked"}},"serials":[]}"#).unwrap();
    let refused = eventually(renew, |answer| answer.status != 200).await;
    assert_eq!(refusal(&refused), (-4001, 403, "device-revoked".to_owned()));
    // An older list is refused, and the newer stays.
    std::fs::write(&file, r#"{"version":1,"systems":{},"serials":[]}"#).unwrap();
    let refused = "boxoffice_refused_revocation_files_total{environment=\"test\"} 1";
    let metrics = async || world.lab.get("/metrics").await.text().to_owned();
    eventually(metrics, |text| text.contains(refused)).await;
    assert_eq!(renew().await.status, 403);
}

#[tokio::test]
async fn an_offline_licence_has_nothing_to_renew() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD&persistent=true").await;
    let plan = super::world::plan(&[super::world::KID], widevine::messages::LicenseType::Offline);
    let licence = device::redeem(&world.lab, &world.device("android-l3"), &target, &plan).await.unwrap();
    assert_eq!((licence.policy.can_renew, licence.policy.license_duration_seconds), (Some(false), None));
}

#[tokio::test]
async fn no_renewal_leaves_while_the_books_are_away() {
    let world = World::with_settings(RENEWAL).await;
    let target = world.target("GOOD").await;
    let licence = licence(&world, &target).await;
    world.lab.storage.fail("renew", 1, boxoffice_storage::Fault::Before);
    let answer = world.redeem(&target, &licence.renewal(NOW, None).body).await;
    assert_eq!((refusal(&answer).0, answer.status), (-2030, 503));
    assert_eq!(world.redeem(&target, &licence.renewal(NOW, None).body).await.status, 200);
}

#[tokio::test]
async fn renewals_and_licences_have_a_rate_each_and_neither_takes_from_the_other() {
    let world = World::with_settings(&format!("[limits]\nlicences = 1\nrenewals = 2\n{RENEWAL}")).await;
    let target = world.target("GOOD").await;
    let licence = licence(&world, &target).await;
    let (challenge, renewal) = (world.challenge("android-l3").body, licence.renewal(NOW, None).body);
    let status = async |body: &[u8]| world.redeem(&target, body).await.status;
    assert_eq!(status(&challenge).await, 503);
    assert_eq!([status(&renewal).await, status(&renewal).await], [200, 200]);
    // A release counts like a renewal; what cannot be read, like a challenge.
    for body in [&renewal, &licence.release(NOW, None).body, &challenge, &b"neither".to_vec()] {
        let turned_away = world.redeem(&target, body).await;
        assert_eq!(refusal(&turned_away), (503, 503, String::new()), "{}", turned_away.text());
        assert_eq!(turned_away.header("retry-after"), "1");
    }
    world.lab.clock.advance(1);
    assert_eq!([status(&renewal).await, status(&renewal).await, status(&renewal).await], [200, 200, 503]);
    assert_eq!([status(&challenge).await, status(&challenge).await], [200, 503]);
    world.lab.clock.advance(1);
    assert_eq!([status(b"neither").await, status(&challenge).await], [400, 503]);
    // Whoever was turned away left no record.
    let kinds: Vec<_> = records(&world).await.iter().map(|record| record.kind).collect();
    let (new, renewed) = (RecordKind::Licence, RecordKind::Renewal);
    assert_eq!(kinds, [new, renewed, renewed, renewed, renewed, new, new]);
}

#[tokio::test]
async fn wrapped_renewals_are_no_licences_and_without_a_rate_as_many_go_as_come() {
    let world = World::with_settings(&format!("[limits]\nlicences = 1\n{RENEWAL}")).await;
    let target = world.target("GOOD").await;
    let licence = licence(&world, &target).await;
    let wrapped = drm_primitives::base64::encode(&licence.renewal(NOW, None).body);
    let wrapped = serde_json::json!({ "rawLicenseRequestBase64": wrapped }).to_string();
    for _ in 0..5 {
        assert_eq!(world.redeem(&target, wrapped.as_bytes()).await.status, 200);
    }
}
